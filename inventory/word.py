"""What does a word without quotes stand for, and does every reader of YAML agree?

YAML 1.1 and 1.2 read `no`, `07:00`, `1.10`, `010` and others in two ways. Such a word is a mistake; a
guess would be a contract that says one thing here and another thing there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from yaml.resolver import Resolver

__all__ = ["plain"]

_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,17})")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
# Numbers to a reader of YAML 1.2, words to one of 1.1; and every time of day, also 07:00, as only those
# from 10:00 on are numbers and nobody can remember that.
_NUMBER_TO_OTHERS = re.compile(
    r"0o[0-7]+|[-+]?(?:[0-9]+|\.[0-9]+|[0-9]+\.[0-9]*)[eE][-+]?[0-9]+|[-+]?[0-9]+(?::[0-5]?[0-9])+"
)
_WORDS: Mapping[str, bool | None] = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
}
_TRUE = frozenset({"yes", "on"})


def plain(text: str) -> tuple[Any, tuple[str, str] | None]:
    """What a scalar without quotes stands for, and what is ambiguous about it.

    >>> plain("web1"), plain("22"), plain("2026-01-01")
    (('web1', None), (22, None), ('2026-01-01', None))
    >>> plain("07:00")[1]
    ('`07:00` without quotes is a number to some readers', "write '07:00' in quotes")
    """
    if text in _WORDS:
        return _WORDS[text], None
    tag = _tag(text)
    if not tag or (tag == "timestamp" and _DAY.fullmatch(text)):
        return text, None
    if tag == "int" and _INTEGER.fullmatch(text):
        return int(text), None
    if tag == "bool":
        meaning = "true" if text.lower() in _TRUE else "false"
        problem = f"`{text}` without quotes means {meaning} to some readers and the word '{text}' to others"
        return text, (problem, f"write true or false, or '{text}' in quotes if the word is meant")
    what = {"timestamp": "a time", "merge": "a merge key", "value": "a special key"}.get(tag, "a number")
    instead = f"write '{text}' in quotes"
    if what == "a number" and ":" not in text:
        instead += " if it is a text, or else a whole number in plain digits"
    return text, (f"`{text}` without quotes is {what} to some readers", instead)


def _tag(text: str) -> str:
    """The type that YAML 1.1 or 1.2 gives a plain scalar, '' for a string."""
    for tag, pattern in Resolver.yaml_implicit_resolvers.get(text[0], ()):
        if pattern.match(text):
            return str(tag).rpartition(":")[2]
    return "float" if text[0] in "0123456789+-." and _NUMBER_TO_OTHERS.fullmatch(text) else ""
