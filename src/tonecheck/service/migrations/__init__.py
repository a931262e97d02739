"""How the store's tables came to be, one file a change; Alembic runs those that are missing."""
