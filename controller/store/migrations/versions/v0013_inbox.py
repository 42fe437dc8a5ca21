"""What an inbox shows of a run, and the indexes by which it finds it among very many."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.add_column("run", sa.Column("faults", sa.Integer(), nullable=True))
    op.add_column("run", sa.Column("cause", sa.String(100), server_default="", nullable=False))
    op.create_index("ix_run_customer_began", "run", ["customer", "began"])
    op.create_index("ix_run_faults_began", "run", ["faults", "began"])
    op.create_index("ix_outbox_run", "outbox", ["run"])
    op.create_index("ix_plan_customer", "plan", ["customer"])


def downgrade() -> None:
    op.drop_index("ix_plan_customer", "plan")
    op.drop_index("ix_outbox_run", "outbox")
    op.drop_index("ix_run_faults_began", "run")
    op.drop_index("ix_run_customer_began", "run")
    op.drop_column("run", "cause")
    op.drop_column("run", "faults")
