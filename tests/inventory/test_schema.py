"""Does the published schema help an editor, and does it agree with the reader?"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
import yaml
from pydantic import ValidationError

from inventory.contract import Contract
from inventory.read import examine, read
from inventory.schema import example, schema
from inventory.tree import parse

VALIDATOR = jsonschema.Draft202012Validator(schema(), format_checker=jsonschema.FormatChecker())


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(schema())
    assert json.loads(json.dumps(schema())) == schema()


def test_the_example_is_right_and_without_hints() -> None:
    examined = examine(example())
    assert examined.contract is not None
    assert examined.mistakes == examined.hints == ()
    VALIDATOR.validate(parse(example()).data)


def test_the_example_means_the_same_to_pyyaml() -> None:
    data = yaml.safe_load(example())
    assert Contract.model_validate(data) == read(example())


def test_a_contract_survives_the_way_through_json() -> None:
    contract = read(example())
    text = contract.model_dump_json(by_alias=True)
    assert read(text) == contract
    VALIDATOR.validate(json.loads(text))


def _fields(node: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    for name, model in node.get("$defs", {}).items():
        yield from _fields(model, name)
    for key, field in node.get("properties", {}).items():
        yield f"{path}.{key}", field


@pytest.mark.parametrize(("name", "field"), tuple(_fields(schema())))
def test_every_field_is_described(name: str, field: dict[str, Any]) -> None:
    assert field.get("description"), name


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("hosts", 0, "addresses", 0), "10.20.1.0/24"),
        (("hosts", 0, "addresses", 0), "web1.musterbau.example"),
        (("hosts", 0, "addresses", 0), 169083147),
        (("hosts", 0, "addresses"), []),
        (("hosts", 0, "id"), "Web 1"),
        (("hosts", 0, "ssh", "port"), 0),
        (("hosts", 0, "ssh", "credential"), "hunter2"),
        (("hosts", 0, "ssh", "host_keys", 0), ""),
        (("hosts", 0, "colour"), "red"),
        (("clauses", 0, "windows", 0, "from"), "7:00"),
        (("clauses", 0, "windows", 0, "from"), 420),
        (("clauses", 0, "windows", 0, "days"), ["mon"]),
        (("clauses", 0, "approval"), "anybody"),
        (("clauses", 0, "roles"), []),
        (("clauses", 1, "diagnose"), []),
        (("valid", "from"), 2026),
        (("revision",), "3"),
        (("contacts", 0, "email"), "nobody"),
        (("hosts", 0, "name"), "10.20.1.11"),
        (("hosts", 0, "name"), "-web1.musterbau.example"),
        (("hosts", 0, "addresses", 0), "0.1.2.3"),
        (("hosts", 0, "addresses", 0), "169.254.1.1"),
        (("hosts", 0, "addresses", 0), "239.1.1.1"),
        (("hosts", 0, "addresses", 0), "fe80::1"),
        (("hosts", 0, "addresses", 0), "FF02::1"),
        (("hosts", 0, "addresses", 0), "::ffff:10.1.2.3"),
        (("clauses", 0, "windows", 0, "days"), ["mo", "mo"]),
        (("clauses", 1, "change"), ["dns.restart"]),
    ],
)
def test_schema_and_reader_refuse_the_same(path: tuple[str | int, ...], value: object) -> None:
    data = copy.deepcopy(parse(example()).data)
    place = data
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    assert not VALIDATOR.is_valid(data)
    assert examine(json.dumps(data)).contract is None


def _paths(node: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    yield path
    steps = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for step, inner in steps:
        yield from _paths(inner, (*path, step))


_ODD: tuple[Any, ...] = (
    None, True, 0, 1, 65536, 1.5, "", "a", "A", "a-", "a" * 64, "a" * 401, "x\ty", "10.1.2.3", "fd00::5",
    "FE8::1", "ff::1", "::1", "10", "a.b.", ".", "a_b.c", "07:00", "24:00", "23:59", "2026-02-28", "20260228",
    "file:x", "env:A", "keyring:a/b", "ssh-ed25519 AAAA", "UTC", "CET", "a@b", "mo", "none", "de", "change", [],
    ["a"], ["mo", "tu"], ["10.1.2.3"], {}, {"port": 53}, [{}],
)  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("odd", _ODD, ids=repr)
def test_the_schema_never_refuses_what_the_reader_takes(odd: object) -> None:
    """An editor that marks what is right is not believed when it marks what is wrong."""
    base = parse(example()).data
    for path in _paths(base):
        if path:
            data = copy.deepcopy(base)
            place = data
            for step in path[:-1]:
                place = place[step]
            place[path[-1]] = odd
            try:
                Contract.model_validate(data)
            except ValidationError:
                continue
            assert VALIDATOR.is_valid(data), path
