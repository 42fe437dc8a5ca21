"""What a customer may read and has said: released reports, questions and objections."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from controller.store.schema import Utc

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.create_table(
        "release",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("run", sa.String(64), nullable=False),
        sa.Column("customer", sa.String(64), nullable=False),
        sa.Column("language", sa.String(2), nullable=False),
        sa.Column("page", sa.String(64), nullable=False),
        sa.Column("data", sa.String(64), nullable=False),
        sa.Column("said", sa.Text(), nullable=False),
        sa.Column("released_by", sa.String(200), nullable=False),
        sa.Column("released_at", Utc(), nullable=False),
        sa.Column("withdrawn_by", sa.String(200), nullable=False),
        sa.Column("withdrawn_at", Utc()),
        sa.Column("withdrawn_why", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["run"], ["run.id"], name="fk_release_run_run"),
        sa.PrimaryKeyConstraint("id", name="pk_release"),
    )
    op.create_index("ix_release_customer_released_at", "release", ["customer", "released_at"])
    op.create_index("ix_release_run", "release", ["run"])
    op.create_table(
        "question",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("customer", sa.String(64), nullable=False),
        sa.Column("desk", sa.String(64), nullable=False),
        sa.Column("ticket", sa.String(64), nullable=False),
        sa.Column("about", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("person", sa.String(200), nullable=False),
        sa.Column("at", Utc(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("answered_by", sa.String(200), nullable=False),
        sa.Column("answered_at", Utc()),
        sa.PrimaryKeyConstraint("id", name="pk_question"),
    )
    op.create_index("ix_question_customer_at", "question", ["customer", "at"])
    op.create_index("ix_question_about", "question", ["about"])


def downgrade() -> None:
    op.drop_table("question")
    op.drop_table("release")
