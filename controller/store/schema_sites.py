"""Where does it lie what goes to agents elsewhere and comes from them? The tables of orders on their way, and of seats.

They belong to the tables of `schema`, which brings them in; a change of one needs a migration.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
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

__all__ = ["site_tables"]


def site_tables(metadata: MetaData, moment: type[TypeDecorator[datetime]]) -> tuple[Table, ...]:
    """The tables errand, errand_word, seat, invitation and wrong_code. moment: how a time is kept."""
    # One order for an agent elsewhere. attempt: the fencing token; heard: the last word that counted of it;
    # announced: when the courier was last told that it is there. A row is its own outbox to the courier.
    errand = Table(
        "errand",
        metadata,
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
        Column("lease_until", moment),
        Column("expires", moment, nullable=False),
        Column("cancelled", moment),
        Column("announced", moment),
        Column("made", moment, nullable=False),
        Column("ended", moment),
        Column("why", Text, nullable=False),
        UniqueConstraint("dedupe"),
        Index(None, "customer", "agent", "state"),
    )
    # What an agent told of an attempt, word by word. bundle: the uploaded bytes that belong to it, by their SHA-256.
    errand_word = Table(
        "errand_word",
        metadata,
        Column("errand", ForeignKey("errand.id"), primary_key=True),
        Column("attempt", Integer, primary_key=True, autoincrement=False),
        Column("number", Integer, primary_key=True, autoincrement=False),
        Column("body", Text, nullable=False),
        Column("bundle", String(64), nullable=False),
        Column("at", moment, nullable=False),
    )
    return errand, errand_word, *_seats(metadata, moment)


def _seats(metadata: MetaData, moment: type[TypeDecorator[datetime]]) -> tuple[Table, ...]:
    # One program at a customer's site that has a key of its own. Several may serve one agent's name.
    seat = Table(
        "seat",
        metadata,
        Column("id", String(64), primary_key=True),
        Column("customer", String(64), nullable=False),
        Column("site", String(64), nullable=False),
        Column("agent", String(64), nullable=False),
        Column("public", String(64), nullable=False),
        Column("law", JSON, nullable=False),
        Column("state", String(20), nullable=False),
        Column("made", moment, nullable=False),
        Column("by", String(200), nullable=False),
        Column("seen", moment),
        Column("clock_off", Float),
        Column("version", String(40), nullable=False),
        UniqueConstraint("public"),
        Index(None, "customer", "agent"),
    )
    # digest: SHA-256 of the code, which is kept nowhere. seat: who used it; '' while nobody has.
    invitation = Table(
        "invitation",
        metadata,
        Column("digest", String(64), primary_key=True),
        Column("customer", String(64), nullable=False),
        Column("site", String(64), nullable=False),
        Column("agent", String(64), nullable=False),
        Column("by", String(200), nullable=False),
        Column("made", moment, nullable=False),
        Column("expires", moment, nullable=False),
        Column("seat", String(64), nullable=False),
    )
    wrong_code = Table(
        "wrong_code",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("at", moment, nullable=False, index=True),
        Column("source", String(64), nullable=False),
    )
    return seat, invitation, wrong_code
