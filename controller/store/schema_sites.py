"""Where does it lie what goes to agents elsewhere and comes from them? Orders on their way, and seats, beside the tables of `schema`."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from controller.store.schema import METADATA, Utc

__all__ = ["errand", "errand_word", "invitation", "seat", "wrong_code"]

# One order for an agent elsewhere. attempt: the fencing token; heard: the last word that counted of it;
# announced: when the courier was last told that it is there. A row is its own outbox to the courier.
errand = Table(
    "errand",
    METADATA,
    Column("id", String(64), primary_key=True),
    Column("dedupe", String(128), nullable=False),
    Column("run", String(64), nullable=False, index=True),
    Column("customer", String(64), nullable=False),
    Column("agent", String(64), nullable=False),
    Column("body", Text, nullable=False),
    Column("change", Boolean, nullable=False),
    Column("priority", Integer, nullable=False),
    Column("state", String(20), nullable=False, index=True),
    Column("attempt", Integer, nullable=False),
    Column("most", Integer, nullable=False),
    Column("seat", String(64), nullable=False),
    Column("heard", Integer, nullable=False),
    Column("lease_until", Utc),
    Column("expires", Utc, nullable=False),
    Column("cancelled", Utc),
    Column("announced", Utc),
    Column("made", Utc, nullable=False),
    Column("ended", Utc),
    Column("why", Text, nullable=False),
    UniqueConstraint("dedupe"),
    Index(None, "customer", "agent", "state"),
)

# What an agent told of an attempt, word by word. bundle: the uploaded bytes that belong to it, by their SHA-256.
errand_word = Table(
    "errand_word",
    METADATA,
    Column("errand", ForeignKey("errand.id"), primary_key=True),
    Column("attempt", Integer, primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("body", Text, nullable=False),
    Column("bundle", String(64), nullable=False),
    Column("at", Utc, nullable=False),
)

# One program at a customer's site that has a key of its own. Several may serve one agent's name.
seat = Table(
    "seat",
    METADATA,
    Column("id", String(64), primary_key=True),
    Column("customer", String(64), nullable=False),
    Column("site", String(64), nullable=False),
    Column("agent", String(64), nullable=False),
    Column("public", String(64), nullable=False),
    Column("law", JSON, nullable=False),
    Column("state", String(20), nullable=False),
    Column("made", Utc, nullable=False),
    Column("by", String(200), nullable=False),
    Column("seen", Utc),
    Column("clock_off", Float),
    Column("version", String(40), nullable=False),
    UniqueConstraint("public"),
    Index(None, "customer", "agent"),
)

# digest: SHA-256 of the code, which is kept nowhere. seat: who used it; '' while nobody has.
invitation = Table(
    "invitation",
    METADATA,
    Column("digest", String(64), primary_key=True),
    Column("customer", String(64), nullable=False),
    Column("site", String(64), nullable=False),
    Column("agent", String(64), nullable=False),
    Column("by", String(200), nullable=False),
    Column("made", Utc, nullable=False),
    Column("expires", Utc, nullable=False),
    Column("seat", String(64), nullable=False),
)

wrong_code = Table(
    "wrong_code",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("at", Utc, nullable=False, index=True),
    Column("source", String(64), nullable=False),
)
