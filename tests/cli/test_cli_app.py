import os
import subprocess
import sys

import pytest
import typer

import tonecheck
from tonecheck.cli.app import app
from tonecheck.errors import InputError

COMMANDS = typer.main.get_command(app).commands


def raising(error):
    def load(*args, **options):
        raise error

    return load


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_every_command_names_an_example(invoke, command):
    shown = invoke(command, "--help")
    assert shown.exit_code == 0
    examples = " ".join(shown.stdout.split()).partition("Example")[2]
    assert f"tonecheck {command} " in f"{examples} "


def test_help_names_every_command_the_exit_codes_and_who_decides(invoke):
    shown = invoke("--help").stdout
    assert [name for name in COMMANDS if f"\n  {name} " not in shown] == []
    assert "130 interrupted" in shown
    assert "a person decides" in shown
    assert "..." not in shown.partition("Commands:")[2].partition("Examples:")[0]


def test_module_runs_as_the_command(tonecheck_process):
    done = tonecheck_process("--version")
    assert done.stdout.decode().strip() == f"tonecheck {tonecheck.__version__}"
    assert done.returncode == 0


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["scor"], "Did you mean 'score'?"),
        (["check"], "Missing argument 'TEXT'"),
        (["score", "--workers", "0"], "Invalid value for '--workers'"),
        (["audit", "x.zip"], "Missing option '--out'"),
    ],
)
def test_wrong_usage_is_explained_and_exits_with_2(invoke, args, said):
    done = invoke(*args)
    assert done.exit_code == 2
    assert said in done.stderr
    assert not done.stdout


def test_an_error_of_the_caller_is_one_line_and_exits_with_2(invoke, monkeypatch):
    monkeypatch.setattr("tonecheck.checker.load", raising(InputError("no \x1b[31m such thing.")))
    done = invoke("check", "hello")
    assert done.exit_code == 2
    assert done.stderr == "error: no ␛[31m such thing.\n"


def test_a_file_that_cannot_be_read_exits_with_2(invoke):
    done = invoke("score", "nowhere.jsonl")
    assert done.exit_code == 2
    assert done.stderr == (
        "error: nowhere.jsonl cannot be read or written: No such file or directory.\n"
    )


def test_an_error_of_tonecheck_is_one_line_and_exits_with_3(invoke, monkeypatch):
    monkeypatch.setattr("tonecheck.checker.load", raising(ValueError("a\nb")))
    done = invoke("check", "hello")
    assert done.exit_code == 3
    assert done.stderr == (
        "internal error: ValueError: a, please report it with what `tonecheck --debug …` prints\n"
    )


def test_debug_shows_where_an_error_arose(invoke, monkeypatch):
    monkeypatch.setattr("tonecheck.checker.load", raising(ValueError("deep down")))
    for done in (
        invoke("--debug", "check", "hello"),
        monkeypatch.setenv("TONECHECK_DEBUG", "1") or invoke("check", "hello"),
    ):
        assert done.exit_code == 3
        assert "Traceback" in done.stderr
        assert "internal error: ValueError: deep down, please report\n" in done.stderr


def test_ctrl_c_exits_with_130(invoke, monkeypatch):
    monkeypatch.setattr("tonecheck.checker.load", raising(KeyboardInterrupt()))
    done = invoke("check", "hello")
    assert done.exit_code == 130
    assert done.stderr == "interrupted\n"


@pytest.mark.skipif(os.name != "posix", reason="needs a shell with pipes")
def test_a_closed_pipe_ends_the_command_silently_with_0(write_lines):
    replies = write_lines([{"text": f"Thank you for reply number {n}."} for n in range(600)])
    command = f"{sys.executable} -m tonecheck score --quiet {replies} | head -1"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command], capture_output=True, timeout=120, check=False
    )
    assert done.stdout.count(b"\n") == 1
    assert done.stderr == b""
    assert done.returncode == 0


def test_an_output_that_knows_no_unicode_does_not_crash_the_command(tonecheck_process):
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    done = tonecheck_process("formats", env=environment)
    assert done.returncode == 0
    done.stdout.decode("ascii")
