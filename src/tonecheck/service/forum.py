"""The Discourse forum behind the hooks: asked for what a post answers, and told of flags."""

import logging
import time
from datetime import datetime
from typing import Any

from tonecheck.conversation.latest import Latest
from tonecheck.errors import ConfigError
from tonecheck.exports.html import html_to_text
from tonecheck.service.outbound import Limits, Outbound, OutboundError
from tonecheck.service.settings import Settings

NOTIFY_MODERATORS = 7
"""The one type of flag that puts a post before moderators and can never hide it by itself."""

_REGULAR = 1  # the other types: moderator's action, small action, whisper
_KEPT = 512
_KEPT_SECONDS = 300.0
_log = logging.getLogger(__name__)


class Forum:
    """A Discourse forum, over its API, and what its hooks said lately.

    Args:
        outbound: Asks the forum, with a key; without one only what hooks said is known.
    """

    def __init__(self, outbound: Outbound | None) -> None:
        self._outbound = outbound
        self._texts = Latest[tuple[int, int], tuple[float, str | None]](_KEPT)
        self._newest = Latest[int, datetime](_KEPT)

    def is_newest(self, post: int, moment: datetime | None) -> bool:
        """Note when a post was changed; return False if we know of a later change to it.

        Forums try again what failed, so that what was written first may arrive last.
        """
        if moment is None:
            return True
        known = self._newest.get(post)
        if known is not None and known > moment:
            return False
        self._newest.put(post, moment)
        return True

    async def text(self, topic: int, number: int) -> str | None:
        """Return what a post says, or None where the public does not see it or nobody answers."""
        kept = self._texts.get((topic, number))
        if kept and kept[0] > time.monotonic():
            return kept[1]
        if self._outbound is None:
            return None
        try:
            answer = await self._outbound.get(f"/posts/by_number/{topic}/{number}.json")
        except OutboundError as err:
            _log.warning("the forum was not asked for a parent: %s", err)
            return None
        if answer.status != 200 or not isinstance(answer.data, dict):
            _log.warning("the forum answered %s when asked for a parent", answer.status)
            return None
        found = text_of(answer.data) if is_public_post(answer.data) else None
        self.remember(topic, number, found)
        return found

    def remember(self, topic: int, number: int, text: str | None) -> None:
        """Keep what a post says for some minutes, so that answers to it need no call."""
        self._texts.put((topic, number), (time.monotonic() + _KEPT_SECONDS, text))

    async def flag(self, post: int, message: str) -> None:
        """Put a post before the moderators; a second flag changes nothing.

        Raises:
            OutboundError: If the forum did not take it.
        """
        form = {
            "id": str(post),
            "post_action_type_id": str(NOTIFY_MODERATORS),
            "message": message,
        }
        if self._outbound is None:
            raise OutboundError("there is no key to flag with")
        answer = await self._outbound.post("/post_actions.json", form)
        if answer.status in {200, 201}:
            return
        if answer.status in {403, 422} and await _is_flagged(self._outbound, post):
            return
        raise OutboundError(f"the forum answered {answer.status} to a flag")

    async def close(self) -> None:
        """Close the connections."""
        if self._outbound is not None:
            await self._outbound.close()


def open_forum(settings: Settings) -> Forum:
    """Return the forum that the settings name.

    Raises:
        ConfigError: If its address cannot be used, or flags are wanted without address and key.
    """
    key = settings.discourse_key.get_secret_value()
    if not (settings.discourse_url and key):
        if settings.discourse_flag != "off":
            raise ConfigError(
                f"service.discourse_flag is {settings.discourse_flag!r}, which needs discourse_url "
                "and discourse_key as well. Set both, or set it to off."
            )
        return Forum(None)
    headers = {"Api-Key": key, "Api-Username": settings.discourse_user}
    limits = Limits(private=settings.discourse_internal)
    try:
        return Forum(Outbound(settings.discourse_url, headers=headers, limits=limits))
    except ConfigError as err:
        raise ConfigError(f"service.discourse_url: {err}") from None


def is_public_post(post: dict[str, Any]) -> bool:
    """Return whether everybody in a topic sees a post: no whisper, not hidden, not deleted."""
    gone = post.get("hidden") or post.get("deleted_at") or post.get("user_deleted")
    return post.get("post_type") == _REGULAR and not gone


def text_of(post: dict[str, Any]) -> str | None:
    """Return what the author of a post wrote: its Markdown, else the text of its HTML."""
    raw, cooked = post.get("raw"), post.get("cooked")
    if isinstance(raw, str):
        return raw
    return html_to_text(cooked) if isinstance(cooked, str) else None


async def _is_flagged(outbound: Outbound, post: int) -> bool:
    """Return whether our flag is there already: the words of a refusal depend on the language."""
    answer = await outbound.get(f"/posts/{post}.json")
    done = answer.data.get("actions_summary") if isinstance(answer.data, dict) else None
    return any(
        isinstance(one, dict) and one.get("id") == NOTIFY_MODERATORS and one.get("acted")
        for one in (done if isinstance(done, list) else [])
    )
