import json
import signal
import subprocess
import sys
import time

import pytest

PILE = [
    {"id": "1", "thread": "plans", "author": "ana", "text": "Here is my plan for the course."},
    {"id": "2", "thread": "plans", "author": "ben", "reply_to": "1", "text": "You are an idiot."},
    {"id": "3", "thread": "plans", "author": "eva", "reply_to": "1", "text": "Shut up, moron."},
    {"id": "4", "thread": "plans", "author": "kim", "reply_to": "1", "text": "You stupid idiot."},
]
WATCH = [sys.executable, "-m", "tonecheck", "watch", "--model", "linear-en", "--json"]


def lines(rows):
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def test_a_growing_file_is_followed_until_ctrl_c_and_then_goes_on(tmp_path):
    log, state = tmp_path / "forum.jsonl", tmp_path / "state.sqlite"
    log.write_bytes(lines(PILE[:2]))
    command = [*WATCH, str(log), "--state", str(state), "--every", "0.05"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=tmp_path
    ) as process:
        assert process.stdout is not None
        with log.open("ab") as file:
            file.write(lines(PILE[2:]))
        alert = json.loads(process.stdout.readline())
        process.send_signal(signal.SIGINT)
        out, said = process.communicate(timeout=60)

    assert process.returncode == 130
    assert alert["thread"] == "plans"
    assert out == b""
    assert b"messages: 4, alerts: 1; bad rows: 0" in said
    assert said.decode().splitlines()[-1] == "interrupted"
    again = subprocess.run(
        [*command, "--once"], capture_output=True, check=False, timeout=120, cwd=tmp_path
    )
    assert (again.returncode, again.stdout) == (0, b"")
    assert b"messages: 0, alerts: 0; bad rows: 0" in again.stderr


def test_a_watcher_that_is_killed_loses_nothing_and_tells_nothing_twice(tmp_path):
    log, state = tmp_path / "forum.jsonl", tmp_path / "state.sqlite"
    calm = [{"id": f"c{n}", "thread": f"calm {n}", "text": "Thanks!"} for n in range(300)]
    log.write_bytes(lines([*PILE[:3], *calm]))
    command = [*WATCH, str(log), "--state", str(state), "--every", "0.05"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=tmp_path
    ) as process:
        assert process.stderr is not None
        while b"is read" not in process.stderr.readline():
            assert process.poll() is None
        with log.open("ab") as file:
            file.write(lines(PILE[3:]))
        assert process.stdout is not None
        first = json.loads(process.stdout.readline())
        time.sleep(0.2)
        process.kill()
        out = process.communicate(timeout=60)[0]
    again = subprocess.run(
        [*command, "--once"], capture_output=True, check=False, timeout=120, cwd=tmp_path
    )

    assert first["thread"] == "plans"
    assert out == b""
    assert (again.returncode, again.stdout) == (0, b"")


def test_standard_input_is_judged_as_it_comes(tmp_path):
    with subprocess.Popen(
        [*WATCH, "-"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=tmp_path,
    ) as process:  # fmt: skip
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(lines([*PILE, {"broken": 1}]))
        process.stdin.flush()
        alert = json.loads(process.stdout.readline())  # before the input ends
        _, said = process.communicate(input=b'{"text": "cut o', timeout=60)

    assert process.returncode == 0
    assert alert["place"] == "standard input:4"
    assert b'standard input:5: "text" must be a string, got nothing.' in said
    assert b"standard input:6: not valid JSON" in said
    assert b"messages: 4, alerts: 1; bad rows: 2" in said


def test_alerts_are_for_people_unless_json_is_asked_for(invoke, write_lines):
    path = write_lines(PILE, "forum.jsonl")
    plain = invoke("watch", path, "--once")
    told = invoke("watch", path, "--once", "--with-text", "--quiet")

    assert plain.exit_code == 0
    assert plain.stdout == (
        "Thread plans (forum.jsonl:4): 3 people turned on the same person within a few messages. "
        "This can be wrong: a person reads the thread and decides.\n"
        "  See forum.jsonl:2, forum.jsonl:3, forum.jsonl:4\n"
    )
    assert "  forum.jsonl:2 ben: You are an idiot.\n" in told.stdout
    assert told.stderr == ""


def test_escape_sequences_of_a_thread_are_shown_and_not_obeyed(invoke, write_lines):
    rows = [{**row, "thread": "\x1b[31mred"} for row in PILE]
    done = invoke("watch", write_lines(rows, "forum.jsonl"), "--once", "--with-text")

    assert "\x1b" not in done.stdout
    assert "Thread ␛[31mred" in done.stdout


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["nothing.jsonl"], "there is no such file or folder"),
        (["-", "--only-new"], "- reads JSON lines as they come: leave out --only-new"),
        ([".", "--again-after", "soon"], "--again-after takes a whole number and s, m, h or d"),
        ([".", "--secret-file", "s"], "--secret-file signs what is posted: give --webhook"),
        ([".", "--webhook", "ftp://x"], "the address of the webhook has to begin with https://"),
        ([".", "--map", "text"], "--map takes FIELD=COLUMN"),
    ],
)
def test_wrong_usage_of_watch_is_explained(invoke, args, said):
    done = invoke("watch", *args)
    assert (done.exit_code, done.stdout) == (2, "")
    assert said in done.stderr


def test_a_secret_comes_from_a_file_and_an_empty_one_is_refused(invoke, write_lines, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("\n")
    done = invoke("watch", ".", "--webhook", "https://a.example", "--secret-file", secret)
    assert done.exit_code == 2
    assert "holds no secret. Write one into it, of 1 to 4,096 bytes." in done.stderr


def test_a_file_of_which_nothing_can_be_read_is_bad_input(invoke, write_lines):
    done = invoke("watch", write_lines([b"nope", b"{}"], "forum.jsonl"), "--once")
    assert done.exit_code == 2
    assert "forum.jsonl:1: not valid JSON" in done.stderr
    assert "error: no message could be read; what is wrong is said above." in done.stderr


def test_with_a_forecast_threads_are_told_of_before_a_pattern_shows(tmp_path):
    quarrel = [
        {"id": "1", "thread": "t", "author": "ana", "text": "No, you are wrong about the mean."},
        {"id": "2", "thread": "t", "author": "ben", "text": "You never read what people say!"},
        {"id": "3", "thread": "t", "author": "ana", "text": "Don't tell me what I read. Wow."},
    ]
    calm = [{**row, "thread": "calm", "text": "Thank you, maybe so."} for row in quarrel]
    log = tmp_path / "forum.jsonl"
    log.write_bytes(lines([*quarrel, *calm]))
    done = subprocess.run(
        [*WATCH, str(log), "--once", "--forecast"],
        capture_output=True, check=True, timeout=120, cwd=tmp_path,
    )  # fmt: skip
    (alert,) = map(json.loads, done.stdout.splitlines())

    assert (alert["thread"], alert["reason"]) == ("t", "forecast")
    assert alert["risk"] > 0.6
    assert "a person reads the thread and decides" in alert["text"]
