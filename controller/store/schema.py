"""Where does what Secondline knows lie? The tables, as SQLite and PostgreSQL have them.

Times are UTC. Hashes are SHA-256 in hexadecimal. JSON columns hold what `agent.codec` writes.
A change of a table needs a new file in `migrations/versions` and a new `HEAD`.
"""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)

__all__ = [
    "HEAD",
    "METADATA",
    "Utc",
    "contract",
    "exchange",
    "installation",
    "intake",
    "job",
    "ledger",
    "outbox",
    "plan",
    "plan_host",
    "plan_word",
    "promotion",
    "run",
    "ticket",
    "ticket_file",
    "ticket_note",
]

# The newest migration; `open_store` compares it with the database before it loads Alembic.
HEAD = "0021"

METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Utc(TypeDecorator[datetime]):
    """A moment: refuses a time without a zone, gives UTC back."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value} has no time zone: the store holds moments, not clock faces")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


contract = Table(
    "contract",
    METADATA,
    Column("customer", String(64), primary_key=True),
    Column("revision", Integer, primary_key=True, autoincrement=False),
    Column("digest", String(64), nullable=False, index=True),
    Column("text", Text, nullable=False),
    Column("added_at", Utc, nullable=False),
    Column("added_by", String(200), nullable=False),
    Column("state", String(20), nullable=False, server_default="holds"),
    Column("signatures", JSON, nullable=False, server_default="[]"),
)

# The built-in desk.
ticket = Table(
    "ticket",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("customer", String(64), nullable=False, index=True),
    Column("subject", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("state", String(40), nullable=False),
    Column("requester", String(200), nullable=False),
    Column("created", Utc, nullable=False),
    Column("updated", Utc, nullable=False, index=True),
    Column("queue", String(100), nullable=False, server_default=""),
    Column("category", String(100), nullable=False, server_default=""),
    Column("priority", String(40), nullable=False, server_default=""),
    Column("tags", JSON, nullable=False, server_default="[]"),
    Column("links", JSON, nullable=False, server_default="[]"),
    Column("merged_into", Integer, nullable=True),
    sqlite_autoincrement=True,
)

ticket_note = Table(
    "ticket_note",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("ticket", ForeignKey("ticket.id"), nullable=False, index=True),
    Column("kind", String(10), nullable=False),
    Column("text", Text, nullable=False),
    Column("marker", String(80), nullable=False),
    Column("created", Utc, nullable=False),
    Column("author", String(200), nullable=False),
    UniqueConstraint("marker"),
)

ticket_file = Table(
    "ticket_file",
    METADATA,
    Column("note", ForeignKey("ticket_note.id"), primary_key=True),
    Column("name", String(200), primary_key=True),
    Column("media_type", String(100), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("size", Integer, nullable=False),
)

run = Table(
    "run",
    METADATA,
    Column("id", String(64), primary_key=True),
    Column("ticket", String(64), nullable=False),
    Column("desk", String(64), nullable=False),
    Column("customer", String(64), nullable=False),
    Column("contract", String(64), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("asked_by", String(200), nullable=False),
    Column("state", String(20), nullable=False, index=True),
    Column("began", Utc, nullable=False, index=True),
    Column("ended", Utc),
    Column("deadline", Utc),
    Column("summary", JSON, nullable=False),
    Column("subject", Text, nullable=False, server_default=""),
    Column("accounts", JSON, nullable=False, server_default="[]"),
    Column("symptom", String(40), nullable=False, server_default=""),
    Column("expired", Utc),
    Column("kind", String(20), nullable=False, server_default="diagnose"),
    Column("faults", Integer),
    Column("cause", String(100), nullable=False, server_default=""),
    Index(None, "desk", "ticket"),
    Index(None, "customer", "began"),
    Index(None, "faults", "began"),
)

# made_in, applied_in, undone_in: the runs in which that was done.
plan = Table(
    "plan",
    METADATA,
    Column("id", String(64), primary_key=True),
    Column("digest", String(64), nullable=False),
    Column("text", Text, nullable=False),
    Column("customer", String(64), nullable=False, index=True),
    Column("desk", String(64), nullable=False),
    Column("ticket", String(64), nullable=False),
    Column("playbook", String(100), nullable=False),
    Column("requested_by", String(200), nullable=False),
    Column("edited_by", JSON, nullable=False),
    Column("made", Utc, nullable=False),
    Column("made_in", String(64), nullable=False),
    Column("applied_in", String(64), nullable=False),
    Column("undone_in", String(64), nullable=False),
    Column("state", String(20), nullable=False, index=True),
    Column("shadow", Boolean, nullable=False),
    Column("agreed", Boolean),
    Index(None, "desk", "ticket"),
)

# What a person said to a plan: an approval or a rejection, with the token that they signed.
plan_word = Table(
    "plan_word",
    METADATA,
    Column("id", String(64), primary_key=True),
    Column("plan", ForeignKey("plan.id"), nullable=False, index=True),
    Column("kind", String(10), nullable=False),
    Column("person", String(200), nullable=False),
    Column("token", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("at", Utc, nullable=False),
    Column("expires", Utc),
)

# One row a host, and one more for its undo: what was begun there is never begun a second time.
plan_host = Table(
    "plan_host",
    METADATA,
    Column("plan", ForeignKey("plan.id"), primary_key=True),
    Column("kind", String(10), primary_key=True),
    Column("host", String(64), primary_key=True),
    Column("place", Integer, nullable=False),
    Column("customer", String(64), nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("clause", String(40), nullable=False),
    Column("outcome", JSON(none_as_null=True)),
    Column("began", Utc, nullable=False),
    Column("ended", Utc),
    Index(None, "customer", "host"),
)

# Which playbooks may be applied; the others only plan.
promotion = Table(
    "promotion",
    METADATA,
    Column("playbook", String(100), primary_key=True),
    Column("at", Utc, nullable=False),
    Column("by", String(200), nullable=False),
)

job = Table(
    "job",
    METADATA,
    Column("run", ForeignKey("run.id"), primary_key=True),
    Column("id", String(64), primary_key=True),
    Column("place", Integer, nullable=False),
    Column("host", String(64), nullable=False),
    Column("collector", String(100), nullable=False),
    Column("state", String(20), nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("clause", String(40), nullable=False),
    Column("outcome", JSON(none_as_null=True)),
    Column("evidence", JSON, nullable=False),
    Column("began", Utc),
    Column("took", Float),
)

exchange = Table(
    "exchange",
    METADATA,
    Column("run", ForeignKey("run.id"), primary_key=True),
    Column("id", String(64), primary_key=True),
    Column("place", Integer, nullable=False),
    Column("host", String(64), nullable=False),
    Column("session", String(40), nullable=False),
    Column("question", JSON, nullable=False),
    Column("began", Utc, nullable=False),
    Column("took", Float, nullable=False),
    Column("facts", JSON, nullable=False),
    Column("parts", JSON, nullable=False),
    Column("cut", Boolean, nullable=False),
    Column("unanswered", JSON(none_as_null=True)),
)

outbox = Table(
    "outbox",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("run", ForeignKey("run.id"), index=True),
    Column("desk", String(64), nullable=False),
    Column("ticket", String(64), nullable=False),
    Column("action", JSON, nullable=False),
    Column("marker", String(80), nullable=False),
    Column("state", String(20), nullable=False),
    Column("tries", Integer, nullable=False),
    Column("next_at", Utc, nullable=False),
    Column("last_error", Text, nullable=False),
    Column("reference", String(200), nullable=False),
    Column("done_at", Utc),
    UniqueConstraint("marker"),
    Index(None, "state", "next_at"),
    sqlite_autoincrement=True,
)

# What desks rang about. lead: of a storm, the row whose run is made for all of them.
intake = Table(
    "intake",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("desk", String(64), nullable=False),
    Column("event", String(200), nullable=False),
    Column("ticket", String(64), nullable=False),
    Column("received", Utc, nullable=False),
    Column("state", String(10), nullable=False),
    Column("next_at", Utc, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("holder", String(32), nullable=False),
    Column("customer", String(64), nullable=False),
    Column("rule", String(40), nullable=False),
    Column("symptom", String(40), nullable=False),
    Column("confidence", Float, nullable=False),
    Column("words", JSON, nullable=False),
    Column("hosts", JSON, nullable=False),
    Column("alike", String(64), nullable=False),
    Column("lead", ForeignKey("intake.id")),
    Column("run", String(64), nullable=False),
    Column("note", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("began", Utc),
    Column("ended", Utc),
    UniqueConstraint("desk", "event"),
    Index(None, "state", "next_at"),
    Index(None, "desk", "ticket"),
    Index(None, "alike"),
    Index(None, "customer", "state"),
    sqlite_autoincrement=True,
)

ledger = Table(
    "ledger",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("at", Utc, nullable=False),
    Column("run", String(64), nullable=False, index=True),
    Column("who", String(200), nullable=False),
    Column("what", String(40), nullable=False),
    Column("host", String(64), nullable=False),
    Column("clause", String(40), nullable=False),
    Column("facts", JSON, nullable=False),
    Column("previous", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
)

# To which home folder a database on a server belongs: one row there, none in a home's own file.
installation = Table("installation", METADATA, Column("id", String(32), primary_key=True))
