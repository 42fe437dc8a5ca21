"""Where does lie who may log in, and what customers may read and have said? The tables of the pages, beside those of `schema`."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from controller.store.schema import METADATA, Utc

__all__ = [
    "login",
    "person",
    "person_invitation",
    "person_role",
    "program_token",
    "question",
    "recovery_code",
    "release",
]

person = Table(
    "person",
    METADATA,
    Column("id", String(64), primary_key=True),
    Column("name", String(200), nullable=False),
    Column("email", String(200), nullable=False),
    Column("language", String(2), nullable=False),
    Column("password", Text, nullable=False),
    Column("totp", Text, nullable=False),
    Column("totp_last", Integer, nullable=False),
    Column("disabled", Boolean, nullable=False),
    Column("added", Utc, nullable=False),
    Column("issuer", String(200)),
    Column("subject", String(200)),
    UniqueConstraint("issuer", "subject"),
)

person_role = Table(
    "person_role",
    METADATA,
    Column("person", ForeignKey("person.id"), primary_key=True),
    Column("customer", String(64), primary_key=True),
    Column("role", String(40), nullable=False),
)

login = Table(
    "login",
    METADATA,
    Column("id", String(64), primary_key=True),
    Column("person", ForeignKey("person.id"), nullable=False, index=True),
    Column("whole", Boolean, nullable=False),
    Column("began", Utc, nullable=False),
    Column("seen", Utc, nullable=False),
    Column("proved", Utc),
    Column("address", String(60), nullable=False),
    Column("program", String(200), nullable=False),
)

person_invitation = Table(
    "person_invitation",
    METADATA,
    Column("id", String(64), primary_key=True),
    Column("person", ForeignKey("person.id"), nullable=False, index=True),
    Column("expires", Utc, nullable=False),
)

recovery_code = Table(
    "recovery_code",
    METADATA,
    Column("person", ForeignKey("person.id"), primary_key=True),
    Column("id", String(64), primary_key=True),
)

release = Table(
    "release",
    METADATA,
    Column("id", String(64), primary_key=True),
    Column("run", ForeignKey("run.id"), nullable=False, index=True),
    Column("customer", String(64), nullable=False),
    Column("language", String(2), nullable=False),
    Column("page", String(64), nullable=False),
    Column("data", String(64), nullable=False),
    Column("said", Text, nullable=False),
    Column("released_by", String(200), nullable=False),
    Column("released_at", Utc, nullable=False),
    Column("withdrawn_by", String(200), nullable=False),
    Column("withdrawn_at", Utc),
    Column("withdrawn_why", Text, nullable=False),
    Index(None, "customer", "released_at"),
)

question = Table(
    "question",
    METADATA,
    Column("id", String(64), primary_key=True),
    Column("customer", String(64), nullable=False),
    Column("desk", String(64), nullable=False),
    Column("ticket", String(64), nullable=False),
    Column("about", String(64), nullable=False, index=True),
    Column("kind", String(20), nullable=False),
    Column("text", Text, nullable=False),
    Column("person", String(200), nullable=False),
    Column("at", Utc, nullable=False),
    Column("answer", Text, nullable=False),
    Column("answered_by", String(200), nullable=False),
    Column("answered_at", Utc),
    Index(None, "customer", "at"),
)

# By what a program gets in, in somebody's place. secret: SHA-256 of what the program holds.
program_token = Table(
    "program_token",
    METADATA,
    Column("id", String(16), primary_key=True),
    Column("secret", String(64), nullable=False),
    Column("person", ForeignKey("person.id"), nullable=False, index=True),
    Column("name", String(100), nullable=False),
    Column("rights", JSON, nullable=False),
    Column("customers", JSON, nullable=False),
    Column("made", Utc, nullable=False),
    Column("expires", Utc, nullable=False),
    Column("used", Utc),
    Column("revoked", Utc),
    UniqueConstraint("secret"),
)
