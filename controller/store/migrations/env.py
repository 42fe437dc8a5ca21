"""Runs the steps on the connection that `controller.store.store` hands over; never opens one itself."""

from alembic import context
from sqlalchemy import Connection

from controller.store import schema_people, schema_sites  # noqa: F401 - their tables belong to the same database.
from controller.store.schema import METADATA


def _migrate() -> None:
    connection: Connection = context.config.attributes["connection"]
    context.configure(connection=connection, target_metadata=METADATA, render_as_batch=True)
    with context.begin_transaction():
        context.run_migrations()


_migrate()
