"""How does an editor help to write a contract? The JSON Schema of the format, made from the models.

In VS Code: `# yaml-language-server: $schema=contract.schema.json` as the file's first line.
"""

from __future__ import annotations

from importlib import resources
from typing import Any

from inventory.contract import Contract

__all__ = ["ceiling_example", "example", "schema"]


def schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a contract file.

    It knows shapes, not references: that a clause's hosts exist is what `inventory.read` checks.

    >>> schema()["$schema"]
    'https://json-schema.org/draft/2020-12/schema'
    """
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **Contract.model_json_schema(by_alias=True),
        "title": "Contract of a customer",
    }


def example() -> str:
    """A complete, commented contract."""
    return resources.files("inventory").joinpath("example.yaml").read_text("utf-8")


def ceiling_example() -> bytes:
    """A commented ceiling that fits the example's contract, as a file has it."""
    return resources.files("inventory").joinpath("ceiling.toml").read_bytes()
