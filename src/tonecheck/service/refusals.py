"""What the service says no to; each protocol puts it into the shape that its clients read."""

from collections.abc import Iterable


class Refusal(Exception):  # noqa: N818  an answer, not a failure
    """A request that is not answered as asked.

    Attributes:
        status: The HTTP status.
        code: What went wrong, in one word that does not change, such as `text_empty`.
        message: What was wrong, what is allowed and what to do next. It never quotes a text.
        retry_after: After how many seconds it makes sense to ask again, or None.
        param: The part of the request that it is about, or empty.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        retry_after: int | None = None,
        param: str = "",
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.retry_after = retry_after
        self.param = param


def overloaded(seconds: int = 1) -> Refusal:
    """Return the refusal of a reply that the queue has no room for."""
    return Refusal(
        429,
        "overloaded",
        f"Too many replies are waiting. Ask again in {seconds} s.",
        retry_after=seconds,
    )


def invalid(place: Iterable[object], problem: str) -> Refusal:
    """Return the refusal of a request of which one part cannot be read.

    Args:
        place: The way to that part, from the outside in; empty for the whole.
        problem: What is wrong with it, as pydantic says it, which quotes nothing.
    """
    where = ".".join(map(str, place))
    message = f"{where}: {problem}." if where else f"{problem}."
    return Refusal(422, "invalid_request", message, param=where)


def unreadable() -> Refusal:
    """Return the refusal of a body that cannot be decoded at all."""
    return Refusal(400, "body_unreadable", "The body is not JSON in UTF-8. Send it as that.")
