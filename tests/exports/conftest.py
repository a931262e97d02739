import json
import zipfile
from pathlib import Path

import pytest
from hypothesis import strategies as st

from tonecheck.errors import InputError
from tonecheck.exports import read_export
from tonecheck.messages import BadRow, Message


def _read(path, **options):
    found = list(read_export(path, **options))
    messages = [row for row in found if isinstance(row, Message)]
    bad = [(row.place, row.reason) for row in found if isinstance(row, BadRow)]
    return messages, bad


@pytest.fixture
def read():
    """Reads an export: its messages, and the place and reason of each bad row."""
    return _read


@pytest.fixture
def kinds():
    """Returns what each bad row of an export says was lost."""
    return lambda path: [row.kind for row in read_export(path) if isinstance(row, BadRow)]


@pytest.fixture
def samples():
    return Path(__file__).parents[2] / "data" / "samples"


@pytest.fixture
def write(tmp_path):
    """Writes a file (JSON values, text or bytes) and returns its path."""

    def write(name, content):
        path = tmp_path / name
        if isinstance(content, list | dict):
            content = json.dumps(content)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


@pytest.fixture
def zipped(tmp_path):
    """Writes a zip from names and contents and returns its path."""

    def zipped(files, name="export.zip", compression=zipfile.ZIP_DEFLATED):
        path = tmp_path / name
        with zipfile.ZipFile(path, "w", compression) as archive:
            for member, content in files.items():
                text = content if isinstance(content, str | bytes) else json.dumps(content)
                archive.writestr(member, text)
        return path

    return zipped


@pytest.fixture
def read_changed(tmp_path):
    """Reads an export after a few of its bytes were changed; a refused one has no rows."""

    def read_changed(data, original, name, *, format, changes=3, cut=20, put=3):
        content = bytearray(original)
        for _ in range(data.draw(st.integers(1, changes))):
            at = data.draw(st.integers(0, len(content)))
            end = at + data.draw(st.integers(0, cut))
            content[at:end] = data.draw(st.binary(max_size=put))
        path = tmp_path / name
        path.write_bytes(content)
        try:
            found = list(read_export(path, format=format))
        except InputError:
            return []
        assert all(isinstance(row, Message | BadRow) for row in found)
        return found

    return read_changed
