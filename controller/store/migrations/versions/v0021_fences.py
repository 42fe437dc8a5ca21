"""The second wall of a server: rows of a customer are given only to work for that customer. A file has none."""

from __future__ import annotations

from alembic import op

revision = "0021"
down_revision = "0020"

_OWN = (
    *("contract", "errand", "intake", "invitation", "plan", "plan_host"),
    *("question", "release", "run", "seat", "ticket"),
)
_THROUGH = {
    "exchange": ("run", "run", "id"),
    "job": ("run", "run", "id"),
    "outbox": ("run", "run", "id"),
    "plan_word": ("plan", "plan", "id"),
    "errand_word": ("errand", "errand", "id"),
    "ticket_note": ("ticket", "ticket", "id"),
    "ticket_file": ("note", "ticket_note", "id"),
}
# Without a word about whose work it is, nothing may be seen.
_SAID = "coalesce(current_setting('secondline.customers', true), '')"
_FOR_ALL = f"{_SAID} = '*'"
# What goes to a ticket without a run (a question of the portal) names its customer nowhere.
_LOOSE = {"outbox": " OR run IS NULL"}


def upgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    for table in _OWN:
        _fence(table, f"{_FOR_ALL} OR customer = ANY (string_to_array({_SAID}, ','))")
    for table, (column, other, key) in _THROUGH.items():
        follows = f"EXISTS (SELECT 1 FROM {other} AS held WHERE held.{key} = {table}.{column})"  # noqa: S608 - of this file's words alone.
        _fence(table, f"{_FOR_ALL} OR {follows}{_LOOSE.get(table, '')}")


def downgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    for table in (*_OWN, *_THROUGH):
        op.execute(f"DROP POLICY customers ON {table}")
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")


def _fence(table: str, rule: str) -> None:
    """Hold it against the table's owner, too: that is who works with it."""
    op.execute(f"CREATE POLICY customers ON {table} USING ({rule}) WITH CHECK ({rule})")
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
