"""The patterns find what was written into the sample community."""

import json
from collections import defaultdict
from pathlib import Path

import pytest

import tonecheck
from tonecheck.messages import Message, Thread, parse_time

SAMPLES = Path(__file__).resolve().parents[2] / "data" / "samples" / "community.jsonl"


@pytest.fixture(scope="module")
def threads():
    threads = defaultdict(list)
    for line in SAMPLES.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        message = Message(
            id=row["id"],
            text=row["text"],
            author=row["author"],
            time=parse_time(row["time"]),
            thread=row["thread"],
            reply_to=row["reply_to"] or "",
        )
        threads[message.thread].append(message)
    return threads


@pytest.fixture(scope="module")
def read(threads):
    checker = tonecheck.load("linear-en")
    return lambda key, **more: checker.read_thread(
        Thread(id=key, messages=tuple(threads[key])), **more
    )


def test_the_man_who_wants_no_spreadsheets_steamrolls(read):
    (found,) = [one for one in read("t17").findings if one.pattern == "steamrolling"]
    assert found.people == ("Viktor S.",)
    assert found.explanation == (
        "One person holds the floor: an answer to everyone and pushing people."
    )


def test_the_quarrel_about_measurement_escalates(read):
    (found,) = [one for one in read("t44").findings if one.pattern == "escalation"]
    assert set(found.people) == {"Gerhard W.", "Leila H."}


@pytest.mark.parametrize(("key", "newcomer"), [("t06", "Ravi S."), ("t41", "Petra N.")])
def test_two_newcomers_are_waved_away(read, key, newcomer):
    report = read(key, newcomers={newcomer})
    (found,) = [one for one in report.findings if one.pattern == "waved_away_newcomer"]
    assert found.target == newcomer
    assert report.explanation == found.explanation


def test_introductions_go_well(read):
    assert read("t01").concerns == ()
