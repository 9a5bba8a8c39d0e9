"""The two tables of the Nexus. Their history is in `migrations`; this is where it has arrived."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, LargeBinary, MetaData, String, Table

metadata = MetaData()

hubs = Table(
    "hubs",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(60), nullable=False, unique=True),
    Column("token_sha256", String(64), nullable=False, unique=True),
    Column("revoked", Boolean, nullable=False, default=False),
)

# The highest revision of each document. `body` is its canonical JSON; other columns copy what queries need.
documents = Table(
    "documents",
    metadata,
    Column("document_id", String(36), primary_key=True),
    Column("hub", Integer, ForeignKey("hubs.id"), nullable=False),
    Column("kind", String(8), nullable=False),
    Column("state", String(12), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("start_utc_ms", BigInteger),
    Column("device_id", String(16), nullable=False),
    Column("first_epoch", Integer, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("body", LargeBinary, nullable=False),
    Index("documents_by_start", "kind", "start_utc_ms"),
)
