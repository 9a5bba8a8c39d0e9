"""Alembic runs this for every migration. The connection is the caller's: `store` opens it and owns the transaction."""

from __future__ import annotations

from alembic import context

from evensong.nexus.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
