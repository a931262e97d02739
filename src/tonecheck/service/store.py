"""Keeps what was judged and what people decided, in SQLite or PostgreSQL.

Every method is one transaction and blocks; routers call it in a thread. What people wrote is kept
only where the operator said so.
"""

import os
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import ColumnElement, Engine, create_engine, delete, event, select
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlalchemy.orm import Session

from tonecheck.errors import ConfigError
from tonecheck.labels import TONES, Tone
from tonecheck.service.records import Decision, NewDecision, NewReply, Reply, Status
from tonecheck.service.settings import Settings
from tonecheck.service.tables import DecisionRow, DeliveryRow, ReplyRow
from tonecheck.verdict import Verdict

_UNSTORABLE = re.compile("[\ud800-\udfff\0]")


def now() -> datetime:
    """Return the present moment as the tables keep it: UTC, without a zone."""
    return datetime.now(UTC).replace(tzinfo=None)


def connect(url: str) -> Engine:
    """Return an engine for a database URL; SQLite in WAL mode, with foreign keys.

    A file that SQLite is yet to make can be read by its owner only.
    """
    engine = create_engine(url, pool_pre_ping=True)
    if engine.dialect.name == "sqlite":
        _make_private(engine.url.database)
        event.listen(engine, "connect", _prepare_sqlite)
    return engine


def open_store(settings: Settings) -> "Store":
    """Return the store that the settings name, with the tables that were missing.

    Raises:
        ConfigError: If the database cannot be reached, its address cannot be read, or a newer
            version has used it.
    """
    try:
        store = Store(connect(settings.database), keep_text=settings.keep_text)
        store.create()
    except (SQLAlchemyError, ImportError) as err:
        # Not the error's own words: they may hold the password of the address.
        raise ConfigError(
            f"service.database cannot be used ({type(err).__name__}). Give an address such as "
            "sqlite:///tonecheck.sqlite or postgresql+psycopg://user@host/database."
        ) from None
    except CommandError:
        raise ConfigError(
            "service.database has tables of a newer tonecheck. Install that version again, or put "
            "the copy back that was made before it."
        ) from None
    return store


class Store:
    """The store of one service.

    Attributes:
        keep_text: Whether texts are kept with a reply.
    """

    def __init__(
        self, engine: Engine, *, keep_text: bool, clock: Callable[[], datetime] = now
    ) -> None:
        self.engine = engine
        self.keep_text = keep_text
        self._clock = clock

    def create(self) -> None:
        """Make the tables, or bring those of an earlier version up to date."""
        config = Config()
        config.set_main_option("script_location", "tonecheck.service:migrations")
        with self.engine.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")

    def ping(self) -> None:
        """Ask the database for nothing; raises what SQLAlchemy raises if it does not answer."""
        with self.engine.connect() as connection:
            connection.execute(select(1))

    def record(self, reply: NewReply) -> int:
        """Keep a judged reply and return its number; one judged before is replaced.

        A reply that a person decided on keeps its place in the queue.
        """
        try:
            return self._record(reply)
        except IntegrityError:  # another request has kept the same reply in the meantime
            return self._record(reply)

    def _record(self, reply: NewReply) -> int:
        with Session(self.engine) as session, session.begin():
            row = session.scalars(_named(reply.source, reply.community, reply.external_id)).first()
            if row is None:
                row = ReplyRow(status=str(Status.OPEN if reply.queued else Status.UNQUEUED))
                session.add(row)
            elif row.status in {Status.OPEN, Status.UNQUEUED}:
                row.status = str(Status.OPEN if reply.queued else Status.UNQUEUED)
            self._fill(row, reply)
            session.flush()
            return row.id

    def reply(self, number: int) -> Reply | None:
        """Return a reply by its number, or None if there is none."""
        with Session(self.engine) as session:
            row = session.get(ReplyRow, number)
            return None if row is None else _reply(row)

    def find(self, source: str, community: str, external_id: str) -> Reply | None:
        """Return a reply by the forum's own id, or None if it was not kept."""
        with Session(self.engine) as session:
            row = session.scalars(_named(source, community, external_id)).first()
            return None if row is None else _reply(row)

    def queue(
        self, status: Status = Status.OPEN, *, limit: int = 50, before: int | None = None
    ) -> list[Reply]:
        """Return replies of a status, the newest first, from below a number on."""
        wanted = [ReplyRow.status == str(status)]
        if before is not None:
            wanted.append(ReplyRow.id < before)
        return self.newest(wanted, limit=limit)

    def newest(self, wanted: Sequence[ColumnElement[bool]], *, limit: int) -> list[Reply]:
        """Return the replies for which all conditions hold, the newest first."""
        query = select(ReplyRow).where(*wanted).order_by(ReplyRow.id.desc()).limit(limit)
        with Session(self.engine) as session:
            return [_reply(row) for row in session.scalars(query)]

    def decide(self, number: int, decision: NewDecision) -> bool:
        """Keep a decision on a reply; return whether there is such a reply."""
        with Session(self.engine) as session, session.begin():
            row = session.get(ReplyRow, number)
            if row is None:
                return False
            row.status = str(decision.status)
            session.add(
                DecisionRow(
                    reply_id=number,
                    status=str(decision.status),
                    by=decision.by,
                    source=decision.source,
                    labels={str(tone): value for tone, value in decision.labels.items()},
                    at=self._clock(),
                )
            )
            return True

    def decisions(self, number: int) -> list[Decision]:
        """Return the decisions on a reply, the oldest first."""
        query = select(DecisionRow).where(DecisionRow.reply_id == number).order_by(DecisionRow.id)
        with Session(self.engine) as session:
            return [_decision(row) for row in session.scalars(query)]

    def first_delivery(self, source: str, event_id: str) -> bool:
        """Note an event of a forum; return whether it was never noted before."""
        try:
            with Session(self.engine) as session, session.begin():
                session.add(DeliveryRow(source=source, event_id=event_id, at=self._clock()))
        except IntegrityError:
            return False
        return True

    def forget_delivery(self, source: str, event_id: str) -> None:
        """Take a note back, so that the forum may deliver the event again."""
        query = delete(DeliveryRow).where(
            DeliveryRow.source == source, DeliveryRow.event_id == event_id
        )
        with Session(self.engine) as session, session.begin():
            session.execute(query)

    def settle(self) -> None:
        """Have SQLite let go of deleted rows in its journal, which else keeps them for a while.

        Where somebody is reading, it does so the next time. PostgreSQL does so by itself.
        """
        if self.engine.dialect.name == "sqlite":
            with self.engine.connect() as connection:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")

    def _fill(self, row: ReplyRow, reply: NewReply) -> None:
        row.source, row.community = reply.source, storable(reply.community)
        row.external_id, row.author = storable(reply.external_id), storable(reply.author)
        row.thread = storable(reply.thread)
        row.url = storable(reply.url)
        row.time = _plain(reply.time)
        row.judged_at = self._clock()
        row.text = storable(reply.text) if self.keep_text else ""
        row.parent = storable(reply.parent) if self.keep_text else ""
        row.title = storable(reply.title) if self.keep_text else ""  # somebody wrote it, too
        verdict = reply.verdict if self.keep_text else without_words(reply.verdict)
        row.verdict = verdict.to_dict()
        scores = {tone: verdict.tones[tone].probability for tone in TONES}
        row.hostility = scores[Tone.HOSTILITY]
        row.hustling = scores[Tone.HUSTLING]
        row.dismissiveness = scores[Tone.DISMISSIVENESS]


