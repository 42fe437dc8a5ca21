"""Orders for agents elsewhere, what they told, their seats and invitations, and codes that were wrong."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from controller.store.schema import Utc

revision = "0012"
down_revision = "0010"


def upgrade() -> None:
    op.create_table(
        "errand",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("dedupe", sa.String(128), nullable=False),
        sa.Column("run", sa.String(64), nullable=False),
        sa.Column("customer", sa.String(64), nullable=False),
        sa.Column("agent", sa.String(64), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("change", sa.Boolean(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("most", sa.Integer(), nullable=False),
        sa.Column("seat", sa.String(64), nullable=False),
        sa.Column("heard", sa.Integer(), nullable=False),
        sa.Column("lease_until", Utc(), nullable=True),
        sa.Column("expires", Utc(), nullable=False),
        sa.Column("cancelled", Utc(), nullable=True),
        sa.Column("announced", Utc(), nullable=True),
        sa.Column("made", Utc(), nullable=False),
        sa.Column("ended", Utc(), nullable=True),
        sa.Column("why", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_errand"),
        sa.UniqueConstraint("dedupe", name="uq_errand_dedupe"),
    )
    op.create_index("ix_errand_customer_agent_state", "errand", ["customer", "agent", "state"])
    op.create_index("ix_errand_state", "errand", ["state"])
    op.create_index("ix_errand_run", "errand", ["run"])
    op.create_table(
        "errand_word",
        sa.Column("errand", sa.String(64), nullable=False),
        sa.Column("attempt", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("bundle", sa.String(64), nullable=False),
        sa.Column("at", Utc(), nullable=False),
        sa.ForeignKeyConstraint(["errand"], ["errand.id"], name="fk_errand_word_errand_errand"),
        sa.PrimaryKeyConstraint("errand", "attempt", "number", name="pk_errand_word"),
    )
    _seats()


def _seats() -> None:
    op.create_table(
        "seat",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("customer", sa.String(64), nullable=False),
        sa.Column("site", sa.String(64), nullable=False),
        sa.Column("agent", sa.String(64), nullable=False),
        sa.Column("public", sa.String(64), nullable=False),
        sa.Column("law", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("made", Utc(), nullable=False),
        sa.Column("by", sa.String(200), nullable=False),
        sa.Column("seen", Utc(), nullable=True),
        sa.Column("clock_off", sa.Float(), nullable=True),
        sa.Column("version", sa.String(40), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_seat"),
        sa.UniqueConstraint("public", name="uq_seat_public"),
    )
    op.create_index("ix_seat_customer_agent", "seat", ["customer", "agent"])
    op.create_table(
        "invitation",
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("customer", sa.String(64), nullable=False),
        sa.Column("site", sa.String(64), nullable=False),
        sa.Column("agent", sa.String(64), nullable=False),
        sa.Column("by", sa.String(200), nullable=False),
        sa.Column("made", Utc(), nullable=False),
        sa.Column("expires", Utc(), nullable=False),
        sa.Column("seat", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_invitation"),
    )
    op.create_table(
        "wrong_code",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", Utc(), nullable=False),
        sa.Column("source", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_wrong_code"),
    )
    op.create_index("ix_wrong_code_at", "wrong_code", ["at"])


def downgrade() -> None:
    for table in ("wrong_code", "invitation", "seat", "errand_word", "errand"):
        op.drop_table(table)
