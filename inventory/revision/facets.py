"""Is it still the same host that is reached, in the same way, by the same agent?

Permission hangs on a host's id. Another address, port, account or key under the old id is another host, or
another way into it, and somebody has to agree.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509 import load_pem_x509_certificate

from inventory.clause import Part
from inventory.contract import Contract, Host, Outside, Phone, Registrar, Uplink
from inventory.revision.step import Effect, Step, Tallies

__all__ = ["compare_targets"]

Target = Host | Outside
_Both = tuple[Mapping[str, str], Mapping[str, str]]

# What is only said of a host: no permission hangs on it, except by what clauses make of roles.
_LABELS = ("name", "site", "environment", "roles", "uplinks", "registrar")
_KNOWN = frozenset({"id", "addresses", "platform", "resolved_by", *_LABELS})


def compare_targets(before: Contract, after: Contract, tallies: Tallies) -> None:
    """Compare each target with itself. What no clause covers, before or after, is only said."""
    agents = _agents(before), _agents(after)
    for name, is_ in after.targets.items():
        was = before.targets.get(name)
        if was is None:
            if name not in after.covers:
                tallies.same.add(Step(what=Effect.TARGET_ADDED), (name,))
        elif name not in after.covers or name not in before.covers:
            if was != is_:
                tallies.same.add(Step(what=Effect.TARGET_CHANGED), (name,))
        elif agents[0] != agents[1] or was != is_:
            _compare(was, is_, agents, tallies)
    for name in before.targets:
        if name not in after.targets and name not in before.covers:
            tallies.same.add(Step(what=Effect.TARGET_REMOVED), (name,))


def _compare(was: Target, is_: Target, agents: _Both, tallies: Tallies) -> None:
    host = (is_.id,)
    for step in _reach_gains(was, is_, *agents):
        tallies.more.add(step, host)
    for step in _reach_gains(is_, was, *reversed(agents)):
        tallies.less.add(step, host)
    for step in _label_changes(was, is_):
        tallies.same.add(step, host)


def _agents(contract: Contract) -> Mapping[str, str]:
    """The agent of each site; '' stands for the servers outside, which the first site's agent asks."""
    return {"": contract.sites[0].agent, **{site.id: site.agent for site in contract.sites}}


def _reach_gains(
    before: Target, after: Target, old_agents: Mapping[str, str], new_agents: Mapping[str, str]
) -> Iterator[Step]:
    """How the target can be reached after as it could not be before."""
    if type(before) is not type(after):
        yield Step(what=Effect.TARGET_EXCHANGED, old=_sort(before), new=_sort(after))
    known = frozenset(before.addresses)
    for address in after.addresses:
        if address not in known:
            yield Step(what=Effect.ADDRESS_ADDED, new=str(address))
    yield from _looked_up_otherwise(before, after)
    agent, was = new_agents.get(_site(after), ""), old_agents.get(_site(before), "")
    if agent != was:
        yield Step(what=Effect.AGENT_CHANGED, old=was, new=agent)
    platform, was = _platform(after), _platform(before)
    if platform != was and type(before) is type(after):
        yield Step(what=Effect.PLATFORM_CHANGED, old=was, new=platform)
    for name in dict.fromkeys((*type(after).model_fields, *type(before).model_fields)):
        if name not in _KNOWN:
            yield from _way_gains(name, getattr(before, name, None), getattr(after, name, None))


def _looked_up_otherwise(before: Target, after: Target) -> Iterator[Step]:
    """Whose word an address rests on: each server more can say it, and each server less bounds it no more."""
    old, new = (set(getattr(one, "resolved_by", ())) for one in (before, after))
    if old != new:
        yield Step(what=Effect.WAY_CHANGED, of="resolved_by", old=_of(old), new=_of(new))
    if _is_looked_up(before, after) and before.name != after.name:
        yield Step(what=Effect.WAY_CHANGED, of="name", old=before.name, new=after.name)


def _is_looked_up(before: Target, after: Target) -> bool:
    return any(getattr(one, "resolved_by", ()) for one in (before, after))


def _of(names: set[str]) -> str:
    return ", ".join(sorted(names))


def _sort(target: Target) -> str:
    return "host" if isinstance(target, Host) else "outside"


def _site(target: Target) -> str:
    return target.site if isinstance(target, Host) else ""


def _platform(target: Target) -> str:
    return target.platform if isinstance(target, Host) else ""


def _way_gains(name: str, before: object, after: object) -> Iterator[Step]:
    """Compare one way in. What it says under a key that is not known here must stay as it was."""
    match before, after:
        case None, Part():
            yield Step(what=Effect.WAY_ADDED, of=name, new=str(getattr(after, "port", "")))
            for key in getattr(after, "host_keys", ()):
                yield Step(what=Effect.HOST_KEY_ADDED, of=name, new=key)
        case Part(), Part():
            for field in dict.fromkeys((*type(after).model_fields, *type(before).model_fields)):
                old, new = getattr(before, field, None), getattr(after, field, None)
                yield from _field_gains(name, field, old, new)
        case Part(), None:
            pass
        case _ if before != after:
            yield Step(what=Effect.OTHER_CHANGED, of=name)
        case _:
            pass


def _field_gains(name: str, field: str, old: Any, new: Any) -> Iterator[Step]:  # noqa: ANN401 - any field's value.
    """Compare one word of a way in."""
    if field == "host_keys":
        for key in (key for key in new or () if key not in (old or ())):
            yield Step(what=Effect.HOST_KEY_ADDED, of=name, new=key)
    elif field == "rate":
        # Fewer questions a second are less.
        if new > old:
            yield Step(what=Effect.WAY_CHANGED, of=f"{name}.{field}", old=_said(old), new=_said(new))
    elif old != new:
        yield Step(what=Effect.WAY_CHANGED, of=f"{name}.{field}", old=_said(old), new=_said(new))


def _said(value: object) -> str:
    match value:
        case None:
            return ""
        case tuple():
            return ", ".join(map(_said, value))
        case Part():
            return "; ".join(f"{name} {_said(getattr(value, name))}" for name in type(value).model_fields)
        case str() if value.startswith("-----BEGIN CERTIFICATE-----"):
            # As people compare certificates.
            return f"SHA256:{load_pem_x509_certificate(value.encode()).fingerprint(SHA256()).hex(':')}"
        case _:
            return str(value)


def _label_changes(before: Target, after: Target) -> Iterator[Step]:
    """What is said of the target otherwise, and permits nothing."""
    for name in _LABELS:
        old, new = getattr(before, name, ""), getattr(after, name, "")
        if old != new and not (name == "name" and _is_looked_up(before, after)):
            yield Step(what=Effect.LABEL_CHANGED, of=name, old=_listed(old), new=_listed(new))


def _listed(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(_listed, value))
    if isinstance(value, Uplink):
        carried = f", {value.calls} calls {value.codec}/{value.packet_ms}" if value.calls else ""
        return f"{value.port} {value.mbits} Mbit/s{carried}"
    if isinstance(value, Registrar):
        return f"{value.domain or '*'}: {', '.join(map(_phone, value.phones))}"
    return str(value)


def _phone(phone: Phone) -> str:
    networks = " ".join(map(str, phone.networks))
    return f"{phone.number} ({networks})" if networks else phone.number
