"""Who signed a revision, and whether it holds or waits for a second person."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("contract", sa.Column("state", sa.String(20), server_default="holds", nullable=False))
    op.add_column("contract", sa.Column("signatures", sa.JSON(), server_default="[]", nullable=False))


def downgrade() -> None:
    op.drop_column("contract", "signatures")
    op.drop_column("contract", "state")
