"""What Alembic runs: the changes that a database lacks, on the connection that it is given."""

from alembic import context

from tonecheck.service.tables import Base


def run() -> None:
    """Bring the database of the given connection up to date, in one transaction."""
    context.configure(
        connection=context.config.attributes["connection"],
        target_metadata=Base.metadata,
        render_as_batch=True,  # SQLite changes a column only by copying its table
    )
    with context.begin_transaction():
        context.run_migrations()


run()
