"""Plans of changes, what people said to them, how they ended on each host, and which playbooks may be applied."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from controller.store.schema import Utc

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.add_column("run", sa.Column("kind", sa.String(20), server_default="diagnose", nullable=False))
    op.create_table(
        "plan",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("customer", sa.String(64), nullable=False),
        sa.Column("desk", sa.String(64), nullable=False),
        sa.Column("ticket", sa.String(64), nullable=False),
        sa.Column("playbook", sa.String(100), nullable=False),
        sa.Column("requested_by", sa.String(200), nullable=False),
        sa.Column("edited_by", sa.JSON(), nullable=False),
        sa.Column("made", Utc(), nullable=False),
        sa.Column("made_in", sa.String(64), nullable=False),
        sa.Column("applied_in", sa.String(64), nullable=False),
        sa.Column("undone_in", sa.String(64), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("shadow", sa.Boolean(), nullable=False),
        sa.Column("agreed", sa.Boolean(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_plan"),
    )
    op.create_index("ix_plan_desk_ticket", "plan", ["desk", "ticket"])
    op.create_index("ix_plan_state", "plan", ["state"])
    _words()
    _hosts()
    op.create_table(
        "promotion",
        sa.Column("playbook", sa.String(100), nullable=False),
        sa.Column("at", Utc(), nullable=False),
        sa.Column("by", sa.String(200), nullable=False),
        sa.PrimaryKeyConstraint("playbook", name="pk_promotion"),
    )


def _words() -> None:
    op.create_table(
        "plan_word",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("plan", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("person", sa.String(200), nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("at", Utc(), nullable=False),
        sa.Column("expires", Utc(), nullable=True),
        sa.ForeignKeyConstraint(["plan"], ["plan.id"], name="fk_plan_word_plan_plan"),
        sa.PrimaryKeyConstraint("id", name="pk_plan_word"),
    )
    op.create_index("ix_plan_word_plan", "plan_word", ["plan"])


def _hosts() -> None:
    op.create_table(
        "plan_host",
        sa.Column("plan", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("host", sa.String(64), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("customer", sa.String(64), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("clause", sa.String(40), nullable=False),
        sa.Column("outcome", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("began", Utc(), nullable=False),
        sa.Column("ended", Utc(), nullable=True),
        sa.ForeignKeyConstraint(["plan"], ["plan.id"], name="fk_plan_host_plan_plan"),
        sa.PrimaryKeyConstraint("plan", "kind", "host", name="pk_plan_host"),
    )
    op.create_index("ix_plan_host_customer_host", "plan_host", ["customer", "host"])


def downgrade() -> None:
    for table in ("promotion", "plan_host", "plan_word", "plan"):
        op.drop_table(table)
    op.drop_column("run", "kind")
