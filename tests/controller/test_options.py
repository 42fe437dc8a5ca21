"""Can a script use every command? What prints something for people prints it as JSON, too."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from importlib import import_module

import pytest

from controller.cli.app import _COMMANDS, _GROUPS

# What these print is a file's own text, in its own format.
_PLAIN = {"contract schema", "contract example"}


def _every() -> dict[str, Callable[..., object]]:
    found: dict[str, Callable[..., object]] = {}
    for name, module in _COMMANDS.items():
        found[name] = getattr(import_module(f"controller.cli.{module}"), name)
    for group in _GROUPS:
        for command in import_module(f"controller.cli.{group}").app.registered_commands:
            name = command.name or command.callback.__name__
            found[f"{group} {name}"] = command.callback
    return found


@pytest.mark.parametrize("name", sorted(_every().keys() - _PLAIN))
def test_every_command_speaks_json(name: str) -> None:
    assert "json" in inspect.signature(_every()[name]).parameters
