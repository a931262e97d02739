"""ConvoKit: corpora of conversations, as the Cornell toolkit saves them."""

import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from tonecheck.errors import InputError
from tonecheck.exports.archive import DAMAGE, UNOPENED, open_zip, opened
from tonecheck.exports.base import Reader, Row, Times, name_of, need, titled
from tonecheck.exports.reddit import is_gone
from tonecheck.exports.rows import json_lines, json_objects, messages, rows
from tonecheck.exports.streams import Decoded, head, head_text, json_shape
from tonecheck.messages import BadRow, Message

_ZIP = b"PK"
_LINES = "utterances.jsonl"
_UTTERANCES = frozenset((_LINES, "utterances.json"))  # the second in corpora before 2020
_COMPANIONS = frozenset(
    ("corpus.json", "index.json", "conversations.json", "speakers.json", "users.json")
)
# What each field is called; the later names are those of older versions. The documentation says
# "reply_to", and what the toolkit writes is "reply-to".
_SPEAKER = ("speaker", "user")
_CONVERSATION = ("conversation_id", "root")
_REPLY = ("reply-to", "reply_to")
_ITEM = ("item",)
_ADVICE = "Use seconds since 1970."


class ConvoKit(Reader):
    """Reads a corpus of ConvoKit: its `utterances.jsonl`, or the corpus folder as a zip.

    A thread is a conversation and is called by its first utterance. The headings of Wikipedia's
    talk pages, which stand in a corpus as utterances, become titles; deleted posts are left out.
    Speakers are called by their ids.
    """

    name = "convokit"
    title = "ConvoKit corpus"
    how_to = (
        "In Python, `convokit.download(NAME)` says in which folder it saves a corpus, and "
        "`corpus.dump(NAME, base_path=FOLDER)` saves one of your own. Give tonecheck the file "
        "utterances.jsonl in that folder, or the whole folder zipped."
    )
    files = (".jsonl", ".json", ".zip")

    def sniff(self, path: Path) -> bool:
        """Return whether a file is a zipped corpus, or begins with an utterance."""
        if head(path).startswith(_ZIP):
            try:
                with open_zip(path) as archive:
                    return _is_corpus(archive)
            except UNOPENED:
                return False
        shape = json_shape(head_text(path))
        keys = set(shape.keys) if shape is not None and shape.lists < 2 else set()
        named = (_SPEAKER, _CONVERSATION, _REPLY)
        return keys >= {"id", "text", "timestamp"} and all(keys & {*names} for names in named)

    def read(self, path: Path) -> Iterator[Message | BadRow]:
        """Yield the utterances, in the order of the file."""
        corpus = _Corpus()
        is_zip = head(path).startswith(_ZIP)
        yield from messages(_zipped_rows(path) if is_zip else rows(path), corpus.message)
        yield from corpus.times.notice(path.name, _ADVICE)


def _corpora(archive: zipfile.ZipFile) -> list[str]:
    """Return the file with the utterances of each corpus in a zip."""
    found: dict[str, str] = {}
    for name in archive.namelist():
        member = PurePosixPath(name)
        is_copy = name.startswith("__MACOSX/")
        if member.name in _UTTERANCES and not is_copy and found.get(_folder(name)) != _LINES:
            found[_folder(name)] = member.name
    return [folder + name for folder, name in found.items()]


def _folder(name: str) -> str:
    return name[: -len(PurePosixPath(name).name)]


def _is_corpus(archive: zipfile.ZipFile) -> bool:
    """Return whether something else of a corpus lies beside a file with utterances."""
    held = set(archive.namelist())
    return any(_folder(name) + more in held for name in _corpora(archive) for more in _COMPANIONS)


def _zipped_rows(path: Path) -> Iterator[Row | BadRow]:
    """Yield the utterances of the one corpus in a zip."""
    with opened(path) as archive:
        names = _corpora(archive)
        if len(names) != 1:
            held = f"{len(names)} corpora" if names else "no utterances.jsonl"
            raise InputError(
                f"is a zip with {held}. Zip the folder of one corpus, and give that.",
                place=str(path),
            )
        shown, number = PurePosixPath(names[0]).name, 0
        try:
            with archive.open(names[0]) as file, Decoded(file) as source:
                lines = shown == _LINES
                found = json_lines(source, shown) if lines else json_objects(source, shown, _ITEM)
                for row in found:
                    number += 1
                    yield row
        except DAMAGE:
            yield BadRow(
                place=f"{shown}:{number + 1}",
                reason="this file of the zip is damaged or encrypted, so the rest of it was not "
                "read. Zip the folder again.",
                kind="rest",
            )


@dataclass(slots=True)
class _Corpus:
    """What has been read of one corpus."""

    headings: dict[str, str] = field(default_factory=dict)  # by the id of their utterance
    times: Times = field(default_factory=Times)

    def message(self, row: Row) -> Message | None:
        """Return the message of an utterance, or None where it is deleted or a heading."""
        cells = row.cells
        key, text = name_of(cells, "id"), need(cells, "text", str)
        if not key:
            raise InputError('"id" is missing. Save the corpus again with ConvoKit.')
        speaker, thread, answered = (_first(cells, n) for n in (_SPEAKER, _CONVERSATION, _REPLY))
        thread = thread or ("" if answered else key)
        if _is_heading(cells):
            self.headings[key] = text.strip()
            return None
        if is_gone(text):
            return None
        if answered == key or answered in self.headings:
            answered = ""
        title = titled("", text) if key == thread else self.headings.get(thread, "")
        return Message(
            text=text,
            id=key,
            author="" if is_gone(speaker) else speaker,
            time=self.times.read(cells.get("timestamp")),
            thread=thread,
            title=title,
            reply_to=answered,
            place=row.place,
        )


def _first(cells: dict[str, Any], names: tuple[str, ...]) -> str:
    """Return the value of the first of some keys that holds one."""
    return next(filter(None, (name_of(cells, name) for name in names)), "")


def _is_heading(cells: dict[str, Any]) -> bool:
    about = cells.get("meta")
    return isinstance(about, dict) and about.get("is_section_header") is True
