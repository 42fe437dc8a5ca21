"""What do I tell the second person who must agree? A difference in words, German or English.

One line a step, grouped by clause: '+' lets us do more, '-' less, '~' neither. What is exchanged for something
else gives and takes, and is said once, with '+'.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping
from hashlib import sha256
from itertools import zip_longest

from inventory.decide import Change, Deed, Diagnose
from inventory.difference_words import WORDS
from inventory.explain import Language, hours
from inventory.step import Difference, Effect, Step

__all__ = ["describe"]

_FEW = 8


def describe(difference: Difference, language: Language, *, most: int | None = _FEW) -> tuple[str, ...]:
    """Say every step in a line, by clause in the order of their numbers; what is no clause's comes first.

    most: how many hosts are named in a line before the rest is only counted; None: all.
    """
    exchanged = set(difference.widenings)
    narrowings = (step for step in difference.narrowings if step not in exchanged)
    signed = (
        *(("+", step) for step in difference.widenings),
        *(("-", step) for step in narrowings),
        *(("~", step) for step in difference.neutral),
    )
    in_order = sorted(signed, key=lambda one: (one[1].clause != "", _numbered(one[1].clause)))
    return tuple(_line(sign, step, language, most) for sign, step in in_order)


def _numbered(clause: str) -> tuple[tuple[int, int, str], ...]:
    """Clause 3.2 comes before clause 3.10."""
    words, numbers = re.split(r"[0-9]+", clause), re.findall(r"[0-9]+", clause)
    pairs = zip_longest(words, numbers, fillvalue="")
    return tuple(part for word, number in pairs for part in ((0, 0, word), (1, int(number or 0), number)))


def _line(sign: str, step: Step, language: Language, most: int | None) -> str:
    german = language == "de"
    where = f"{'Klausel' if german else 'clause'} {step.clause}" if step.clause else _top(german=german)
    text = WORDS[language][step.what].format_map(_facts(step, language, most))
    return _plain(f"{sign} {where}: {text}")


def _top(*, german: bool) -> str:
    return "Vertrag" if german else "contract"


def _plain(text: str) -> str:
    """No sign that a terminal obeys, or that makes a line read otherwise than it is."""
    if text.isprintable():
        return text
    return "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in text)


def _facts(step: Step, language: Language, most: int | None) -> Mapping[str, str]:
    german = language == "de"
    nothing = "nichts" if german else "nothing"
    always = "jederzeit" if german else "at any time"
    approval = step.new or step.old
    hosts = _few(step.hosts, most, german=german)
    old, new = (_value(step.what, value) for value in (step.old, step.new))
    return {
        "hosts": hosts,
        "on": f" ({hosts})" if hosts else "",
        "deeds": _deeds(step.deeds, german=german),
        "hours": hours(step.windows, language) or always,
        "approval": f" ({'Freigabe' if german else 'approval'}: {approval})" if approval else "",
        "of": step.of,
        "old": old or nothing,
        "new": new or nothing,
        "word": f": {old or new}" if old or new else "",
        "change": f": {new or nothing}, {'bisher' if german else 'until now'} {old or nothing}"
        if old or new
        else "",
    }


def _few(hosts: tuple[str, ...], most: int | None, *, german: bool) -> str:
    if most is None or len(hosts) <= most:
        return ", ".join(hosts)
    more = "und {} weitere" if german else "and {} more"
    return f"{', '.join(hosts[:most])} {more.format(len(hosts) - most)}"


def _deeds(deeds: Iterable[Deed], *, german: bool) -> str:
    deeds = tuple(deeds)
    areas = ", ".join(deed.area for deed in deeds if isinstance(deed, Diagnose))
    playbooks = ", ".join(deed.playbook for deed in deeds if isinstance(deed, Change))
    said = (
        (areas, "{} untersuchen" if german else "diagnose {}"),
        (playbooks, "{} ausführen" if german else "run {}"),
    )
    return (" und " if german else " and ").join(words.format(names) for names, words in said if names)


def _value(what: Effect, value: str) -> str:
    """A value as people compare it: a host key by its fingerprint."""
    if what not in {Effect.HOST_KEY_ADDED, Effect.HOST_KEY_REMOVED} or not value:
        return value
    sort, _, key = value.partition(" ")
    return f"{sort} {_fingerprint(key)}"


def _fingerprint(key: str) -> str:
    """As `ssh-keygen -l` shows it: in base64, without the signs that only fill up."""
    return f"SHA256:{b64encode(sha256(b64decode(key)).digest()).decode().rstrip('=')}"
