import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

import tonecheck
import tonecheck.checker
from tonecheck.cli.app import app


@pytest.fixture(scope="session")
def shipped():
    return tonecheck.load()


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch, tmp_path):
    """Work in an empty folder, without settings of whoever runs the tests."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TONECHECK_DEBUG", raising=False)


@pytest.fixture
def invoke(monkeypatch, shipped):
    """Run a command in this process, with the shipped model loaded once for all tests."""
    load = tonecheck.checker.load

    def loaded_once(model="default", *, settings=None):
        if (model, settings) == ("default", None):
            return shipped
        return load(model, settings=settings)

    monkeypatch.setattr("tonecheck.checker.load", loaded_once)
    monkeypatch.setattr("tonecheck.parallel.load", loaded_once)

    def invoke(*args, input=None):
        return CliRunner().invoke(app, [str(arg) for arg in args], input=input)

    return invoke


@pytest.fixture
def tonecheck_process():
    """Run the command as a process of its own."""

    def run(*args, **options):
        command = [sys.executable, "-m", "tonecheck", *map(str, args)]
        return subprocess.run(command, capture_output=True, timeout=120, check=False, **options)

    return run


@pytest.fixture
def community():
    """Return the messages of the sample community as rows for `score`."""
    path = Path(__file__).parents[2] / "data" / "samples" / "community.jsonl"
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [{"id": row["id"], "text": row["text"]} for row in rows if row.get("text")]


@pytest.fixture
def write_lines(tmp_path):
    """Write rows (values for JSON, or bytes as they are) as lines, and return the path."""

    def write(rows, name="replies.jsonl"):
        path = tmp_path / name
        lines = [row if isinstance(row, bytes) else json.dumps(row).encode() for row in rows]
        path.write_bytes(b"".join(line + b"\n" for line in lines))
        return path

    return write


@pytest.fixture
def lines():
    """Return the JSON lines of an output."""

    def read(text):
        return [json.loads(line) for line in text.splitlines()]

    return read
