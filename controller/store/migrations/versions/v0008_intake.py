"""What desks rang about, and what became of it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from controller.store.schema import Utc

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_table(
        "intake",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("desk", sa.String(64), nullable=False),
        sa.Column("event", sa.String(200), nullable=False),
        sa.Column("ticket", sa.String(64), nullable=False),
        sa.Column("received", Utc(), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("next_at", Utc(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("holder", sa.String(32), nullable=False),
        sa.Column("customer", sa.String(64), nullable=False),
        sa.Column("rule", sa.String(40), nullable=False),
        sa.Column("symptom", sa.String(40), nullable=False),
        sa.Column("confidence", sa.Float(), nullable=False),
        sa.Column("words", sa.JSON(), nullable=False),
        sa.Column("hosts", sa.JSON(), nullable=False),
        sa.Column("alike", sa.String(64), nullable=False),
        sa.Column("lead", sa.Integer(), nullable=True),
        sa.Column("run", sa.String(64), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("began", Utc(), nullable=True),
        sa.Column("ended", Utc(), nullable=True),
        sa.ForeignKeyConstraint(["lead"], ["intake.id"], name="fk_intake_lead_intake"),
        sa.PrimaryKeyConstraint("id", name="pk_intake"),
        sa.UniqueConstraint("desk", "event", name="uq_intake_desk_event"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_intake_state_next_at", "intake", ["state", "next_at"])
    op.create_index("ix_intake_desk_ticket", "intake", ["desk", "ticket"])
    op.create_index("ix_intake_alike", "intake", ["alike"])
    op.create_index("ix_intake_customer_state", "intake", ["customer", "state"])


def downgrade() -> None:
    op.drop_table("intake")
