"""Which message of a growing thread each message answers, and what that one says."""

from dataclasses import replace

from tonecheck.conversation.latest import Latest
from tonecheck.exports.inferred import Replies
from tonecheck.messages import Message

KEPT = 10_000
"""How many of a thread's latest messages can be answered; older ones are forgotten."""


class Links:
    r"""Fills in what the messages of one thread leave out, as they come.

    A message without an id gets its number. One that names what it answers gets the text of it as
    its parent. As long as no message of the thread has named one, what is answered is worked out
    from quotes, mentions and times, and marked as inferred.

    Example:
        >>> links = Links()
        >>> asked = links.fill(Message(text="Why the median?", author="Ana"))
        >>> reply = links.fill(Message(text="> Why the median?\nOutliers.", author="Ben"))
        >>> reply.reply_to, reply.parent, reply.inferred
        ('1', 'Why the median?', True)
    """

    def __init__(self) -> None:
        self._texts = Latest[str, str](KEPT)
        self._replies: Replies | None = Replies()
        self._count = 0

    def fill(self, message: Message) -> Message:
        """Return the next message, with its id, what it answers and the text of that."""
        self._count += 1
        key = message.id or str(self._count)
        answers, inferred = message.reply_to, message.inferred
        if answers and not inferred:
            self._replies = None  # the source names what is answered: no name, no answer
        if self._replies is not None:
            found = self._replies.answered(
                key, message.text, author=message.author, time=message.time
            )
            if not answers and found:
                answers, inferred = found, True
        parent = self._texts.get(answers) if message.parent is None else message.parent
        self._texts.put(key, message.text)
        return replace(message, id=key, reply_to=answers, parent=parent, inferred=inferred)
