"""What does strongSwan have, and what is it told to have? `swanctl` asks its daemon over vici; nothing is ever set.

The fields are those of vici's own description (strongSwan, src/libcharon/plugins/vici/README.md).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

from collectors import About, Ran, Shell
from collectors.plain import plain
from collectors.vpn.attempts import charon_log
from collectors.vpn.ipsec import Association, Certificate, Child, Connection, Ipsec, Planned, Pool
from collectors.vpn.journal import entries
from collectors.vpn.rights import allowed, unparsable
from collectors.vpn.vici_text import Section, events_of

__all__ = ["strongswan"]

_SWANCTL = "/usr/sbin/swanctl"
_WAIT = 5
_JOURNAL = (
    *("SYSLOG_IDENTIFIER=charon-systemd", "GROUP=IKE", "GROUP=CFG", "+"),
    *("SYSLOG_IDENTIFIER=charon", "SYSLOG_IDENTIFIER=ipsec"),
)
_CARRIES = {"INSTALLED", "REKEYING", "REKEYED", "UPDATING", "INSTALLED_INBOUND"}


async def strongswan(host: Shell, about: About) -> Ipsec | None:
    """Ask the daemon for everything that concerns tunnels; None where the host has no swanctl. Raises Unanswered."""
    ran = await _asked(host, "--list-conns")
    if ran is None:
        return None
    tunnels = tuple(tunnel for tunnel in about.tunnels if tunnel.kind == "ipsec")
    seen = Ipsec(host=about.id, now=ran.began.astimezone(UTC), product="strongSwan", tunnels=tunnels)
    if _is_down(ran):
        return replace(seen, runs=False)
    events, _ = _told(ran, "list-conn", "list-conns")
    connections = tuple(_connection(name, said) for event in events for name, said in event.parts)
    associations, seconds, looked = await _associations(host)
    waiting, _ = await _part(host, "--list-pols", "list-policy", "list-policies")
    certificates, _ = await _part(host, "--list-certs", "list-cert", "list-certs")
    _, pools = await _part(host, "--list-pools", "pool", "get-pools")
    log = await entries(host, *_JOURNAL) if tunnels else None
    return replace(
        seen,
        seconds=seconds,
        looked=looked,
        connections=connections,
        associations=associations,
        certificates=tuple(_certificates(certificates)),
        pools=tuple(
            Pool(name=plain(name), size=said.number("size"), used=said.number("online"))
            for name, said in pools.parts
        ),
        waiting=tuple(plain(said.text("ike")) for event in waiting for _, said in event.parts),
        log=None if log is None else charon_log(log),
    )


async def _asked(host: Shell, what: str) -> Ran | None:
    return await allowed(host, _SWANCTL, what, "--pretty", deadline=10.0)


async def _part(host: Shell, what: str, event: str, reply: str) -> tuple[tuple[Section, ...], Section]:
    ran = await _asked(host, what)
    if ran is None:
        raise unparsable("swanctl is gone in the middle of the questions")
    return _told(ran, event, reply)


def _is_down(ran: Ran) -> bool:
    """Say whether nobody answers behind swanctl."""
    said = ran.stderr.lower()
    return ran.code != 0 and "connecting to" in said and ("no such file" in said or "refused" in said)


def _told(ran: Ran, event: str, reply: str) -> tuple[tuple[Section, ...], Section]:
    if ran.code:
        raise unparsable("strongSwan does not answer", ran.stderr or ran.stdout)
    return events_of(ran.stdout, event=event, reply=reply)


async def _associations(host: Shell) -> tuple[tuple[Association, ...], int, datetime]:
    """What is up; looked at twice where something may carry packets. Also the seconds between, and when it was looked last."""
    first, at = await _look(host)
    if not any(child.is_up for one, _ in first for child, _ in one):
        return tuple(association for _, association in first), 0, at
    await host.pause(_WAIT)
    second, at = await _look(host)
    before = {id_: child.packets for children, _ in first for child, id_ in children}
    found = []
    for children, association in second:
        looked = (
            replace(child, packets=before[id_], later=child.packets) if id_ in before else child
            for child, id_ in children
        )
        found.append(replace(association, children=tuple(looked)))
    return tuple(found), _WAIT, at


async def _look(host: Shell) -> tuple[list[tuple[_Children, Association]], datetime]:
    ran = await _asked(host, "--list-sas")
    if ran is None:
        raise unparsable("swanctl is gone in the middle of the questions")
    return _of_sas(_told(ran, "list-sa", "list-sas")), ran.began.astimezone(UTC)


_Children = tuple[tuple[Child, tuple[str, str]], ...]


def _of_sas(told: tuple[tuple[Section, ...], Section]) -> list[tuple[_Children, Association]]:
    """Associations, each with its children and what identifies them: a child that was renewed counts from zero."""
    events, _ = told
    found = []
    for event in events:
        for name, said in event.parts:
            kids = [part for _, part in said.part("child-sas").parts]
            children = tuple((_child(part), (part.text("uniqueid"), part.text("spi-in"))) for part in kids)
            found.append((children, _association(name, said, tuple(child for child, _ in children))))
    return found


def _association(name: str, said: Section, children: tuple[Child, ...]) -> Association:
    return Association(
        connection=plain(name),
        version=said.number("version"),
        state=plain(said.text("state"), 40),
        peer=plain(said.text("remote-host")),
        local_id=plain(said.text("local-id")),
        remote_id=plain(said.text("remote-id")),
        starts=said.text("initiator") == "yes",
        behind_nat="yes" in {said.text("nat-local"), said.text("nat-remote")},
        age=said.number("established"),
        algorithms=_algorithms(said),
        children=children,
    )


def _child(said: Section) -> Child:
    return Child(
        name=plain(said.text("name")),
        local=_networks(said, "local-ts"),
        remote=_networks(said, "remote-ts"),
        is_up=said.text("state") in _CARRIES,
        packets=(said.number("packets-out"), said.number("packets-in")),
        idle_in=said.number("use-in") if "use-in" in said.values else None,
        idle_out=said.number("use-out") if "use-out" in said.values else None,
        spis=(plain(said.text("spi-out"), 8), plain(said.text("spi-in"), 8)),
        age=said.number("install-time"),
        life=said.number("life-time"),
        in_udp=said.text("encap") == "yes",
        algorithms=_algorithms(said),
    )


def _algorithms(said: Section) -> str:
    """As strongSwan writes them: 'AES_CBC-128/HMAC_SHA2_256_128/PRF_HMAC_SHA2_256/CURVE_25519'."""
    size = said.text("encr-keysize")
    words = (
        said.text("encr-alg") + (f"-{size}" if size else ""),
        *(said.text(key) for key in ("integ-alg", "prf-alg", "dh-group")),
    )
    return plain("/".join(word for word in words if word))


def _connection(name: str, said: Section) -> Connection:
    ends = {
        side: tuple(plain(part.text("id")) for key, part in said.parts if key.startswith(f"{side}-"))
        for side in ("local", "remote")
    }
    version = said.text("version")
    return Connection(
        name=plain(name),
        version={"IKEv1": 1, "IKEv2": 2}.get(version, 0),
        local=tuple(map(plain, said.lists.get("local_addrs", ()))),
        remote=tuple(map(plain, said.lists.get("remote_addrs", ()))),
        local_ids=tuple("" if id_ == "%any" else id_ for id_ in ends["local"]),
        remote_ids=tuple("" if id_ == "%any" else id_ for id_ in ends["remote"]),
        rekey=said.number("rekey_time"),
        reauth=said.number("reauth_time"),
        dpd=said.number("dpd_delay"),
        children=tuple(
            Planned(
                name=plain(child),
                local=_networks(part, "local-ts"),
                remote=_networks(part, "remote-ts"),
                rekey=part.number("rekey_time"),
            )
            for child, part in said.part("children").parts
        ),
    )


def _networks(said: Section, key: str) -> tuple[str, ...]:
    return tuple(map(plain, said.lists.get(key, ())))


def _certificates(events: tuple[Section, ...]) -> Iterator[Certificate]:
    """What has an end; one that cannot be read says nothing here."""
    for said in events:
        found = _certificate(said)
        if found is not None:
            yield found


def _certificate(said: Section) -> Certificate | None:
    # Slow to import, and only this question needs it.
    from cryptography import x509  # noqa: PLC0415

    data = said.text("data")
    if said.text("type") not in {"X509", "X509_CRL"} or not re.fullmatch(r"0x(?:[0-9a-f]{2}){1,65536}", data):
        return None
    content = bytes.fromhex(data[2:])
    try:
        if said.text("type") == "X509_CRL":
            listed = x509.load_der_x509_crl(content)
            return _ending(listed.issuer.rfc4514_string(), "list", listed.next_update_utc)
        one = x509.load_der_x509_certificate(content)
        is_own, is_authority = said.text("has_privkey") == "yes", said.text("flag") == "CA"
        whose = "own" if is_own else "authority" if is_authority else "peer"
        return _ending(one.subject.rfc4514_string(), whose, one.not_valid_after_utc)
    except (ValueError, x509.InvalidVersion):
        return None


def _ending(subject: str, whose: str, ends: datetime | None) -> Certificate | None:
    return None if ends is None else Certificate(subject=plain(subject, 120) or "?", whose=whose, ends=ends)
