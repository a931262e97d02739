"""Every reader against messages that were made to harm: huge, deep, or slow to read."""

import gzip
import io
import json
import re
import tarfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path

import pyarrow
import pytest

from tonecheck.exports import READERS

FIXTURES = Path(__file__).parent / "fixtures"
SAMPLES = Path(__file__).parents[2] / "data" / "samples"
HUGE = 100_000_000


@dataclass(frozen=True, slots=True)
class Exhibit:
    """A sound export of one format: its files and how they are packed."""

    reader: str
    name: str
    files: Mapping[str, bytes]
    form: str = "plain"

    def packed(self, files):
        """Returns the bytes of the export with other files in it."""
        return _PACK[self.form](files)

    def with_word(self, word, payload):
        """Returns the bytes with a text in the place of a word of one message."""
        if self.name.endswith(".xml"):
            payload = escape(payload, quote=True)
        elif self.reader not in _NO_JSON:
            payload = json.dumps(payload)[1:-1]
        return self.changed(re.escape(word), payload.encode())

    def changed(self, pattern, payload):
        """Returns the bytes with others in the place of what is found once in one of its files."""
        (member,) = [n for n, content in self.files.items() if re.search(pattern.encode(), content)]
        content, count = re.subn(pattern.encode(), lambda _: payload, self.files[member])
        assert count == 1
        return self.packed({**self.files, member: content})


def _zip(files):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def _tar(files):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return out.getvalue()


def _only(files):
    return next(iter(files.values()))


_NO_JSON = {"whatsapp", "zoom", "mbox", "discord-csv", "discourse-archive"}
_PACK = {
    "plain": _only,
    "zip": _zip,
    "tar": _tar,
    "tar.gz": lambda files: gzip.compress(_tar(files), 1),
    "zst": lambda files: pyarrow.compress(_only(files), codec="zstd", asbytes=True),
}


def _files(folder, *names):
    return {name: (folder / name).read_bytes() for name in names}


def _plain(reader, path):
    return Exhibit(reader, path.name, {path.name: path.read_bytes()})


with zipfile.ZipFile(SAMPLES / "slack-export.zip") as _slack:
    _SLACK = {name: _slack.read(name) for name in _slack.namelist() if not name.endswith("/")}

_TOPIC = {
    "post_stream": {
        "posts": [
            {
                **{"id": key, "name": "Mara", "created_at": "2026-09-08T10:30:00Z", "post_type": 1},
                **{"cooked": f"<p>{said}</p>", "post_number": key, "reply_to_post_number": None},
                **{"topic_id": 12, "username": "mara"},
            }
            for key, said in enumerate(("Why?", "Someday.", "Thanks!"), 1)
        ],
        "stream": [1, 2, 3],
    },
    **{"title": "Loops", "id": 12, "posts_count": 3},
}
_TABLE = "id,author,text\n1,Mara,Why?\n2,Ken,Someday\n3,Mara,Thanks!\n"
_LINES = "".join(
    json.dumps({"id": str(key), "text": said}) + "\n"
    for key, said in enumerate(("Why?", "Someday", "Thanks!"))
)
_CHAT = (FIXTURES / "whatsapp-android.txt").read_bytes()
_OWN = (FIXTURES / "teams-export.json").read_bytes()
_BULK = (FIXTURES / "mattermost.jsonl").read_bytes()
_ZULIP = _files(FIXTURES / "zulip", "realm.json", "messages-000001.json", "messages-000002.json")
_CORPUS = _files(
    FIXTURES / "convokit" / "seminar-corpus", "corpus.json", "speakers.json", "utterances.jsonl"
)
_COMMENTS = (FIXTURES / "reddit" / "learnlab_comments.jsonl").read_bytes()

