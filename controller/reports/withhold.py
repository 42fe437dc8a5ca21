"""Is there a secret in this text? Passwords, keys and tokens leave in no form of the report, for nobody.

It removes too much rather than too little: the value of anything called a password goes, up to the next
space or, in a line of a configuration file, up to the line's end.
"""

from __future__ import annotations

import re
from collections.abc import Callable

__all__ = ["MARK", "remove_secrets"]

MARK = "«secret»"

# A text with none of these (in small letters) holds no secret that is known here: most texts leave at once.
_TRIGGERS = (
    "pass", "pwd", "kennwort", "secret", "token", "key", "authori", "cookie", "bearer",
    "basic ", "private", "masterauth", "psk", "credential", "community", "$", "://", "{s", "{md5", "{crypt", "eyj", "akia",
    "ghp_", "gho_", "ghs_", "ghu_", "ghr_", "github_pat_", "glpat-", "xox",
)  # fmt: skip
# One look for all of them takes half the time of one for each.
_ANY = re.compile("|".join(map(re.escape, _TRIGGERS)))

_NAMES = (
    r"(?:pass(?:word|wd|wort|phrase|code)|kennwort|passw|secret|token|psk|credentials?|community"
    r"|(?:api|private|access|auth|shared|session|encryption|signing|pre-?shared|secret|tsig|wpa)[_ -]?key)"
)
_QUOTED = r""""(?:[^"\\]|\\.)*"?|'(?:[^'\\]|\\.)*'?"""

_WHOLE = re.compile(
    r"""(?xs)
    -----BEGIN[ ][A-Z0-9 ]{0,40}PRIVATE[ ]KEY(?:[ ]BLOCK)?-----.*?
        (?:-----END[ ][A-Z0-9 ]{0,40}PRIVATE[ ]KEY(?:[ ]BLOCK)?-----|\Z)
    | AGE-SECRET-KEY-1[0-9A-Z]{20,}
    | (?<![\w$])\$(?:1|2[abxy]?|3|5|6|7|8|9|y|gy|apr1|md5|sha1|P|H|argon2(?:id|i|d))\$[./0-9A-Za-z$=,+-]{8,}
    | \{(?:S?SHA(?:\d{3})?|S?MD5|CRYPT)\}[./0-9A-Za-z$=+]{8,}
    | (?<!\w)eyJ[\w-]{8,}\.[\w-]{4,}\.[\w-]*
    | (?<!\w)AKIA[0-9A-Z]{16}
    | (?<!\w)(?:gh[opsur]_|github_pat_|glpat-|xox[abposr]-)[\w-]{10,}
    """
)
_PUTTY = re.compile(r"(?im)^(Private-(?:Lines|MAC):[ \t]*)\S+((?:\r?\n[A-Za-z0-9+/=]{20,}$)*)")
_URL = re.compile(r"""(://)[^\s"'<>/@:]{0,300}:[^\s"'<>]{0,300}@""")
_HEADER = re.compile(
    r"(?i)((?:authorization|(?:set-)?cookie|x-[a-z-]{0,40}(?:token|key|secret))[\"']?[ \t]*[:=][ \t]*)"
    rf"({_QUOTED}|[^\r\n]+)"
)
_LINE = re.compile(
    rf"(?im)^([ \t]*(?:export[ \t]+|set[ \t]+)?[\w.-]{{0,60}}?{_NAMES}[\w.-]{{0,40}}[ \t]*[:=][ \t]*)"
    rf"({_QUOTED}|[^\s\"'][^\r\n]*)"
)
_PAIR = re.compile(
    rf"""(?i)({_NAMES}[\w.-]{{0,40}}\\?["']?[ \t]*(?:=>|[:=])[ \t]*)(\\"[^"]*"?|{_QUOTED}|[^\s"']\S*)"""
)
_PWD = re.compile(r"(?i)((?<![a-z])pwd[\"']?[ \t]*[:=][ \t]*)(?![/~])(\S+)")
_SPACED = re.compile(
    rf"(?i)(--?{_NAMES}[ \t]+|(?<![a-z]){_NAMES}[ \t]+(?:is[ \t]+|ist[ \t]+)?(?=\S*\d)(?!\[)"
    rf"|requirepass[ \t]+|masterauth[ \t]+|(?<!\w)(?:bearer|basic)[ \t]+(?=\S{{8}}))({_QUOTED}|\S+)"
)
_DNS_COOKIE = re.compile(r"[0-9a-f]{16,80}(?: \(\w+\))?")
_SOURCES = re.compile(
    r"(?:[ \t]*(?:files|compat|systemd|db|sss|ldap|nis|winbind|mymachines|nslcd|\[\w+=\w+\]))+[ \t]*"
)


def remove_secrets(text: str, removed: Callable[[str], None]) -> str:
    """Replace every secret in a text with a mark; call `removed` with each of them.

    >>> remove_secrets("curl https://anna:geheim@api.example/x", lambda _: None)
    'curl https://«secret»@api.example/x'
    """
    lowered = text.lower()
    if _ANY.search(lowered) is None:
        return text

    def whole(found: re.Match[str]) -> str:
        removed(found[0])
        return MARK

    def address(found: re.Match[str]) -> str:
        removed(found[0][3:-1])
        return f"{found[1]}{MARK}@"

    def value(found: re.Match[str]) -> str:
        if not found[2] or found[2].startswith(MARK) or _is_name_service(found) or _is_dns_cookie(found):
            return found[0]
        removed(found[2].strip("\"'\\,;&"))
        return found[1] + MARK

    text = _WHOLE.sub(whole, text)
    text = _PUTTY.sub(lambda found: value(found) if found[2] else found[0], text)
    if "@" in text:
        text = _URL.sub(address, text)
    for pattern in (_HEADER, _LINE, _PAIR, _PWD, _SPACED):
        text = pattern.sub(value, text)
    return text


def _is_dns_cookie(found: re.Match[str]) -> bool:
    """`COOKIE: 8f…` in the output of dig is a number that a name server gave for this one question."""
    return found[1] == "COOKIE: " and _DNS_COOKIE.fullmatch(found[2]) is not None


def _is_name_service(found: re.Match[str]) -> bool:
    """`passwd: files systemd` in nsswitch.conf names sources, not a password."""
    return found[1].strip().lower() == "passwd:" and _SOURCES.fullmatch(found[2]) is not None
