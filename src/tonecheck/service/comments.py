"""The comments that Perspective's clients send, in the JSON form of protocol buffers."""

import json
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, Field, model_validator

# Bounded and, which comes with it in pydantic, without lone surrogates: answers repeat these.
_Word = Annotated[str, Field(max_length=200)]


class ProtoMessage(BaseModel):
    """A message of proto3, where a field that is null is one that was not sent.

    Source: protobuf.dev/programming-guides/json.
    """

    @model_validator(mode="before")
    @classmethod
    def _leave_out_nulls(cls, value: object) -> object:
        """Return the fields that were sent."""
        if not isinstance(value, Mapping):
            return value
        return {name: field for name, field in value.items() if field is not None}


class TextEntry(ProtoMessage):
    """A text and its type."""

    text: str = ""
    type: str = ""


class Pair(ProtoMessage):
    """An article, and the comment that is answered."""

    article: TextEntry = TextEntry()
    parentComment: TextEntry = TextEntry()  # noqa: N815  the protocol's name


class Context(ProtoMessage):
    """What stands before a comment."""

    entries: list[TextEntry] | None = None
    articleAndParentComment: Pair | None = None  # noqa: N815  the protocol's name


class Comment(ProtoMessage):
    """What both methods share."""

    comment: TextEntry = TextEntry()
    context: Context = Context()
    languages: list[_Word] = []
    clientToken: Annotated[str, Field(max_length=1_000)] = ""  # noqa: N815  the protocol's name
    communityId: _Word = ""  # noqa: N815  the protocol's name

    @property
    def parent(self) -> str | None:
        """Return the text that the comment answers, if it is given."""
        if self.context.articleAndParentComment is not None:
            return self.context.articleAndParentComment.parentComment.text or None
        entries = self.context.entries or []
        return (entries[-1].text or None) if entries and not self.note else None

    @property
    def note(self) -> Mapping[str, Any]:
        """Return what Coral writes in place of a context: a JSON object with an address."""
        entries = self.context.entries or []
        try:
            found = json.loads(entries[0].text) if entries else {}
        except (ValueError, RecursionError):
            return {}
        return found if isinstance(found, dict) and "Coral_comment_id" in found else {}


class Wanted(ProtoMessage):
    """How an attribute is wanted."""

    scoreType: _Word = ""  # noqa: N815  the protocol's name
    scoreThreshold: Annotated[float, Field(allow_inf_nan=False)] = 0.0  # noqa: N815  the protocol's


class AnalyzeRequest(Comment):
    """The request of `comments:analyze`."""

    requestedAttributes: dict[_Word, Wanted] = {}  # noqa: N815  the protocol's name
    spanAnnotations: bool = False  # noqa: N815  the protocol's name


class Score(ProtoMessage):
    """A score that a person gives."""

    value: Annotated[float, Field(ge=0, le=1)]


class Suggested(ProtoMessage):
    """The scores of an attribute; those of spans are not read."""

    summaryScore: Score  # noqa: N815  the protocol's name


class SuggestRequest(Comment):
    """The request of `comments:suggestscore`."""

    attributeScores: dict[_Word, Suggested] = {}  # noqa: N815  the protocol's name
