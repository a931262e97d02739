import itertools
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import tonecheck
from tonecheck.errors import InputError, ModelError
from tonecheck.messages import Message
from tonecheck.parallel import CHUNK, check_parallel, usable_cores

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


@pytest.fixture(scope="module")
def messages():
    path = Path(__file__).parents[1] / "data" / "samples" / "community.jsonl"
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    once = [Message(text=row["text"], id=row["id"]) for row in rows if row.get("text")]
    return (once * 3)[: 3 * CHUNK + 5]


@pytest.fixture(scope="module")
def expected(messages):
    return list(tonecheck.load().check_many(messages))


def endless():
    for number in itertools.count():
        yield Message(text=f"Thanks for reply {number}.", id=str(number))


def test_verdicts_are_those_of_one_process_in_the_same_order(messages, expected):
    assert list(check_parallel(messages, model="default", workers=2)) == expected


def test_workers_that_are_started_afresh_say_the_same(messages, expected, monkeypatch):
    monkeypatch.setattr("tonecheck.parallel._FORKS", False)
    assert list(check_parallel(messages, model="default", workers=2)) == expected


@pytest.mark.parametrize(("count", "workers"), [(3 * CHUNK, 1), (2 * CHUNK - 1, 4), (0, 4)])
def test_few_messages_or_one_worker_start_no_process(messages, count, workers):
    verdicts = check_parallel(messages[:count], model="default", workers=workers)
    for _ in verdicts:
        assert multiprocessing.active_children() == []


def test_reading_ahead_is_bounded_and_closing_ends_the_workers():
    source = endless()
    verdicts = check_parallel(source, model="default", workers=2)
    assert next(verdicts).id == "0"
    assert len(multiprocessing.active_children()) == 2
    assert int(next(source).id) <= 5 * CHUNK
    verdicts.close()
    assert multiprocessing.active_children() == []


def test_an_error_in_a_worker_is_raised_as_itself(messages):
    spoilt = [*messages, 42]
    with pytest.raises(InputError, match="a message must be a Message or a string, got int"):
        list(check_parallel(spoilt, model="default", workers=2))
    assert multiprocessing.active_children() == []


def test_an_error_of_the_source_is_raised_and_ends_the_workers(messages):
    def breaking():
        yield from messages
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="the disk is gone"):
        list(check_parallel(breaking(), model="default", workers=2))
    assert multiprocessing.active_children() == []


def test_wrong_calls_are_refused_before_anything_is_read():
    with pytest.raises(InputError, match="workers must be 1 or more, got 0"):
        check_parallel(endless(), model="default", workers=0)
    with pytest.raises(ModelError, match="there is no model 'none'"):
        check_parallel(endless(), model="none", workers=2)


def test_at_least_one_core_is_usable():
    assert usable_cores() >= 1


@pytest.fixture
def endless_score():
    """Start `score` on an endless input, in a session of its own, and wait for its first line."""
    feed = subprocess.Popen(["yes", '{"text": "Thanks."}'], stdout=subprocess.PIPE)
    score = subprocess.Popen(
        [sys.executable, "-m", "tonecheck", "score", "--workers=2"],
        stdin=feed.stdout,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        # Tests that a shell runs in the background ignore Ctrl-C, and their processes with them.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert score.stdout.readline()
    assert len(session_members(score.pid)) == 3
    yield score
    for number in session_members(score.pid):
        os.kill(number, signal.SIGKILL)
    feed.kill()
    feed.communicate()
    score.communicate()


def session_members(session):
    """Return the ids of the running processes of a session."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it has just ended
        if int(fields[3]) == session and fields[0] != "Z":
            found.append(int(folder.name))
    return found


def left_after_a_while(session):
    for _ in range(100):
        if not session_members(session):
            return []
        time.sleep(0.1)
    return session_members(session)


@LINUX
def test_ctrl_c_ends_all_processes_with_130_and_no_traceback(endless_score):
    os.killpg(endless_score.pid, signal.SIGINT)  # as a terminal does
    _, said = endless_score.communicate(timeout=60)
    assert endless_score.returncode == 130
    assert said == b"interrupted\n"
    assert left_after_a_while(endless_score.pid) == []


@LINUX
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_workers_do_not_outlive_a_parent_that_is_killed(endless_score, number):
    endless_score.send_signal(number)
    endless_score.wait(timeout=60)
    assert left_after_a_while(endless_score.pid) == []
