"""What does a single value of a source stand for? Names, ids, addresses, ports: checked, never guessed.

Whatever a value is, it is looked at as text from a stranger: short, plain, and either wholly right or refused.
"""

from __future__ import annotations

import json
import re
from ipaddress import IPv4Interface, IPv6Interface, ip_interface

from inventory.contract import Environment
from inventory.fields import ACCOUNT, WrongError, dns_name, identifier, unicast
from inventory.source import LARGEST
from inventory.sources.seen import MOST_HOSTS, Ip, SourceError

__all__ = [
    "account_of",
    "address_of",
    "document_of",
    "environment_of",
    "id_of",
    "interface_of",
    "name_of",
    "platform_of",
    "port_of",
    "too_many",
]

_LONGEST = 300
_TEMPLATE = re.compile(r"\{\{|\{%|\{#")
_ENVIRONMENTS = {
    **{kind.value: kind for kind in Environment},
    "arbeitsplatz": Environment.CLIENT,
    "netz": Environment.NETWORK,
    "netzwerk": Environment.NETWORK,
    "sprache": Environment.VOICE,
    "telefonie": Environment.VOICE,
    "voip": Environment.VOICE,
}
# The first word of what a platform is called elsewhere, and what it is called here.
_PLATFORMS = {
    **dict.fromkeys(
        (
            *(
                "alma",
                "almalinux",
                "alpine",
                "amazon",
                "arch",
                "centos",
                "debian",
                "fedora",
                "gentoo",
                "linux",
            ),
            *(
                "opensuse",
                "oracle",
                "raspbian",
                "redhat",
                "rhel",
                "rocky",
                "rockylinux",
                "sles",
                "suse",
                "ubuntu",
            ),
        ),
        "linux",
    ),
    **dict.fromkeys(("microsoft", "win", "windows", "windowsserver"), "windows"),
}


def _short(text: str) -> str:
    if len(text) > _LONGEST:
        raise WrongError(f"{text[:40]!r}… has {len(text)} characters", "write the value alone")
    return text


def name_of(text: str) -> str:
    """The DNS name of a host, in small letters. Raises WrongError."""
    if not text:
        raise WrongError("it has no name", "give it the DNS name by which people know it")
    return dns_name(_short(text))


def id_of(name: str) -> str:
    """The id that a DNS name gives: its first part, without what no id begins or ends with. Raises WrongError.

    >>> id_of("web1.musterbau.example")
    'web1'
    """
    return identifier(name.partition(".")[0].strip("_-"))


def address_of(text: str) -> Ip:
    """One address. Raises WrongError for names, networks, templates and what is no other host."""
    if _TEMPLATE.search(_short(text)):
        raise WrongError(f"{text!r} is a template, and nothing of a source is computed", "write the address")
    if text.startswith("="):
        raise WrongError(f"{text!r} is a formula, and nothing of a source is computed", "write the address")
    address = unicast(text)
    if address.is_loopback:
        raise WrongError(
            f"{text!r} is whoever asks for it, and no other host", "write the host's own address"
        )
    return address


def interface_of(text: str) -> Ip:
    """The address of an interface, which is written with the length of its network. Raises WrongError.

    >>> interface_of("10.0.0.1/24")
    IPv4Address('10.0.0.1')
    """
    alone, slash, _ = _short(text).partition("/")
    if slash:
        try:
            interface: IPv4Interface | IPv6Interface = ip_interface(text)
        except ValueError:
            raise WrongError(f"{text!r} is not the address of an interface", "correct it there") from None
        if interface.network.num_addresses > 2 and interface.ip == interface.network.network_address:
            raise WrongError(f"{text!r} is a network, and a contract names each host", "correct it there")
    return address_of(alone)


def port_of(value: object) -> int | None:
    """A TCP port, as a number or in digits; None for nothing. Raises WrongError."""
    if value is None or value == "":
        return None
    text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    if len(text) <= 5 and text.isascii() and text.isdecimal() and 1 <= int(text) <= 65535:
        return int(text)
    raise WrongError(f"{str(value)[:40]!r} is not a port", "write a number from 1 to 65535")


def account_of(text: str) -> str:
    """The name of an account. Raises WrongError."""
    if text and not ACCOUNT.fullmatch(text):
        raise WrongError(
            f"{text[:40]!r} is not an account name", "write small letters, digits, '.', '_' or '-'"
        )
    return text


def environment_of(text: str) -> Environment | None:
    """What sort of system it is, in English or German; None for nothing. Raises WrongError."""
    if not text:
        return None
    found = _ENVIRONMENTS.get(_short(text).casefold())
    if found is None:
        raise WrongError(
            f"{text!r} is no environment", f"write one of: {', '.join(kind.value for kind in Environment)}"
        )
    return found


def platform_of(text: str) -> str:
    """The platform, by the name that it has here: every distribution of Linux is 'linux'. Raises WrongError.

    >>> platform_of("debian-12"), platform_of("Cisco-IOS"), platform_of("")
    ('linux', 'cisco-ios', '')
    """
    if not text:
        return ""
    word = _short(text).casefold()
    return _PLATFORMS.get(re.split(r"[^a-z]", word, maxsplit=1)[0]) or identifier(re.sub(r"\s+", "-", word))


def document_of(raw: str | bytes, what: str) -> object:
    """What a JSON text says. Raises SourceError."""
    if len(raw) > LARGEST:
        raise SourceError(f"{what} is longer than {LARGEST // 1_000_000} MB: divide it")
    try:
        text = raw.decode("utf-8-sig") if isinstance(raw, bytes) else raw
        return json.loads(text, object_pairs_hook=_each_once)
    except UnicodeDecodeError:
        raise SourceError(f"{what} is not UTF-8: write it in UTF-8") from None
    except RecursionError:
        raise SourceError(f"{what} is nested too deep to be an inventory") from None
    except ValueError as error:
        raise SourceError(f"{what} is not JSON: {error}") from None


def _each_once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Two readers may read a key that is written twice in two ways."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key is written twice in one object")
    return found


def too_many(number: int) -> None:
    """Raises SourceError for more hosts than a contract may have."""
    if number > MOST_HOSTS:
        raise SourceError(f"the source names more than {MOST_HOSTS} hosts: propose a part of it at a time")
