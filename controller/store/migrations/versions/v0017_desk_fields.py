"""What a ticket of the built-in desk has besides its words: queue, category, priority, tags, links, where it went."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0013"


def upgrade() -> None:
    for name, size in (("queue", 100), ("category", 100), ("priority", 40)):
        op.add_column("ticket", sa.Column(name, sa.String(size), server_default="", nullable=False))
    for name in ("tags", "links"):
        op.add_column("ticket", sa.Column(name, sa.JSON(), server_default="[]", nullable=False))
    op.add_column("ticket", sa.Column("merged_into", sa.Integer(), nullable=True))
    op.create_index("ix_ticket_updated", "ticket", ["updated"])


def downgrade() -> None:
    op.drop_index("ix_ticket_updated", "ticket")
    for name in ("merged_into", "links", "tags", "priority", "category", "queue"):
        op.drop_column("ticket", name)