# A sound export, and a word that stands in one message of it.
EXHIBITS = {
    "slack": (Exhibit("slack", "slack.zip", _SLACK, "zip"), "Accra"),
    "whatsapp": (_plain("whatsapp", FIXTURES / "whatsapp-android.txt"), "Chapter"),
    "whatsapp-zip": (Exhibit("whatsapp", "a.zip", {"_chat.txt": _CHAT}, "zip"), "Chapter"),
    "teams": (_plain("teams", FIXTURES / "teams-export.json"), "Easy"),
    "teams-graph": (_plain("teams", FIXTURES / "teams-graph.json"), "Where"),
    "teams-tar": (Exhibit("teams", "a.tar", {"messages.json": _OWN}, "tar"), "Easy"),
    "discord": (_plain("discord", SAMPLES / "discord-channel.json"), "Cardiff"),
    "discord-csv": (
        _plain("discord-csv", FIXTURES / "Learning R - Course - help [900].csv"),
        "Other",
    ),
    "telegram": (_plain("telegram", FIXTURES / "telegram-chat.json"), "Which"),
    "canvas": (_plain("canvas", FIXTURES / "canvas-view.json"), "Glad"),
    "discourse": (
        Exhibit("discourse", "topic.json", {"topic.json": json.dumps(_TOPIC).encode()}),
        "Someday",
    ),
    "discourse-archive": (
        _plain("discourse-archive", FIXTURES / "user_archive.csv"),
        "coming, too? :s",
    ),
    "discourse-archive-zip": (
        Exhibit("discourse-archive", "a.zip", _files(FIXTURES, "user_archive.csv"), "zip"),
        "coming, too? :s",
    ),
    "discourse-explorer": (
        _plain("discourse-explorer", FIXTURES / "loops@forum-2026-09-09.dcqresult.json"),
        "does",
    ),
    "moodle-csv": (_plain("moodle", SAMPLES / "moodle-forum.csv"), "Cardiff"),
    "moodle-json": (_plain("moodle", SAMPLES / "moodle-forum.json"), "Cardiff"),
    "moodle-service": (_plain("moodle-service", FIXTURES / "moodle-service.json"), "Thank"),
    "openedx": (_plain("openedx", FIXTURES / "openedx-forum.mongo"), "Some"),
    "posts": (_plain("stackexchange", FIXTURES / "Posts.xml"), "counts"),
    "comments": (_plain("stackexchange", FIXTURES / "Comments.xml"), "That"),
    "reddit": (_plain("reddit", FIXTURES / "reddit" / "learnlab_comments.jsonl"), "Whoever"),
    "reddit-zst": (Exhibit("reddit", "a.zst", {"a.jsonl": _COMMENTS}, "zst"), "Whoever"),
    "mattermost": (_plain("mattermost", FIXTURES / "mattermost.jsonl"), "already"),
    "mattermost-zip": (Exhibit("mattermost", "a.zip", {"a.jsonl": _BULK}, "zip"), "already"),
    "rocketchat": (_plain("rocketchat", FIXTURES / "rocketchat-questions.json"), "range"),
    "rocketchat-zip": (
        Exhibit("rocketchat", "a.zip", _files(FIXTURES, "rocketchat-questions.json"), "zip"),
        "range",
    ),
    "convokit": (
        Exhibit(
            "convokit",
            "utterances.jsonl",
            _files(FIXTURES / "convokit" / "seminar-corpus", "utterances.jsonl"),
        ),
        "library",
    ),
    "convokit-zip": (Exhibit("convokit", "a.zip", _CORPUS, "zip"), "library"),
    "mbox": (_plain("mbox", FIXTURES / "learning-list.mbox"), "counts"),
    "zoom-local": (_plain("zoom", FIXTURES / "zoom-local.txt"), "tried"),
    "zoom-cloud": (_plain("zoom", FIXTURES / "zoom-cloud.txt"), "number"),
    "zulip": (Exhibit("zulip", "a.tar", _ZULIP, "tar"), "Chapter 2"),
    "zulip-gz": (Exhibit("zulip", "a.tar.gz", _ZULIP, "tar.gz"), "Chapter 2"),
    "table-csv": (Exhibit("table", "a.csv", {"a.csv": _TABLE.encode()}), "Someday"),
    "table-jsonl": (Exhibit("table", "a.jsonl", {"a.jsonl": _LINES.encode()}), "Someday"),
    "table-json": (
        Exhibit("table", "a.json", {"a.json": f"[{','.join(_LINES.splitlines())}]".encode()}),
        "Someday",
    ),
}


