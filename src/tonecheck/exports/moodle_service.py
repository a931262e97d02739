"""Moodle: the posts of discussions as its web service gives them."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tonecheck.errors import InputError
from tonecheck.exports.base import Reader, Row, moment, name_of, need, topic_of
from tonecheck.exports.moodle import post_text
from tonecheck.exports.people import People
from tonecheck.exports.rows import json_rows, messages
from tonecheck.exports.streams import head_text, json_shape, leading_items
from tonecheck.messages import BadRow, Message

_POSTS = ("posts.item", "item.posts.item")
# One stands before the text of a post and one behind it, so a long one cannot hide both. In a text
# the quotes would be escaped.
_KEYS = ('"replysubject"', '"discussionid"')
_ROOT = ("", "0")


class MoodleService(Reader):
    """Reads what `mod_forum_get_discussion_posts` answers, or a list of such answers.

    Deleted posts, and those that whoever asked may not see, hold a notice in the site's language
    in place of their text, so they are left out. The newest post stands first, and messages keep
    the order of the file. The file is read twice, and never held.
    """

    name = "moodle-service"
    title = "Moodle web service posts"
    how_to = (
        "Teachers export a forum more easily from its own menu (format moodle). Where a token for "
        "the site's web service is at hand, open webservice/rest/server.php of the site with "
        "?wstoken=TOKEN&moodlewsrestformat=json&discussionid=DISCUSSION and "
        "&wsfunction=mod_forum_get_discussion_posts behind it, and save the answer as a .json "
        "file. Answers for several discussions may stand in one file, as a JSON list."
    )
    files = (".json",)

    def sniff(self, path: Path) -> bool:
        """Return whether a file is JSON with posts as the web service writes them."""
        try:
            text = head_text(path)
        except OSError:
            return False
        return _has_posts(text) and any(key in text for key in _KEYS)

    def read(self, path: Path) -> Iterator[Message | BadRow]:
        """Yield the posts of one discussion or several.

        Raises:
            InputError: If it is no answer with posts.
        """
        if not _has_posts(head_text(path)):
            raise InputError(
                'holds no "posts" of the web service. Check the token and the number of the '
                "discussion, and save the answer again.",
                place=str(path),
            )
        discussions = _Discussions()
        for item in leading_items(path, _POSTS):
            if isinstance(item.value, dict):
                discussions.note(item.value)
        yield from messages(json_rows(path, _POSTS), discussions.message)


def _has_posts(text: str) -> bool:
    shape = json_shape(text)
    return shape is not None and shape.lists < 2 and "posts" in shape.keys


@dataclass(slots=True)
class _Discussions:
    """What has to be known of discussions before their posts can be read."""

    titles: dict[str, str] = field(default_factory=dict)
    people: People = field(default_factory=People)

    def note(self, cells: dict[str, Any]) -> None:
        """Take in who wrote a post, and what the discussion is called that it opens."""
        try:
            self.people.note(*_author(cells))
            if name_of(cells, "parentid") in _ROOT and not _is_gone(cells):
                self.titles[name_of(cells, "discussionid")] = name_of(cells, "subject")
        except InputError:
            return  # the real reading reports it

    def message(self, row: Row) -> Message | None:
        """Return the message of a post, or None where it is deleted or hidden."""
        cells = row.cells
        for key in ("id", "discussionid"):
            if not name_of(cells, key):
                raise InputError(f'"{key}" is missing. Save the answer again, as Moodle gives it.')
        if _is_gone(cells):
            return None
        thread, parent = name_of(cells, "discussionid"), name_of(cells, "parentid")
        return Message(
            text=post_text(need(cells, "message", str), name_of(cells, "messageformat")),
            id=name_of(cells, "id"),
            author=self.people.label(*_author(cells)),
            time=moment(cells.get("timecreated")),
            thread=thread,
            title=self.titles.get(thread) or topic_of(name_of(cells, "subject")),
            reply_to="" if parent in _ROOT else parent,
            place=row.place,
        )


def _is_gone(cells: dict[str, Any]) -> bool:
    """Return whether a notice stands in place of a text: the post is deleted, or hidden."""
    may = cells.get("capabilities")
    is_hidden = isinstance(may, dict) and may.get("view") in (False, 0)
    return is_hidden or cells.get("isdeleted") in (True, 1)


def _author(cells: dict[str, Any]) -> tuple[str, str]:
    """Return the id and the name of an author; whoever is hidden has no id and is not named."""
    if cells.get("author") is None:
        return "", ""
    author = need(cells, "author", dict)
    key = name_of(author, "id")
    return key, name_of(author, "fullname") if key else ""
