"""API keys: made once, shown once, and kept as a digest only."""

import hashlib
import secrets
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from tonecheck.errors import InputError
from tonecheck.service.records import Caller, Scope
from tonecheck.service.store import Store, now, storable
from tonecheck.service.tables import KeyRow

MARK = "tck_"  # so that scanners of leaked secrets can tell one
FRESH = 1.0  # seconds
MOST_NAME = 200
_BYTES = 32  # 256 bits from the system's source: a plain digest is enough, no slow hash needed


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A key as an operator sees it; the key itself is not kept.

    Attributes:
        id: Its number, by which the log names it.
    """

    id: int
    name: str
    scopes: frozenset[Scope]
    per_minute: int | None
    created_at: datetime
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class _Known:
    """What the store said of its keys, and when."""

    at: float
    ever: bool
    callers: Mapping[str, Caller]


class Keys:
    """The API keys in a store.

    Who a key belongs to is looked up at most once in `FRESH` seconds: that is how long another
    process may go on with a key that this one revoked.
    """

    def __init__(self, store: Store) -> None:
        self._engine = store.engine
        self._known: _Known | None = None

    def add(self, name: str, scopes: Iterable[Scope], *, per_minute: int | None = None) -> str:
        """Make a key and return it; nobody can see it again.

        Raises:
            InputError: If the name is taken, empty, too long or not to be stored, there is no
                scope, or the rate is below 1.
        """
        chosen = sorted({str(scope) for scope in scopes})
        if not name.strip() or not chosen:
            raise InputError("a key needs a name and at least one scope. Give both.")
        if len(name) > MOST_NAME or storable(name) != name:
            raise InputError(
                f"a key's name must be up to {MOST_NAME} ordinary characters. Take a shorter one."
            )
        if per_minute is not None and per_minute < 1:
            raise InputError(f"a rate must be at least 1 a minute, got {per_minute}.")
        key = MARK + secrets.token_urlsafe(_BYTES)
        row = KeyRow(
            name=name,
            digest=digest(key),
            scopes=chosen,
            per_minute=per_minute,
            created_at=now(),
        )
        try:
            with Session(self._engine) as session, session.begin():
                session.add(row)
        except IntegrityError:
            raise InputError(f"there is a key {name!r} already. Take another name.") from None
        self._known = None
        return key

    def find(self, key: str) -> Caller | None:
        """Return whose key this is, or None if it is nobody's or revoked."""
        return self._fresh().callers.get(digest(key))

    def ever(self) -> bool:
        """Return whether a key was ever made: from then on one is needed, revoked or not."""
        return self._fresh().ever

    def _fresh(self) -> _Known:
        known = self._known
        if known is None or time.monotonic() - known.at > FRESH:
            with Session(self._engine) as session:
                rows = session.scalars(select(KeyRow)).all()
            callers = {row.digest: _caller(row) for row in rows if row.revoked_at is None}
            known = self._known = _Known(time.monotonic(), bool(rows), callers)
        return known

    def all(self) -> list[Key]:
        """Return every key, revoked ones too, the oldest first."""
        with Session(self._engine) as session:
            return [
                Key(
                    id=row.id,
                    name=row.name,
                    scopes=frozenset(map(Scope, row.scopes)),
                    per_minute=row.per_minute,
                    created_at=row.created_at.replace(tzinfo=UTC),
                    revoked_at=row.revoked_at and row.revoked_at.replace(tzinfo=UTC),
                )
                for row in session.scalars(select(KeyRow).order_by(KeyRow.id))
            ]

    def revoke(self, name: str) -> None:
        """Make a key worthless from now on.

        Raises:
            InputError: If there is no such key, or it is revoked already.
        """
        query = select(KeyRow).where(KeyRow.name == name, KeyRow.revoked_at.is_(None))
        with Session(self._engine) as session, session.begin():
            row = session.scalars(query).first()
            if row is not None:
                row.revoked_at = now()
            else:
                raise InputError(f"there is no key {name!r} in use. `tonecheck keys list` has all.")
        self._known = None


def _caller(row: KeyRow) -> Caller:
    return Caller(
        key_id=row.id,
        name=row.name,
        scopes=frozenset(map(Scope, row.scopes)),
        per_minute=row.per_minute,
    )


def digest(key: str) -> str:
    """Return what is kept of a key: its SHA-256."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