def without_words(verdict: Verdict) -> Verdict:
    """Return a verdict without the words that it quotes: no evidence and no explanation."""
    tones = {tone: replace(score, evidence=()) for tone, score in verdict.tones.items()}
    return replace(verdict, tones=tones, explanation="")


def _make_private(path: str | None) -> None:
    if path and path != ":memory:" and not path.startswith("file:"):
        with suppress(OSError):  # it is there already, or SQLite will say what is wrong
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


def _plain(time: datetime | None) -> datetime | None:
    """Return a time as the tables keep it; one without a zone is UTC, as in all our input."""
    if time is None or time.tzinfo is None:
        return time
    try:
        return time.astimezone(UTC).replace(tzinfo=None)
    except OverflowError:  # before the year 1 or after 9999 in UTC; the reply is still good
        return None


def _prepare_sqlite(connection: Any, _record: object) -> None:  # noqa: ANN401  sqlite3's or async's
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=NORMAL",
        "foreign_keys=ON",
        "secure_delete=ON",  # what is deleted is overwritten
        "busy_timeout=5000",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def storable(text: str) -> str:
    """Return a text that every database takes; each code point keeps its place.

    Lone surrogates have no UTF-8, and PostgreSQL takes no NUL.
    """
    return _UNSTORABLE.sub("\ufffd", text)


def _named(source: str, community: str, external_id: str) -> Any:  # noqa: ANN401  a Select
    return select(ReplyRow).where(
        ReplyRow.source == source,
        ReplyRow.community == storable(community),
        ReplyRow.external_id == storable(external_id),
    )


def _reply(row: ReplyRow) -> Reply:
    return Reply(
        id=row.id,
        source=row.source,
        community=row.community,
        external_id=row.external_id,
        verdict=Verdict.from_dict(row.verdict),
        author=row.author,
        thread=row.thread,
        title=row.title,
        text=row.text,
        parent=row.parent,
        url=row.url,
        time=row.time and row.time.replace(tzinfo=UTC),
        judged_at=row.judged_at.replace(tzinfo=UTC),
        status=Status(row.status),
    )


def _decision(row: DecisionRow) -> Decision:
    return Decision(
        id=row.id,
        reply_id=row.reply_id,
        status=Status(row.status),
        by=row.by,
        source=row.source,
        labels={Tone(name): value for name, value in row.labels.items()},
        at=row.at.replace(tzinfo=UTC),
    )
