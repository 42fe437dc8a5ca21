"""What a run was about, so that its report can be written again; and when its evidence was deleted."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("run", sa.Column("subject", sa.Text(), server_default="", nullable=False))
    op.add_column("run", sa.Column("expired", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("run", "expired")
    op.drop_column("run", "subject")
