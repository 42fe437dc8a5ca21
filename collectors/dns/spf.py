"""Is this SPF record one that mail servers can read? The grammar of RFC 7208, section 12, and nothing else."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv6Address

__all__ = ["Spf", "Term", "is_spf", "read_spf"]

# Each of these costs the receiver a look-up (RFC 7208, section 4.6.4).
ASKING = frozenset({"include", "a", "mx", "ptr", "exists", "redirect"})
_MECHANISMS = frozenset({"all", "include", "a", "mx", "ptr", "ip4", "ip6", "exists"})
_ONCE = frozenset({"redirect", "exp"})
_TERM = re.compile(r"([+?~-]?)([A-Za-z][A-Za-z0-9._-]*)(?:([:=/])(.*))?", re.DOTALL)
_MACRO = re.compile(r"%(?:[%_-]|\{[slodiphcrtvSLODIPHCRTV]\d*[rR]?[.+,/_=-]*\})")
# A macro counts as one sign.
_SIGN = re.compile(rf"{_MACRO.pattern}|.", re.DOTALL)
_CIDR = re.compile(r"(?:/(\d{1,3}))?(?://(\d{1,3}))?")
_LABEL = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One mechanism or modifier. target: the name or address that it names; empty: the record's own name."""

    kind: str
    qualifier: str = "+"
    target: str = ""

    @property
    def is_macro(self) -> bool:
        """Its target depends on the mail that is judged: nobody can look it up beforehand."""
        return "%" in self.target


@dataclass(frozen=True, slots=True)
class Spf:
    """A record that can be read."""

    terms: tuple[Term, ...]

    @property
    def end(self) -> str:
        """What holds for everybody else: 'all' with its qualifier, 'redirect', or nothing."""
        for term in self.terms:
            if term.kind == "all":
                return f"{term.qualifier}all"
        return "redirect" if self.one("redirect") else ""

    def one(self, kind: str) -> Term | None:
        return next((term for term in self.terms if term.kind == kind), None)

    @property
    def asking(self) -> tuple[Term, ...]:
        """The terms that cost a look-up, in order; with 'all' nobody follows 'redirect' (section 6.1)."""
        has_all = self.one("all") is not None
        return tuple(t for t in self.terms if t.kind in ASKING and not (has_all and t.kind == "redirect"))


def is_spf(text: str) -> bool:
    """Say whether a text is meant as SPF (section 4.5).

    >>> is_spf("v=spf1 -all"), is_spf("V=SPF1"), is_spf("v=spf10 -all"), is_spf("v=spf2.0/pra")
    (True, True, False, False)
    """
    return text.lower() == "v=spf1" or text.lower().startswith("v=spf1 ")


def read_spf(text: str) -> Spf | str:
    """The terms of a record, or the first thing that is wrong with it, as a code.

    >>> read_spf("v=spf1 mx -all").end, read_spf("v=spf1 ipv4:192.0.2.1 -all"), read_spf("v=spf1 ip4:300.0.2.1")
    ('-all', 'unknown:ipv4', 'address:300.0.2.1')
    """
    terms: list[Term] = []
    for word in [word for word in text[len("v=spf1") :].split(" ") if word]:
        term = _term(word)
        if isinstance(term, str):
            return term
        if term.kind in _ONCE and any(other.kind == term.kind for other in terms):
            return f"twice:{term.kind}"
        terms.append(term)
    return Spf(tuple(terms))


def _term(word: str) -> Term | str:
    match = _TERM.fullmatch(word)
    if match is None:
        return f"term:{word[:40]}"
    qualifier, name, sign, rest = match[1], match[2].lower(), match[3] or "", match[4] or ""
    if sign == "=":
        return _modifier(qualifier, name, rest)
    if name not in _MECHANISMS:
        return f"unknown:{name[:40]}"
    why = _mechanism(name, sign, rest)
    target = "" if sign == "/" else _split(rest)[0] if name in {"a", "mx"} else rest
    return why or Term(kind=name, qualifier=qualifier or "+", target=target)


def _modifier(qualifier: str, name: str, rest: str) -> Term | str:
    if qualifier:
        return f"term:{qualifier}{name[:40]}="
    if name in _ONCE and (why := _domain(rest)):
        return why
    # A mechanism's name counts as unknown here too, and shall not be taken for the mechanism.
    kind = name if name in _ONCE else f"{name}="
    return Term(kind=kind, target=rest) if _macro_string(rest) else f"name:{rest[:40]}"


def _mechanism(name: str, sign: str, rest: str) -> str:
    """What is wrong with a mechanism; empty for nothing."""
    match name:
        case "all":
            return f"argument:{name}" if sign else ""
        case "include" | "exists":
            return _domain(rest) if sign == ":" else f"argument:{name}"
        case "ip4" | "ip6":
            return _network(name, rest) if sign == ":" else f"argument:{name}"
        case "ptr":
            return "" if not sign else _domain(rest) if sign == ":" else f"argument:{name}"
        case _:
            return _with_length(name, sign, rest)


def _with_length(name: str, sign: str, rest: str) -> str:
    """'a' and 'mx': perhaps a name, perhaps lengths of networks."""
    target, length = _split(rest) if sign == ":" else ("", f"{sign}{rest}")
    found = _CIDR.fullmatch(length)
    if found is None or int(found[1] or 0) > 32 or int(found[2] or 0) > 128:
        return f"length:{name}{length[:20]}"
    return _domain(target) if sign == ":" else ""


def _split(rest: str) -> tuple[str, str]:
    """Name and length; a '/' may stand inside of a macro."""
    found = re.search(r"(?:/\d*)?(?://\d*)?\Z", rest)
    at = found.start() if found else len(rest)
    return rest[:at], rest[at:]


def _network(kind: str, rest: str) -> str:
    address, sign, length = rest.partition("/")
    try:
        (IPv4Address if kind == "ip4" else IPv6Address)(address)
    except AddressValueError:
        return f"address:{rest[:40]}"
    most = 32 if kind == "ip4" else 128
    is_length = length.isascii() and length.isdigit() and len(length) <= 3 and int(length) <= most
    return "" if "%" not in address and (not sign or is_length) else f"address:{rest[:40]}"


def _macro_string(text: str) -> bool:
    """Visible signs, with '%' only as a macro."""
    bare = _MACRO.sub("", text)
    return "%" not in bare and all("!" <= sign <= "~" for sign in bare)


def _domain(text: str) -> str:
    """What is wrong with a name: it must end in a label that is no number, or in a macro."""
    if not text or not _macro_string(text):
        return f"name:{text[:40]}"
    *_, ending = (found[0] for found in _SIGN.finditer(text))
    if len(ending) > 1:
        return ""
    _, dot, last = text.removesuffix(".").rpartition(".")
    return "" if dot and _LABEL.fullmatch(last) and not last.isdigit() else f"name:{text[:40]}"
