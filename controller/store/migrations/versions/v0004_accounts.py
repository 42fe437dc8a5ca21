"""Of which accounts a ticket speaks, so that a run can be judged again as it was asked."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("run", sa.Column("accounts", sa.JSON(), server_default="[]", nullable=False))


def downgrade() -> None:
    op.drop_column("run", "accounts")
