"""What the threads that are kept show together: read from stored verdicts, never judged again."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tonecheck.conversation.pattern import Finding
from tonecheck.conversation.reader import ThreadReader
from tonecheck.messages import Message
from tonecheck.service.store import Store
from tonecheck.service.tables import ReplyRow
from tonecheck.verdict import Verdict

MOST_READ = 200
"""How many of a thread's latest replies are read."""

_SILENCE = {"unanswered_question"}


def concerns(store: Store, community: str, thread: str) -> tuple[Finding, ...]:
    """Return the patterns that a thread shows, the most urgent first; messages by their numbers.

    Who answers whom is known from the words of what is answered, and so only where texts are kept;
    without it patterns between people are not found. Silence is not counted: a forum may send a
    few of its replies only.
    """
    moment = func.coalesce(ReplyRow.time, ReplyRow.judged_at)
    query = (
        select(ReplyRow)
        .where(ReplyRow.community == community, ReplyRow.thread == thread)
        .order_by(moment.desc(), ReplyRow.id.desc())
        .limit(MOST_READ)
    )
    with Session(store.engine) as session:
        rows = list(reversed(session.scalars(query).all()))
    reader = ThreadReader(thread, newcomers=())
    said: dict[str, str] = {}  # by its words, the reply that said them last
    for row in rows:
        answers = said.get(row.parent, "") if row.parent else ""
        message = Message(text=row.text, id=str(row.id), author=row.author, reply_to=answers)
        reader.add(message, Verdict.from_dict(row.verdict))
        said[row.text] = str(row.id)
    return tuple(found for found in reader.report().concerns if found.pattern not in _SILENCE)
