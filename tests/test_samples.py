"""The sample community is as large as promised, and its exports are what the script writes."""

import csv
import json
import subprocess
import sys
import zipfile
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tonecheck.labels import TONES

ROOT = Path(__file__).resolve().parents[1]
SAMPLES = ROOT / "data" / "samples"
WRITTEN = (
    "moodle-forum.csv",
    "moodle-forum.json",
    "slack-export.zip",
    "discord-channel.json",
    "README.md",
)


@pytest.fixture(scope="module")
def people():
    return json.loads((SAMPLES / "people.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def messages():
    lines = (SAMPLES / "community.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


@pytest.fixture(scope="module")
def rewritten(tmp_path_factory):
    folder = tmp_path_factory.mktemp("samples")
    script = ROOT / "scripts" / "make_samples.py"
    subprocess.run([sys.executable, str(script), str(folder)], check=True, capture_output=True)
    return folder


def test_the_community_has_the_promised_size(messages, people):
    times = [datetime.fromisoformat(row["time"]) for row in messages]
    assert len(messages) >= 440
    assert len({row["thread"] for row in messages}) >= 60
    assert len({row["author"] for row in messages}) >= 40
    assert {row["author"] for row in messages} == {person["name"] for person in people}
    assert timedelta(days=41) < max(times) - min(times) < timedelta(days=42)
    assert {time.isocalendar().week for time in times} == set(range(37, 43))


def test_one_message_in_seven_or_so_carries_a_tone(messages):
    toned = sum(any(row["labels"].values()) for row in messages)
    assert 0.12 <= toned / len(messages) <= 0.15


def test_every_label_is_one_of_the_codebook(messages):
    for row in messages:
        assert set(row["labels"]) == set(TONES), row["id"]
        assert set(row["labels"].values()) <= {0, 1, 2}, row["id"]


def test_every_tone_occurs_mildly_and_clearly(messages):
    seen = Counter((tone, row["labels"][tone]) for row in messages for tone in TONES)
    assert all(seen[tone, degree] >= 5 for tone in TONES for degree in (1, 2))


def test_no_two_messages_have_the_same_text_or_id(messages):
    for field in ("text", "id"):
        assert [value for value, n in Counter(r[field] for r in messages).items() if n > 1] == []


def test_a_reply_answers_an_earlier_message_of_its_own_thread(messages):
    by_id = {row["id"]: row for row in messages}
    for row in messages:
        if row["reply_to"] is not None:
            parent = by_id[row["reply_to"]]
            assert parent["thread"] == row["thread"], row["id"]
            assert parent["time"] < row["time"], row["id"]


@pytest.mark.parametrize("name", WRITTEN)
def test_the_stored_file_is_what_the_script_writes_today(name, rewritten):
    stored, fresh = (SAMPLES / name).read_bytes(), (rewritten / name).read_bytes()
    assert stored == fresh, f"{name} is out of date. Run: python scripts/make_samples.py"


def test_the_datasheet_counts_the_labels(messages):
    text = (SAMPLES / "README.md").read_text(encoding="utf-8")
    for tone in TONES:
        count = Counter(row["labels"][tone] for row in messages)
        assert f"| {tone} | {count[1]} | {count[2]} | {count[1] + count[2]} |" in text


def test_the_two_moodle_files_hold_the_same_posts(messages):
    with (SAMPLES / "moodle-forum.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    [posts] = json.loads((SAMPLES / "moodle-forum.json").read_text(encoding="utf-8"))
    assert len(posts) == len(messages)
    assert rows == [{k: "" if v is None else str(v) for k, v in post.items()} for post in posts]
    assert [post["message"] for post in posts if post["deleted"]] == [""]


def test_the_slack_export_holds_every_message_in_its_channel_and_day(messages):
    with zipfile.ZipFile(SAMPLES / "slack-export.zip") as archive:
        days = {n: json.loads(archive.read(n)) for n in archive.namelist() if "/" in n}
    kept = Counter(n.split("/")[0] for n, day in days.items() for m in day if "client_msg_id" in m)
    assert kept == Counter(row["channel"] for row in messages if not row.get("deleted"))
    system = Counter(m.get("subtype") for day in days.values() for m in day)
    assert system["tombstone"] == system["thread_broadcast"] == 1
    assert system["channel_join"] >= 3


def test_the_discord_export_points_each_reply_to_its_parent(messages):
    export = json.loads((SAMPLES / "discord-channel.json").read_text(encoding="utf-8"))
    found = export["messages"]
    replies = [message for message in found if message["type"] == "Reply"]
    assert export["messageCount"] == len(found)
    assert len(replies) == sum(row["reply_to"] is not None for row in messages)
    dangling = {r["reference"]["messageId"] for r in replies} - {m["id"] for m in found}
    assert len(dangling) == 1  # the deleted message
    assert {m["type"] for m in found} == {
        "Default",
        "Reply",
        "GuildMemberJoin",
        "ChannelPinnedMessage",
    }
