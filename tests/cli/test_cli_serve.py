import json
import re
import signal
import socket
import subprocess
import sys
import time

import httpx
from typer.testing import CliRunner

from tonecheck.cli.app import app

run = CliRunner().invoke


def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def test_a_service_starts_answers_and_stops_when_asked(tmp_path):
    number = port()
    command = [sys.executable, "-m", "tonecheck", "serve", "--model", "linear-en"]
    with subprocess.Popen(
        [*command, "--port", str(number)], cwd=tmp_path, stderr=subprocess.PIPE, text=True
    ) as process:
        address = f"http://127.0.0.1:{number}"
        deadline = time.monotonic() + 60
        while True:
            try:
                answer = httpx.post(f"{address}/v1/check", json={"text": "Just google it."})
                break
            except httpx.TransportError:
                assert time.monotonic() < deadline
                assert process.poll() is None
                time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=30)[1]

    assert answer.json()["tones"]["dismissiveness"]["decision"] == "yes"
    assert f"listen on {address}" in said
    assert "Traceback" not in said


def test_keys_are_made_listed_and_revoked(tmp_path):
    where = ["--database", f"sqlite:///{tmp_path / 'keys.sqlite'}"]

    made = run(app, ["keys", "add", "forum", "--scope", "check", "--per-minute", "600", *where])
    listed = run(app, ["keys", "list", *where])
    revoked = run(app, ["keys", "revoke", "forum", *where])

    key = made.stdout.strip()
    assert re.fullmatch(r"tck_[\w-]{43}", key)
    assert "1  forum  check  600 a minute" in listed.stdout
    assert key not in listed.stdout
    assert revoked.stdout == "forum is revoked.\n"
    assert "revoked 2" in run(app, ["keys", "list", *where]).stdout


def test_an_unknown_scope_is_refused_with_those_that_there_are(tmp_path):
    where = ["--database", f"sqlite:///{tmp_path / 'keys.sqlite'}"]

    refused = run(app, ["keys", "add", "forum", "--scope", "everything", *where])

    assert refused.exit_code == 2
    assert "'everything' is no scope. Allowed: check, feedback, hooks, review, admin." in (
        refused.output
    )


def test_beyond_this_machine_a_service_without_a_key_does_not_start(tmp_path):
    command = [sys.executable, "-m", "tonecheck", "serve", "--model", "linear-en"]
    done = subprocess.run(
        [*command, "--host", "0.0.0.0", "--port", str(port())],
        cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip

    assert done.returncode == 2
    assert "Make one with `tonecheck keys add" in done.stderr
    assert "Traceback" not in done.stderr
    assert json.dumps(done.stdout) == '""'
