"""Where does a resolver send its questions? Read from the configuration as BIND, Unbound and Samba show it themselves."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address

__all__ = ["Block", "Forwarding", "of_bind", "of_samba", "of_unbound", "parsed"]

_TOKEN = re.compile(r'"((?:[^"\\]|\\.)*)"|([{};])|([^\s{};"]+)')
_OPTION = re.compile(r'^[ \t]*([a-z][a-z-]*):[ \t]*"?([^"#\s]*)"?', re.MULTILINE)
# What of a zone of BIND names servers to be asked, by the zone's type.
_TARGETS = {
    "forward": ("forwarders",),
    "stub": ("primaries", "masters"),
    "static-stub": ("server-addresses",),
}
_DEEP = 20
_DNS_PORT = 53


@dataclass(frozen=True, slots=True, kw_only=True)
class Forwarding:
    """Questions for a zone go to these addresses. zone: '.' is everything else; is_to_its_servers: they shall serve it.

    odd: targets that are not asked at port 53, or are names, as they are written.
    """

    zone: str
    targets: tuple[str, ...]
    is_to_its_servers: bool = False
    odd: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Block:
    """One statement of BIND: its words, and what stands in its braces."""

    words: tuple[str, ...]
    inner: tuple[Block, ...] | None = None

    def all(self, *names: str) -> Iterator[Block]:
        return (one for one in self.inner or () if one.words[:1] and one.words[0] in names)

    def value(self, name: str) -> str:
        return next((one.words[1] for one in self.all(name) if len(one.words) > 1), "")


def parsed(text: str) -> tuple[Block, ...] | None:
    """The statements of a configuration as `named-checkconf -p` prints it; None when it is none.

    >>> parsed('options { forward only; };')[0].inner[0].words
    ('forward', 'only')
    """
    stack: list[list[Block]] = [[]]
    words: list[tuple[str, ...]] = [()]
    closed: Block | None = None
    for quoted, sign, bare in _TOKEN.findall(text):
        match sign:
            case "{" if len(stack) < _DEEP:
                stack.append([])
                words.append(())
            case "}" if len(stack) > 1:
                inner = tuple(stack.pop())
                words.pop()
                closed = Block(words[-1], inner)
            case ";":
                if closed or words[-1]:
                    stack[-1].append(closed or Block(words[-1]))
                closed, words[-1] = None, ()
            case "":
                words[-1] = (*words[-1], bare or quoted)
            case _:
                return None
    return tuple(stack[0]) if len(stack) == 1 and not words[0] else None


def of_bind(text: str) -> tuple[Forwarding, ...] | None:
    """The forwarders of all views; None when this is no configuration of BIND."""
    blocks = parsed(text)
    if blocks is None or not any(one.words[:1] in {("options",), ("zone",), ("view",)} for one in blocks):
        return None
    top = Block((), blocks)
    return tuple(_of_view(top)) + tuple(one for view in top.all("view") for one in _of_view(view))


def _of_view(view: Block) -> Iterator[Forwarding]:
    for options in (*view.all("options"), view):
        for given in options.all("forwarders"):
            yield from _forwarding(".", _listed(given))
    for zone in view.all("zone"):
        kind = zone.value("type")
        for given in zone.all(*_TARGETS.get(kind, ())):
            name = zone.words[1] if len(zone.words) > 1 else "."
            yield from _forwarding(name, _listed(given), is_to_its_servers=kind != "forward")


def _listed(block: Block) -> list[str]:
    """Addresses as BIND writes them; a port that is not the usual one stays with its address."""
    usual = _port(block)
    return [f"{one.words[0]}{_port(one) or usual}" for one in block.inner or () if one.words]


def _port(block: Block) -> str:
    after = block.words[block.words.index("port") + 1 :] if "port" in block.words else ()
    return f"@{after[0]}" if after else ""


def of_unbound(text: str) -> tuple[Forwarding, ...]:
    """The forward and stub zones among lines of Unbound's configuration, whatever files they come from."""
    found: list[Forwarding] = []
    kind, name, targets = "", "", list[str]()
    for option, value in (*_OPTION.findall(text), ("server", "")):
        if option in {"name", "forward-addr", "forward-host", "stub-addr", "stub-host"}:
            name = value if option == "name" else name
            targets += [] if option == "name" else [value.partition("#")[0]]
        elif not value:
            if kind in {"forward-zone", "stub-zone"}:
                found += _forwarding(name, targets, is_to_its_servers=kind == "stub-zone")
            kind, name, targets = option, "", []
    return tuple(found)


def of_samba(text: str) -> tuple[Forwarding, ...]:
    """What `testparm` says for 'dns forwarder': addresses, perhaps with a port.

    >>> of_samba("10.77.1.53, [fd20::53]:5353")[0].odd
    ('[fd20::53]:5353',)
    """
    return tuple(_forwarding(".", re.split(r"[\s,]+", text.strip())))


def _forwarding(zone: str, given: list[str], *, is_to_its_servers: bool = False) -> Iterator[Forwarding]:
    read = [(word, _address(word)) for word in given if word]
    if read:
        yield Forwarding(
            zone=zone.lower().rstrip(".") or ".",
            targets=tuple(dict.fromkeys(address for _, address in read if address)),
            is_to_its_servers=is_to_its_servers,
            odd=tuple(word[:60] for word, address in read if not address),
        )


def _address(word: str) -> str:
    """An address that is asked at the usual port; empty for all else."""
    host, _, port = word.partition("@")
    try:
        return str(ip_address(host)) if port in {"", str(_DNS_PORT)} else ""
    except ValueError:
        return ""
