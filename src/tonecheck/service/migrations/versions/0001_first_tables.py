"""The tables of the first release."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    _make_replies()
    _make_decisions()
    _make_keys_and_deliveries()


def _make_replies() -> None:
    op.create_table(
        "replies",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("source", sa.String(40), nullable=False),
        sa.Column("community", sa.String(200), nullable=False),
        sa.Column("external_id", sa.String(200), nullable=False),
        sa.Column("author", sa.String(200), nullable=False),
        sa.Column("thread", sa.String(200), nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("parent", sa.Text, nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("time", sa.DateTime, nullable=True),
        sa.Column("judged_at", sa.DateTime, nullable=False),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("hostility", sa.Double, nullable=False),
        sa.Column("hustling", sa.Double, nullable=False),
        sa.Column("dismissiveness", sa.Double, nullable=False),
        sa.Column("verdict", sa.JSON, nullable=False),
        sa.UniqueConstraint("source", "community", "external_id"),
    )
    op.create_index("replies_by_status", "replies", ["status", "judged_at"])
    op.create_index("replies_by_author", "replies", ["author"])
    op.create_index("replies_by_thread", "replies", ["thread"])
    op.create_index("replies_by_time", "replies", ["judged_at"])


def _make_decisions() -> None:
    op.create_table(
        "decisions",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column(
            "reply_id",
            sa.Integer,
            sa.ForeignKey("replies.id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("by", sa.String(200), nullable=False),
        sa.Column("source", sa.String(40), nullable=False),
        sa.Column("labels", sa.JSON, nullable=False),
        sa.Column("at", sa.DateTime, nullable=False),
    )
    op.create_index("ix_decisions_reply_id", "decisions", ["reply_id"])
    op.create_index("ix_decisions_at", "decisions", ["at"])


def _make_keys_and_deliveries() -> None:
    op.create_table(
        "keys",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(200), nullable=False, unique=True),
        sa.Column("digest", sa.String(64), nullable=False, unique=True),
        sa.Column("scopes", sa.JSON, nullable=False),
        sa.Column("per_minute", sa.Integer, nullable=True),
        sa.Column("created_at", sa.DateTime, nullable=False),
        sa.Column("revoked_at", sa.DateTime, nullable=True),
    )
    op.create_table(
        "deliveries",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("source", sa.String(40), nullable=False),
        sa.Column("event_id", sa.String(200), nullable=False),
        sa.Column("at", sa.DateTime, nullable=False),
        sa.UniqueConstraint("source", "event_id"),
    )


def downgrade() -> None:
    """Drop the tables."""
    for table in ("deliveries", "keys", "decisions", "replies"):
        op.drop_table(table)
