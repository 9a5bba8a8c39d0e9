"""Alembic's room: how a store of any age becomes one of today. `versions` holds one file per step."""
