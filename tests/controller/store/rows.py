"""How does any row of any table come about? Every column gets a value of its kind, unless one is given."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Column, Table
from sqlalchemy.types import JSON, Boolean, DateTime, Float, Integer

__all__ = ["row_of"]


def row_of(table: Table, name: str, number: int, **given: object) -> dict[str, Any]:
    """name: tells its texts from other rows'; number: what stands in its numbers."""
    return {
        column.name: given[column.name]
        if column.name in given
        else _value(column, f"{name}-{table.name}", number)
        for column in table.columns
    }


def _value(column: Column[Any], text: str, number: int) -> object:
    match column.type:
        case _ if column.foreign_keys:
            return None
        case JSON():
            return {}
        case Boolean():
            return False
        case Integer() | Float():
            return number
        case DateTime():
            return datetime.now(UTC)
        case _ if "Utc" in type(column.type).__name__:
            return datetime.now(UTC)
        case _:
            return text[: getattr(column.type, "length", None) or 64]
