"""Which symptom's chain of questions a run followed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column("run", sa.Column("symptom", sa.String(40), server_default="", nullable=False))


def downgrade() -> None:
    op.drop_column("run", "symptom")
