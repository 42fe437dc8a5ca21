"""What does the model complain about, in words for the author of the file?"""

from __future__ import annotations

import difflib
import typing
from collections.abc import Callable, Iterator, Mapping

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from inventory.contract import Contract
from inventory.fields import WrongError
from inventory.tree import Flaw

__all__ = ["complaints", "keys_at"]


def complaints(error: ValidationError) -> Iterator[Flaw]:
    """One flaw for each of pydantic's errors, as plain sentences."""
    for detail in error.errors(include_url=False):
        if detail["type"] == "too_short" and detail["input"]:
            # Every item of the list is wrong, and that has been said.
            continue
        problem, instead = _sentence(detail)
        wrong = detail.get("ctx", {}).get("error")
        below = (wrong.at,) if isinstance(wrong, WrongError) and wrong.at else ()
        yield Flaw((*detail["loc"], *below), problem, instead)


def keys_at(path: tuple[str | int, ...]) -> tuple[str, ...]:
    """The keys that may stand in the mapping at a path of the file.

    >>> keys_at(("clauses", 0, "windows", 1))
    ('days', 'from', 'until')
    """
    model: type[BaseModel] = Contract
    for step in path:
        fields = {f.alias or name: f for name, f in model.model_fields.items()}
        if isinstance(step, str) and step in fields:
            model = next(_models(fields[step].annotation), model)
    return tuple(f.alias or name for name, f in model.model_fields.items())


def _models(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in typing.get_args(annotation):
        yield from _models(inner)


def _sentence(detail: ErrorDetails) -> tuple[str, str]:
    kind, given = detail["type"], detail.get("ctx", {})
    wrong = given.get("error")
    if isinstance(wrong, WrongError):
        return wrong.problem, wrong.instead
    if detail["input"] is None and kind not in {"missing", "extra_forbidden"}:
        return "here stands nothing", "write a value after the ':'"
    if kind in _FIXED:
        return _FIXED[kind]
    if kind in _SPOKEN:
        return _SPOKEN[kind](detail)
    return detail["msg"], "compare with `secondline contract example`"


def _missing(detail: ErrorDetails) -> tuple[str, str]:
    key = detail["loc"][-1]
    return f"the key '{key}' is missing", f"add '{key}: …' here"


def _too_long(detail: ErrorDetails) -> tuple[str, str]:
    return f"the text is longer than {detail['ctx']['max_length']} characters", "write it shorter"


def _too_small(detail: ErrorDetails) -> tuple[str, str]:
    return f"{detail['input']} is too small", f"write {detail['ctx']['ge']} or more"


def _too_large(detail: ErrorDetails) -> tuple[str, str]:
    return f"{detail['input']} is too large", f"write {detail['ctx']['le']} or less"


def _unknown_key(detail: ErrorDetails) -> tuple[str, str]:
    *parent, key = detail["loc"]
    possible = keys_at(tuple(parent))
    near = difflib.get_close_matches(str(key).lower(), possible, 1, 0.5)
    instead = f"did you mean '{near[0]}'?" if near else f"remove it; possible are: {', '.join(possible)}"
    return f"the key '{key}' is unknown here", instead


def _no_string(detail: ErrorDetails) -> tuple[str, str]:
    match detail["input"]:
        case bool() as value:
            return f"{str(value).lower()} is not a text", f"write '{str(value).lower()}' in quotes"
        case int() as value:
            return f"{value} is a number, not a text", f"write '{value}' in quotes"
        case _:
            return "a list or mapping stands where a text is expected", "write one text"


def _no_choice(detail: ErrorDetails) -> tuple[str, str]:
    value, expected = detail["input"], str(detail["ctx"]["expected"])
    choices = expected.replace("' or '", "', '").replace("'", "").split(", ")
    near = difflib.get_close_matches(str(value).lower(), choices, 1)
    possible = f"write one of: {', '.join(choices)}"
    return f"{value!r} is not possible here", f"did you mean '{near[0]}'? {possible}" if near else possible


def _no_pattern(detail: ErrorDetails) -> tuple[str, str]:
    value = detail["input"]
    match detail["loc"][-1]:
        case "email":
            return f"{value!r} is not an e-mail address", "write it like 'name@musterbau.example'"
        case "user":
            return f"{value!r} is not an account name", "write small letters, digits, '.', '_' or '-'"
        case _:
            return "the text has line ends or control characters", "write it on one line"


_NOTHING = ("here stands nothing", "write at least one")
_NO_NUMBER = ("here stands no whole number", "write a whole number, without quotes")
_NO_MAPPING = ("here stands no mapping", "write 'key: value' lines, indented below")
_FIXED = {
    "bool_type": ("here stands neither true nor false", "write true or false"),
    "int_type": _NO_NUMBER,
    "int_parsing": _NO_NUMBER,
    "tuple_type": ("here stands no list", "write a list: '- …' a line, or [a, b]"),
    "model_type": _NO_MAPPING,
    "model_attributes_type": _NO_MAPPING,
    "too_short": _NOTHING,
    "string_too_short": _NOTHING,
}
_SPOKEN: Mapping[str, Callable[[ErrorDetails], tuple[str, str]]] = {
    "enum": _no_choice,
    "extra_forbidden": _unknown_key,
    "greater_than_equal": _too_small,
    "less_than_equal": _too_large,
    "literal_error": _no_choice,
    "missing": _missing,
    "string_pattern_mismatch": _no_pattern,
    "string_too_long": _too_long,
    "string_type": _no_string,
    "too_long": _too_long,
}
