"""Who may log in: people, their roles, log-ins, invitations and recovery codes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from controller.store.schema import Utc

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "person",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("email", sa.String(200), nullable=False),
        sa.Column("language", sa.String(2), nullable=False),
        sa.Column("password", sa.Text(), nullable=False),
        sa.Column("totp", sa.Text(), nullable=False),
        sa.Column("totp_last", sa.Integer(), nullable=False),
        sa.Column("disabled", sa.Boolean(), nullable=False),
        sa.Column("added", Utc(), nullable=False),
        sa.Column("issuer", sa.String(200)),
        sa.Column("subject", sa.String(200)),
        sa.PrimaryKeyConstraint("id", name="pk_person"),
        sa.UniqueConstraint("issuer", "subject", name="uq_person_issuer_subject"),
    )
    op.create_table(
        "person_role",
        sa.Column("person", sa.String(64), nullable=False),
        sa.Column("customer", sa.String(64), nullable=False),
        sa.Column("role", sa.String(40), nullable=False),
        sa.ForeignKeyConstraint(["person"], ["person.id"], name="fk_person_role_person_person"),
        sa.PrimaryKeyConstraint("person", "customer", name="pk_person_role"),
    )
    op.create_table(
        "login",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("person", sa.String(64), nullable=False),
        sa.Column("whole", sa.Boolean(), nullable=False),
        sa.Column("began", Utc(), nullable=False),
        sa.Column("seen", Utc(), nullable=False),
        sa.Column("proved", Utc()),
        sa.Column("address", sa.String(60), nullable=False),
        sa.Column("program", sa.String(200), nullable=False),
        sa.ForeignKeyConstraint(["person"], ["person.id"], name="fk_login_person_person"),
        sa.PrimaryKeyConstraint("id", name="pk_login"),
    )
    op.create_index("ix_login_person", "login", ["person"])
    op.create_table(
        "person_invitation",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("person", sa.String(64), nullable=False),
        sa.Column("expires", Utc(), nullable=False),
        sa.ForeignKeyConstraint(["person"], ["person.id"], name="fk_person_invitation_person_person"),
        sa.PrimaryKeyConstraint("id", name="pk_person_invitation"),
    )
    op.create_index("ix_person_invitation_person", "person_invitation", ["person"])
    op.create_table(
        "recovery_code",
        sa.Column("person", sa.String(64), nullable=False),
        sa.Column("id", sa.String(64), nullable=False),
        sa.ForeignKeyConstraint(["person"], ["person.id"], name="fk_recovery_code_person_person"),
        sa.PrimaryKeyConstraint("person", "id", name="pk_recovery_code"),
    )


def downgrade() -> None:
    for table in ("recovery_code", "person_invitation", "login", "person_role", "person"):
        op.drop_table(table)
