import json
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import strategies as st

from tonecheck.errors import InputError
from tonecheck.exports import read_export
from tonecheck.messages import BadRow, Message

SECONDS = 10  # of the processor, and not of the clock, for a machine may be busy
MEMORY = 400 * 1024**2
"""How much more than before a reader may ask for; its longest text takes 40 MB, in some copies."""

_CHILD = f"""
import json, pyarrow, resource, sys, time
import pyarrow.parquet, pyarrow.compute
from tonecheck.errors import InputError
from tonecheck.exports import read_export
from tonecheck.messages import Message

for line in sys.stdin:
    path, format = json.loads(line)
    used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + {MEMORY}, resource.RLIM_INFINITY))
    start, texts, bad, refused = time.process_time(), [], [], ""
    try:
        for row in read_export(path, format=format):
            if isinstance(row, Message):
                texts.append(row.text[:200])
            else:
                bad.append([row.place[:200], row.reason, row.kind])
    except InputError as err:
        refused = str(err)
    except BaseException as err:
        refused = f"crashed with {{type(err).__name__}}: {{err}}"
    seconds = time.process_time() - start
    resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY,) * 2)
    print(json.dumps([texts, bad, refused, seconds]), flush=True)
"""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What reading a file gave; where it was refused, there are no texts."""

    texts: list[str]
    bad: list[list[str]]
    refused: str
    seconds: float

    def said(self):
        """Returns all that people are told."""
        return " ".join([self.refused, *(f"{place} {reason}" for place, reason, _ in self.bad)])


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


@pytest.fixture(scope="session")
def guarded():
    """Reads a file in a process that may not take much memory, and says how it went."""
    if sys.platform != "linux":
        pytest.skip("needs limits on memory that hold")
    command = [sys.executable, "-c", _CHILD]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as run:

        def guarded(path, format=None):
            print(json.dumps([str(path), format]), file=run.stdin, flush=True)
            line = run.stdout.readline()
            assert line, f"the process died over {path.name}"
            outcome = Outcome(*json.loads(line))
            assert not outcome.refused.startswith("crashed"), outcome.refused
            assert outcome.seconds < SECONDS
            return outcome

        yield guarded
        run.stdin.close()


@pytest.fixture
def put(tmp_path):
    """Writes bytes to a file that is gone after the test, as some are large."""

    def put(name, content):
        path = tmp_path / name
        path.write_bytes(content)
        return path

    yield put
    for path in tmp_path.iterdir():
        path.unlink()
