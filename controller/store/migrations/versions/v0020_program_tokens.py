"""Tokens by which programs work in somebody's place."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from controller.store.schema import Utc

revision = "0020"
down_revision = "0017"


def upgrade() -> None:
    op.create_table(
        "program_token",
        sa.Column("id", sa.String(16), nullable=False),
        sa.Column("secret", sa.String(64), nullable=False),
        sa.Column("person", sa.String(64), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("rights", sa.JSON(), nullable=False),
        sa.Column("customers", sa.JSON(), nullable=False),
        sa.Column("made", Utc(), nullable=False),
        sa.Column("expires", Utc(), nullable=False),
        sa.Column("used", Utc(), nullable=True),
        sa.Column("revoked", Utc(), nullable=True),
        sa.ForeignKeyConstraint(["person"], ["person.id"], name="fk_program_token_person_person"),
        sa.PrimaryKeyConstraint("id", name="pk_program_token"),
        sa.UniqueConstraint("secret", name="uq_program_token_secret"),
    )
    op.create_index("ix_program_token_person", "program_token", ["person"])


def downgrade() -> None:
    op.drop_table("program_token")
