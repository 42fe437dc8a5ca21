"""Does this command only show? What is not surely so is never sent to a network device.

The rule knows forms, not intentions: a first word that shows, plain words behind it, and nothing by which a command
line starts a second command, sends its output elsewhere, waits for more, or prints what holds secrets.
"""

from __future__ import annotations

import re

from collectors.dialect import Dialect

__all__ = ["why_not_shown"]

_LONGEST = 200
# What words of a command may be made of: no pipe, redirection, separator, quote, bracket, substitution, help or control sign.
_PLAIN = re.compile(r"[A-Za-z0-9/.:,_+=@*-]+(?: [A-Za-z0-9/.:,_+=@*-]+)*")
# Whole configurations, dumps and keys: they hold passwords and communities, or keep a device busy for minutes.
# Devices take any beginning of a word for the word, and so does this rule.
_HOLDS_SECRETS = (
    *("running-config", "startup-config", "candidate-config", "derived-config", "tech-support"),
    *("diagnostic-information", "support-information", "core-dump", "checkpoint", "rollback"),
    *("key-chain", "keychain", "password", "private-key", "secret", "community"),
)
# Only where they say what is shown: 'show spanning-tree mst configuration' holds nothing that is secret.
_SECOND_HOLDS_SECRETS = (
    *(
        "configuration",
        "current-configuration",
        "saved-configuration",
        "full-configuration",
        "this",
        "archive",
    ),
    *("crypto", "aaa", "snmp-server"),
)
_SHORTEST = 3
# RouterOS: a path, then print or monitor; what else may follow. A value never names a file, and nothing goes on for ever.
_MENU = re.compile(r"/?[a-z0-9-]+(?:[ /][a-z0-9-]+)*")
_PRINTS = re.compile(
    r"detail|terse|brief|stats|stats-detail|count-only|without-paging|proplist=[a-z0-9,-]+|where|[a-z-]+=[\w./:-]+"
)
_NEVER_PRINTED = re.compile(r"(?:file|append|interval|follow|follow-only|as-value|from)(?:=.*)?")
# Words by which a menu does something else than print.
_DOES = frozenset(
    {
        *(
            "set",
            "add",
            "remove",
            "enable",
            "disable",
            "move",
            "comment",
            "edit",
            "unset",
            "find",
            "get",
            "do",
            "run",
        ),
        *(
            "reset",
            "reset-counters",
            "reset-configuration",
            "reboot",
            "shutdown",
            "import",
            "execute",
            "upgrade",
        ),
        *(
            "downgrade",
            "install",
            "uninstall",
            "check-for-updates",
            "fetch",
            "ping",
            "renew",
            "release",
            "flush",
        ),
    }
)
_SECRET_MENUS = frozenset(
    {
        "secret",
        "security-profiles",
        "community",
        "ipsec",
        "radius",
        "script",
        "export",
        "password",
        "key",
        "wireguard",
    }
)


def why_not_shown(dialect: Dialect, command: str) -> str:
    """Why a command is not sent, or an empty text when it only shows.

    >>> from collectors.dialect import DIALECTS
    >>> why_not_shown(DIALECTS["cisco-ios"], "show spanning-tree vlan 10 detail")
    ''
    >>> why_not_shown(DIALECTS["cisco-ios"], "show run")
    "'run' may print what holds secrets"
    >>> why_not_shown(DIALECTS["cisco-ios"], "configure terminal")
    "it does not begin with 'show'"
    >>> why_not_shown(DIALECTS["mikrotik-routeros"], "/interface bridge port print detail")
    ''
    """
    if len(command) > _LONGEST:
        return f"it is longer than {_LONGEST} characters"
    if not _PLAIN.fullmatch(command):
        return "it is no row of plain words with one blank between them"
    if dialect.shows == ("print", "monitor"):
        return _why_not_printed(command)
    first, *words = command.split(" ")
    if first not in dialect.shows:
        return f"it does not begin with {' or '.join(map(repr, dialect.shows))}"
    if not words:
        return "it does not say what to show"
    for place, word in enumerate(words):
        if _may_hold_secrets(word.lower(), is_second=place == 0):
            return f"{word!r} may print what holds secrets"
    return ""


def _may_hold_secrets(word: str, *, is_second: bool) -> bool:
    """Also by any beginning of a name, as devices take it: 'run' is 'running-config'."""
    names = (*_HOLDS_SECRETS, *_SECOND_HOLDS_SECRETS) if is_second else _HOLDS_SECRETS
    long_enough = is_second or len(word) >= _SHORTEST
    return any(word.startswith(name) or (long_enough and name.startswith(word)) for name in names)


def _why_not_printed(command: str) -> str:
    """RouterOS: the verb stands behind its menu."""
    words = command.replace("/", " / ").split()
    verbs = [place for place, word in enumerate(words) if word in {"print", "monitor"}]
    if not verbs:
        return "it does not print"
    head, tail = words[: verbs[0]], words[verbs[0] + 1 :]
    menu = [word for word in head if word != "/"]
    if not menu or not _MENU.fullmatch(" ".join(menu)):
        return "it names no menu to print"
    if does := _DOES.intersection(menu):
        return f"{min(does)!r} does more than print"
    if secret := _SECRET_MENUS.intersection(menu):
        return f"{min(secret)!r} may print what holds secrets"
    if words[verbs[0]] == "monitor":
        return "" if len(tail) == 2 and tail[1] == "once" else "a monitor that does not say 'once' never ends"
    rest = command.partition(" print")[2].split()
    for word in rest:
        if _NEVER_PRINTED.fullmatch(word) or not _PRINTS.fullmatch(word):
            return f"{word!r} is not among what a print may be asked for"
    return ""
