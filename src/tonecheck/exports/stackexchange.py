"""Stack Exchange: the posts and comments of a site's data dump."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn
from xml.parsers import expat

from tonecheck.errors import InputError
from tonecheck.exports.base import (
    MAX_DEPTH,
    MAX_RECORD,
    SNIFF_BYTES,
    Reader,
    Row,
    moment,
    name_of,
    need,
)
from tonecheck.exports.html import html_to_text
from tonecheck.exports.rows import messages, notice
from tonecheck.exports.streams import Decoded, head_text
from tonecheck.messages import BadRow, Message

_START = re.compile(
    r"\s{0,100}(?:<\?xml[^<>]{0,200}\?>)?\s{0,100}<(?:posts|comments)>\s{0,100}<row\s"
)
_TABLES = frozenset(("posts", "comments"))
# Questions, answers and nominations of moderators. The other kinds are texts about tags and help.
_QUESTION, _ANSWER, _NOMINATION = "1", "2", "6"
_WRITTEN = frozenset((_QUESTION, _ANSWER, _NOMINATION))
_COMMUNITY = "-1"  # the user under whose name the software speaks

# What XML forbids even as a reference, and old dumps hold: people pasted it into their posts.
_CONTROL = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_REFERENCE = re.compile(r"&#(?:x([0-9a-fA-F]{1,8})|([0-9]{1,8}));")
_UNFINISHED = re.compile(r"&#?[0-9a-zA-Z]{0,9}\Z")
_REFERENCE_LENGTH = 12

_REST = "so the rest was not read. Download or unpack it again."
_CUT = "the file breaks off here, so the rest is missing. Download or unpack it again."
_BROKEN = f"the XML is broken from here on, {_REST}"
_DOCTYPE = (
    "it declares a document type (DTD), which no data dump does and which can be made to fill the "
    "memory, so it is not read. Give the file as it was downloaded."
)
_LONG = f"a row here is longer than {MAX_RECORD:,} characters, {_REST}"
_DEEP = f"it nests deeper than {MAX_DEPTH} levels, {_REST}"


class StackExchange(Reader):
    """Reads `Posts.xml` or `Comments.xml` of the data dump of a Stack Exchange site.

    An answer replies to its question and stands in its thread. A comment replies to a post; as
    `Comments.xml` does not say which question an answer belongs to, the comments on an answer are
    a thread of their own. The files hold numbers for people, not names; someone who was deleted
    keeps a name. What the software says in the name of the community is left out. Ids hold within
    one site, so the sites of a network should be audited one by one.
    """

    name = "stackexchange"
    title = "Stack Exchange data dump"
    how_to = (
        "On a Stack Exchange site, open the settings of your profile and choose Data dump access; "
        "older dumps lie at archive.org/details/stackexchange. Unpack the .7z file. "
        "Give tonecheck its Posts.xml and, to have the comments as well, its Comments.xml."
    )
    files = (".xml",)

    def sniff(self, path: Path) -> bool:
        """Return whether a file is XML that begins with a row of posts or comments."""
        return _START.match(head_text(path)) is not None

    def read(self, path: Path) -> Iterator[Message | BadRow]:
        """Yield the posts or comments of a site.

        Raises:
            InputError: If the file is not XML, declares a document type, or holds another table.
        """
        table = _Table(path.name)
        yield from messages(table.read(path), table.message)


class _Table:
    """Follows the XML of one table, with no tree: what a row holds are its attributes."""

    def __init__(self, name: str) -> None:
        self._file = name
        self._kind = ""  # what the outermost element is called
        self._depth = 0
        self._since = 0  # how much was read since the last tag
        self._rows: list[Row] = []
        self._parser = expat.ParserCreate()
        self._parser.StartDoctypeDeclHandler = _refuse  # and with it every entity
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end

    def read(self, path: Path) -> Iterator[Row | BadRow]:
        """Yield the rows of a file; a place is a line.

        Raises:
            InputError: If the file as a whole is not such a table.
        """
        with path.open("rb") as file, Decoded(file) as source:
            problem, at_end = "", False
            while not at_end and not problem:
                text = _portion(source)
                at_end = not text
                problem = self._feed(text)
                yield from self._rows
                self._rows.clear()
            if problem and not self._kind:
                raise InputError(problem, place=str(path))
            if problem:
                line = self._parser.CurrentLineNumber
                yield BadRow(place=f"{self._file}:{line}", reason=problem, kind="rest")
            yield from notice(self._file, source)

    def message(self, row: Row) -> Message | None:
        """Return the message of a row, or None where nobody speaks in it."""
        return _post(row) if self._kind == "posts" else _comment(row)

    def _feed(self, text: str) -> str:
        """Take in more of the file, or its end, and return what is wrong with it."""
        self._since += len(text)
        try:
            self._parser.Parse(text, not text)
        except expat.ExpatError:
            return _BROKEN if text else _CUT
        except InputError as err:
            return str(err)
        return _LONG if self._since > MAX_RECORD else ""

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        self._since = 0
        if self._depth == 1 and name not in _TABLES:
            raise InputError(
                f"it holds <{name[:40]}>, and only <posts> and <comments> can be read. "
                "Give the Posts.xml or Comments.xml of the dump."
            )
        if self._depth == 1:
            self._kind = name
        elif self._depth == 2 and name == "row":
            place = f"{self._file}:{self._parser.CurrentLineNumber}"
            self._rows.append(Row(place, attributes))
        elif self._depth > MAX_DEPTH:
            raise InputError(_DEEP)

    def _end(self, _: str) -> None:
        self._depth -= 1
        self._since = 0


def _refuse(*_: object) -> NoReturn:
    raise InputError(_DOCTYPE)


def _post(row: Row) -> Message | None:
    """Return the message of a post, or None where the software wrote it or it is about a tag."""
    cells = row.cells
    kind = need(cells, "PostTypeId", str)
    if kind not in _WRITTEN or cells.get("OwnerUserId") == _COMMUNITY:
        return None
    key = need(cells, "Id", str)
    parent = need(cells, "ParentId", str) if kind == _ANSWER else name_of(cells, "ParentId")
    return Message(
        text=html_to_text(need(cells, "Body", str)),
        id=key,
        author=_author(cells, "OwnerUserId", "OwnerDisplayName"),
        time=moment(need(cells, "CreationDate", str)),
        thread=parent or key,
        title=name_of(cells, "Title"),
        reply_to=parent,
        place=row.place,
    )


def _comment(row: Row) -> Message | None:
    """Return the message of a comment, or None where the software wrote it."""
    cells = row.cells
    if cells.get("UserId") == _COMMUNITY:
        return None
    post = need(cells, "PostId", str)
    return Message(
        text=need(cells, "Text", str),  # what was typed, in Markdown, unlike the body of a post
        id="comment-" + need(cells, "Id", str),  # posts are numbered for themselves
        author=_author(cells, "UserId", "UserDisplayName"),
        time=moment(need(cells, "CreationDate", str)),
        thread=post,
        reply_to=post,
        place=row.place,
    )


def _author(cells: dict[str, str], key: str, name: str) -> str:
    """Return whom a number stands for, as sites call people who gave no name; or a deleted name."""
    return f"user{cells[key]}" if cells.get(key) else name_of(cells, name)


def _portion(source: Decoded) -> str:
    """Return the next part of a file, without what XML forbids, or nothing at its end."""
    text = source.read(SNIFF_BYTES)
    # A reference cut in two would be seen by nobody but the parser, which stops at a forbidden one.
    while _UNFINISHED.search(text[-_REFERENCE_LENGTH:]) and len(text) < 2 * SNIFF_BYTES:
        more = source.read(1)
        if not more:
            break
        text += more
    return _REFERENCE.sub(_allowed, _CONTROL.sub("\ufffd", text))


def _allowed(found: re.Match[str]) -> str:
    code = int(found[1], 16) if found[1] else int(found[2])
    if code > 0x10FFFF or _CONTROL.match(chr(code)):
        return "\ufffd"
    return found[0]
