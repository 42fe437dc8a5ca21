"""Of whom does the ticket speak? Accounts of the customer's domains, as people write them, and no other words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

__all__ = ["AccountError", "account_of", "accounts_in_text"]

# sAMAccountName, or the first part of a user principal name: what MS-SAMR 3.1.1.6 lets an account be called.
_NAME = r"[^\s\"/\\\[\]:;|=,+*?<>@(){}']{1,64}"
_ACCOUNT = re.compile(rf"{_NAME}(?:@[A-Za-z0-9.-]+)?")
_MOST = 20


class AccountError(ValueError):
    """The text names no account; the message says how to write one."""


def account_of(text: str) -> str:
    r"""One account as somebody typed it, without its domain's short name.

    >>> account_of("MUSTERBAU\\bob"), account_of("bob@ad.musterbau.test")
    ('bob', 'bob@ad.musterbau.test')
    """
    name = text.strip().rpartition("\\")[2]
    if not _ACCOUNT.fullmatch(name):
        raise AccountError(
            f"{text!r} is no account: write it like 'bob', 'MUSTERBAU\\bob' or 'bob@ad.musterbau.test'"
        )
    return name


def accounts_in_text(text: str, domains: Iterable[str]) -> tuple[str, ...]:
    r"""The accounts that a text names together with one of these domains (DNS names), each once.

    >>> accounts_in_text("MUSTERBAU\\bob ist gesperrt, bob@ad.musterbau.test auch", ["ad.musterbau.test"])
    ('bob', 'bob@ad.musterbau.test')
    >>> accounts_in_text("Post an eva@example.org, C:\\temp", ["ad.musterbau.test"])
    ()
    """
    found: dict[str, None] = {}
    for domain in domains:
        for pattern in _patterns(domain):
            for one in pattern.finditer(text):
                found[one["account"].rstrip(".")] = None
    return tuple(found)[:_MOST]


def _patterns(domain: str) -> Sequence[re.Pattern[str]]:
    labels = domain.split(".")
    # The short name is mostly one of the first labels: 'ad.musterbau.test' is MUSTERBAU or AD.
    short = "|".join(re.escape(label) for label in labels[:-1] or labels)
    return (
        re.compile(rf"(?<![\w\\])(?:{short})\\(?P<account>{_NAME})", re.IGNORECASE),
        re.compile(rf"(?<![\w@])(?P<account>{_NAME}@{re.escape(domain)})(?![\w-]|\.\w)", re.IGNORECASE),
    )
