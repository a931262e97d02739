"""Discourse: the archive of what one person wrote."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path, PurePosixPath

from tonecheck.errors import InputError
from tonecheck.exports.archive import member_heads, member_rows, opened
from tonecheck.exports.base import Reader, Row, Times, name_of
from tonecheck.exports.html import html_to_text
from tonecheck.exports.rows import csv_lines, csv_rows, header, messages
from tonecheck.exports.streams import head
from tonecheck.messages import BadRow, Message

_ZIP = b"PK"
_POSTS = "user_archive.csv"
_HEADER = frozenset(("topic_title", "is_pm", "url", "created_at"))
_TEXTS = frozenset(("post_raw", "post_cooked", "post"))  # the last one in older versions
_FOLDER = re.compile(r"user_archive-([\w.-]{1,100})-\d{6}-\d{6}(?:-\d{1,20})?(?![\w-])")
_URL = re.compile(r"/t/(?:[^/]*/)?(\d{1,20})/(\d{1,20})/?\Z", re.ASCII)
# What takes the place of a text that its author deleted; other languages have their own words.
_GONE = re.compile(
    r"\((?:post|topic) (?:deleted by author|withdrawn by author, [^()\n]{1,100})\)", re.IGNORECASE
)
_RESAVED = "Give user_archive.csv as Discourse made it, not as a spreadsheet saved it again."
_QUOTE = re.compile(r"\[quote=[^\]\n]{0,200}?post: ?(\d{1,20}), topic: ?(\d{1,20})", re.ASCII)


class DiscourseArchive(Reader):
    """Reads `user_archive.csv`, the posts of one person, alone or in the zip that Discourse sends.

    Ids are made of the topic and the number of the post, both from its address. Replies are
    inferred: a post that quotes one earlier post of its topic, and no other, answers that one. The
    author is known by the name of the zip or its folder only. Messages to single people are in it,
    too, and so is what others deleted; nothing there tells, except where the author did.
    """

    name = "discourse-archive"
    title = "Discourse user archive"
    how_to = (
        "In Discourse open your own Preferences > Account and choose to export your data (in older "
        "versions Activity > Download My Posts). A message brings a link to a .zip: give tonecheck "
        "that .zip under its own name, which tells whose it is, or the user_archive.csv in it. It "
        "holds your posts alone, so what they answer is missing."
    )
    files = (".csv", ".zip")

    def sniff(self, path: Path) -> bool:
        """Return whether a file is the CSV of an archive, or a zip that holds it."""
        try:
            if not head(path).startswith(_ZIP):
                return _is_archive(*header(path))
            return any(
                _is_archive(",", text.partition("\n")[0].strip())
                for text in member_heads(path, _is_posts)
            )
        except OSError:
            return False

    def read(self, path: Path) -> Iterator[Message | BadRow]:
        """Yield the posts, oldest first.

        Raises:
            InputError: If it is no archive, or a zip that is cut off or too large.
        """
        if not self.sniff(path):
            raise InputError(
                "holds no user_archive.csv of Discourse, with the columns topic_title, is_pm, "
                "post_raw, url and created_at. Give the .zip or the .csv as it was downloaded.",
                place=str(path),
            )
        # Unpacked, the folder has the name that the zip had.
        names = (path.name, path.absolute().parent.name)
        found = next(filter(None, map(_FOLDER.match, names)), None)
        archive = _Archive(found[1] if found else "")
        yield from messages(_archive_rows(path), archive.message)
        yield from archive.times.notice(path.name, _RESAVED)


def _is_archive(mark: str, first: str) -> bool:
    columns = set(first.replace('"', "").lower().split(mark))
    return columns >= _HEADER and not _TEXTS.isdisjoint(columns)


def _is_posts(name: str) -> bool:
    return PurePosixPath(name).name == _POSTS


def _archive_rows(path: Path) -> Iterator[Row | BadRow]:
    if not head(path).startswith(_ZIP):
        yield from csv_rows(path)
        return
    with opened(path) as archive:
        for name in filter(_is_posts, archive.namelist()):
            yield from member_rows(archive, name, partial(csv_lines, name=_POSTS), shown=_POSTS)


@dataclass(slots=True)
class _Archive:
    """What has to be known to read the posts of one person."""

    author: str
    times: Times = field(default_factory=Times)

    def message(self, row: Row) -> Message | None:
        """Return the message of a row, or None where its author deleted it or wrote nothing."""
        cells = row.cells
        raw = name_of(cells, "post_raw") or name_of(cells, "post")
        text = raw or html_to_text(name_of(cells, "post_cooked"))
        if not text.strip() or _GONE.fullmatch(text.strip()):
            return None
        url = name_of(cells, "url")
        place = _URL.search(url[-1_000:])
        if place is None:
            raise InputError(
                f'"url" must end in the numbers of a topic and a post, such as '
                f"…/t/welcome/12/3, got {url[-40:]!r}."
            )
        topic, number = place.groups()
        answered = quoted_post(raw, topic, number)
        return Message(
            text=text,
            id=f"{topic}/{number}",
            author=self.author,
            time=self.times.read(cells.get("created_at")),
            thread=topic,
            title=name_of(cells, "topic_title"),
            reply_to=f"{topic}/{answered}" if answered else "",
            place=row.place,
            inferred=bool(answered),
        )


def quoted_post(raw: str, topic: str, number: str) -> str:
    """Return the number of the one earlier post of its topic that a post quotes, or nothing."""
    quotes = set(_QUOTE.findall(raw))
    if len(quotes) != 1:
        return ""
    post, other = quotes.pop()
    is_earlier = (len(post), post) < (len(number), number)  # digits, but perhaps thousands of them
    return post if other == topic and is_earlier else ""
