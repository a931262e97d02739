"""The tables of the store. A change here needs a migration beside it."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    """The root of the tables. Times are UTC without a zone, as SQLite keeps none."""


class ReplyRow(Base):
    """A reply that was judged, and where it stands in the queue."""

    __tablename__ = "replies"
    __table_args__ = (
        UniqueConstraint("source", "community", "external_id"),
        Index("replies_by_status", "status", "judged_at"),
        Index("replies_by_author", "author"),
        Index("replies_by_thread", "thread"),
        Index("replies_by_time", "judged_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    source: Mapped[str] = mapped_column(String(40))
    community: Mapped[str] = mapped_column(String(200))
    external_id: Mapped[str] = mapped_column(String(200))
    author: Mapped[str] = mapped_column(String(200))
    thread: Mapped[str] = mapped_column(String(200))
    title: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)
    parent: Mapped[str] = mapped_column(Text)
    url: Mapped[str] = mapped_column(Text)
    time: Mapped[datetime | None]
    judged_at: Mapped[datetime]
    status: Mapped[str] = mapped_column(String(20))
    hostility: Mapped[float]
    hustling: Mapped[float]
    dismissiveness: Mapped[float]
    verdict: Mapped[dict[str, Any]] = mapped_column(JSON)


class DecisionRow(Base):
    """What a person said about a reply."""

    __tablename__ = "decisions"

    id: Mapped[int] = mapped_column(primary_key=True)
    reply_id: Mapped[int] = mapped_column(ForeignKey("replies.id", ondelete="CASCADE"), index=True)
    status: Mapped[str] = mapped_column(String(20))
    by: Mapped[str] = mapped_column(String(200))
    source: Mapped[str] = mapped_column(String(40))
    labels: Mapped[dict[str, float]] = mapped_column(JSON)
    at: Mapped[datetime] = mapped_column(index=True)


class KeyRow(Base):
    """An API key: its digest, never the key."""

    __tablename__ = "keys"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200), unique=True)
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    scopes: Mapped[list[str]] = mapped_column(JSON)
    per_minute: Mapped[int | None]
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class DeliveryRow(Base):
    """An event that a forum delivered, so that a second delivery does nothing."""

    __tablename__ = "deliveries"
    __table_args__ = (UniqueConstraint("source", "event_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    source: Mapped[str] = mapped_column(String(40))
    event_id: Mapped[str] = mapped_column(String(200))
    at: Mapped[datetime]


class PolicyRow(Base):
    """Thresholds that somebody put in force; bands are empty where those of the settings are."""

    __tablename__ = "policies"
    __table_args__ = (Index("policies_by_model", "model"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    model: Mapped[str] = mapped_column(String(200))
    bands: Mapped[dict[str, dict[str, float]]] = mapped_column(JSON)
    by: Mapped[str] = mapped_column(String(200))
    at: Mapped[datetime]