@pytest.fixture(scope="module")
def sound(guarded, tmp_path_factory):
    """Reads each export as it was before anything was done to it."""
    folder, found = tmp_path_factory.mktemp("sound"), {}
    for kind, (exhibit, _) in EXHIBITS.items():
        path = folder / f"{kind}-{exhibit.name}"
        path.write_bytes(exhibit.packed(exhibit.files))
        found[kind] = guarded(path, exhibit.reader)
        assert len(found[kind].texts) > 2
    return found


def before(sound, word):
    """Returns the texts that stand before the one with a word."""
    return sound.texts[: next(n for n, text in enumerate(sound.texts) if word in text)]


def one_a_reader(kinds):
    """Returns the first of the kinds of each reader."""
    return list({EXHIBITS[kind][0].reader: kind for kind in reversed(kinds)}.values())[::-1]


def test_every_reader_is_shown_here():
    assert {exhibit.reader for exhibit, _ in EXHIBITS.values()} == {r.name for r in READERS}


@pytest.mark.parametrize("kind", [*one_a_reader(list(EXHIBITS)), "reddit-zst", "comments"])
def test_a_line_of_100_mb_costs_what_it_stands_in_and_nothing_before(guarded, put, sound, kind):
    exhibit, word = EXHIBITS[kind]
    content = exhibit.changed(re.escape(word), b"a" * HUGE)
    found = guarded(put(exhibit.name, content), exhibit.reader)
    kept = before(sound[kind], word)
    assert found.texts[: len(kept)] == kept
    if exhibit.reader == "mbox":
        return  # of a mail the first 2 MB are read
    assert len(found.texts) < len(sound[kind].texts)
    ((_, reason, _),) = [row for row in found.bad if row[2] != "notice"]
    assert re.search(
        r"longer than 10,000,000 characters, so .*\. \w.*\.$|as a bomb does\. ", reason
    )


_JSON = [
    kind
    for kind, (exhibit, _) in EXHIBITS.items()
    if exhibit.reader not in _NO_JSON and not exhibit.name.endswith((".csv", ".xml"))
]


@pytest.mark.parametrize("opening", [b"[", b'{"a":'], ids=["lists", "objects"])
@pytest.mark.parametrize("kind", one_a_reader(_JSON))
def test_json_that_nests_deep_costs_what_it_stands_in_and_nothing_before(
    guarded, put, sound, kind, opening
):
    exhibit, word = EXHIBITS[kind]
    kept = before(sound[kind], word)
    closing = b"]" if opening == b"[" else b"}"
    for deep in (opening * 100_000, opening * 300 + b"1" + closing * 300):
        content = exhibit.changed(rf'"[^"]*{re.escape(word)}[^"]*"', deep)
        found = guarded(put(exhibit.name, content), exhibit.reader)
        assert found.texts[: len(kept)] == kept
        assert len(found.texts) < len(sound[kind].texts)
        reasons = [reason for _, reason, kind in found.bad if kind != "notice"]
        assert re.match("it nests deeper|the JSON is broken|not valid JSON", reasons[0])


_TEXTS = {
    "tags": "<div>" * 40_000,
    "quotes": "<blockquote>" * 20_000,
    "half tags": "<a " * 40_000,
    "entities": "&#" * 40_000,
    "brackets": "[" * 40_000 + "](" * 20_000,
    "angles": "<@" * 40_000,
    "stars": "@**" * 40_000 + "|",
    "quote marks": "\n" + "> " * 40_000,
    "fences": "\n" + "```quote\n" * 10_000,
    "colons": "a: " * 40_000,
    "spaces": " " * 100_000 + "x",
    "dashes": "\n-- " * 30_000,
}
_SLOW = [
    *("teams-graph", "discord", "moodle-service", "posts", "zulip", "mbox", "whatsapp"),
    *("zoom-local", "discourse-explorer"),
]


@pytest.mark.parametrize("kind", _SLOW)
def test_a_text_that_is_made_to_be_slow_is_read_in_time(guarded, put, kind):
    exhibit, word = EXHIBITS[kind]
    for text in _TEXTS.values():
        path = put(exhibit.name, exhibit.with_word(word, text))
        assert guarded(path, exhibit.reader).seconds < 3
