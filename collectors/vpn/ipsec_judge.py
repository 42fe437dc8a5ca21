"""Is there every tunnel that shall be there, and is it well? What one IPsec gateway shows beside what the contract expects.

Down is what is expected and not there. What is idle, and what the contract does not know, is nothing wrong.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from collectors import Finding, TunnelFacts
from collectors.vpn.attempts import OF_CHILD, Attempt, Failure
from collectors.vpn.ipsec import Association, Child, Connection, Ipsec
from collectors.vpn.ipsec_tags import (
    AUTHENTICATION_FAILED,
    CERTIFICATE_UNTRUSTED,
    CHILD_MISSING,
    DPD_OFF,
    IDENTITY_REJECTED,
    KEY_DIFFERS,
    NATIVE_BEHIND_NAT,
    NO_PROPOSAL,
    RENEWAL_FAILS,
    REVOCATION_UNKNOWN,
    SEVERAL_ASSOCIATIONS,
    TRAFFIC_REFUSED,
    WEAK,
)
from collectors.vpn.networks import is_open, missing, network_of, same_networks, shown
from collectors.vpn.tags import (
    CERTIFICATE_EXPIRED,
    CERTIFICATE_SOON,
    CONNECTION_MISSING,
    DOWN,
    FLAPPING,
    LIFETIME_OUTAGES,
    LOG_UNREAD,
    NETWORK_NOT_CARRIED,
    ONE_WAY,
    PEER_ADDRESS_DIFFERS,
    PEER_SILENT,
    POOL_EXHAUSTED,
    POOL_FILLING,
    SERVICE_DOWN,
    UNPLANNED,
)

__all__ = ["judge"]

_SOON = 30
_FULL = 0.9
# So many packets out, and none back, while both counters were looked at: a few may be on their way.
_SENT = 3
# No packet for so long, though some go out.
_QUIET = 60
_OFTEN, _HOUR = 3, 3600
# RFC 8247 and RFC 8221: what must not, or should not, be used; RFC 9395 for the first version of IKE.
_WEAK = re.compile(
    r"\b(?:3DES_CBC|DES_CBC|DES_IV64|BLOWFISH_CBC|CAST_CBC|RC5_CBC|IDEA_CBC|NULL|HMAC_MD5\w*|PRF_HMAC_MD5|"
    r"MODP_(?:768|1024|1536)(?:_160)?)\b"
)


def judge(seen: Ipsec) -> Iterator[Finding]:
    if not seen.product:
        return
    if not seen.runs:
        for tunnel in seen.tunnels:
            yield SERVICE_DOWN(service=seen.product, tunnel=tunnel.id)
        return
    known = set[str]()
    for tunnel in seen.tunnels:
        connection = seen.connection(tunnel)
        if connection is None:
            yield CONNECTION_MISSING(connection=tunnel.here.connection or "-", tunnel=tunnel.id)
            continue
        known.add(connection.name)
        yield from _tunnel(seen, tunnel, connection)
    for connection in seen.connections:
        if connection.name not in known:
            yield UNPLANNED(connection=connection.name, peer=", ".join(connection.remote) or "-")
    if seen.tunnels:
        yield from _certificates(seen)
    yield from _pools(seen)


def _tunnel(seen: Ipsec, tunnel: TunnelFacts, connection: Connection) -> Iterator[Finding]:
    associations = seen.associations_of(connection)
    up = [one for one in associations if one.is_up]
    attempt = seen.last_attempt(tunnel, connection)
    failures = attempt.failures if attempt else ()
    if tunnel.users is None:
        yield from _carried(tunnel, connection)
    if up:
        yield from _children(tunnel, connection, up, failures)
        yield from _associated(tunnel, connection, up)
    elif tunnel.users is None and (tunnel.always or failures):
        yield from (_reason(tunnel, failure) for failure in failures)
        yield from _elsewhere(tunnel, connection)
        yield DOWN(tunnel=tunnel.id, peer=tunnel.peer, why=_why(associations, attempt))
        if seen.log is None:
            yield LOG_UNREAD(tunnel=tunnel.id)
    if tunnel.users is not None:
        yield from _refused(seen, tunnel, connection)
    else:
        yield from _restless(seen, tunnel, connection)
        if connection.dpd == 0 and tunnel.always:
            yield DPD_OFF(tunnel=tunnel.id)


def _refused(seen: Ipsec, tunnel: TunnelFacts, connection: Connection) -> Iterator[Finding]:
    """Who wanted to dial in and did not? Only what got as far as the connection: anybody may knock from the Internet."""
    inside = {one.peer for one in seen.associations_of(connection) if one.is_up}
    newest = {
        failure.what: failure
        for attempt in (seen.log.attempts if seen.log else ())
        if attempt.connection == connection.name and not attempt.is_up and attempt.peer not in inside
        for failure in attempt.failures
    }
    yield from (_reason(tunnel, failure) for failure in newest.values())


def _carried(tunnel: TunnelFacts, connection: Connection) -> Iterator[Finding]:
    """Do the configured selectors hold what the contract says lies behind both ends?"""
    local = [one for child in connection.children for one in child.local]
    remote = [one for child in connection.children for one in child.remote]
    far = tunnel.there.networks if tunnel.there else ()
    lacking = (
        *(() if is_open(local) else missing(tunnel.here.networks, local)),
        *(() if is_open(remote) else missing(far, remote)),
    )
    if lacking:
        yield NETWORK_NOT_CARRIED(tunnel=tunnel.id, networks=shown(lacking))


def _elsewhere(tunnel: TunnelFacts, connection: Connection) -> Iterator[Finding]:
    """Is the far end looked for where it is not? Names are left alone: who is behind them is known when they are used."""
    known = tunnel.there.addresses if tunnel.there else ()
    told = [address for address in connection.remote if network_of(address) is not None]
    if known and told and len(told) == len(connection.remote) and not set(told) & set(known):
        yield PEER_ADDRESS_DIFFERS(
            tunnel=tunnel.id, address=", ".join(told), peer=tunnel.peer, known=", ".join(known)
        )


def _why(associations: tuple[Association, ...], attempt: Attempt | None) -> str:
    """As the product says it."""
    if attempt and attempt.failures:
        return attempt.failures[-1].said
    return f"IKE SA {associations[0].state}" if associations else "no IKE SA"


def _reason(tunnel: TunnelFacts, failure: Failure) -> Finding:
    """What one failure is called."""
    id_, peer, said = tunnel.id, tunnel.peer, failure.said
    match failure.what:
        case "proposal" | "child-proposal":
            phase = "IKE" if failure.what == "proposal" else "ESP"
            ours, theirs = failure.ours or "?", failure.theirs or "?"
            return NO_PROPOSAL(tunnel=id_, peer=peer, phase=phase, ours=ours, theirs=theirs)
        case "key":
            return KEY_DIFFERS(tunnel=id_, peer=peer)
        case "identity":
            return IDENTITY_REJECTED(tunnel=id_, said=said)
        case "certificate":
            return CERTIFICATE_UNTRUSTED(tunnel=id_, said=said)
        case "traffic":
            return TRAFFIC_REFUSED(tunnel=id_, by=peer if failure.by_peer else tunnel.here.name, said=said)
        case "silent":
            return PEER_SILENT(tunnel=id_, peer=peer, said=said)
        case "authentication" | "pool" | "login":
            by = peer if failure.by_peer else tunnel.here.name
            return AUTHENTICATION_FAILED(tunnel=id_, by=by, said=said)


def _children(
    tunnel: TunnelFacts, connection: Connection, up: list[Association], failures: tuple[Failure, ...]
) -> Iterator[Finding]:
    """Is every part of the tunnel there, and do packets go both ways?"""
    there = [child for one in up for child in one.children if child.is_up]
    lacking = [
        planned
        for planned in connection.children
        if not any(
            child.name == planned.name
            or (same_networks(child.local, planned.local) and same_networks(child.remote, planned.remote))
            for child in there
        )
    ]
    if lacking and tunnel.users is None and (tunnel.always or failures):
        yield from (_reason(tunnel, failure) for failure in failures)
        for planned in lacking:
            networks = f"{shown(planned.local)} - {shown(planned.remote)}"
            yield CHILD_MISSING(tunnel=tunnel.id, peer=tunnel.peer, child=planned.name, networks=networks)
    if there and not lacking and (late := next((one for one in failures if one.what in OF_CHILD), None)):
        # What failed after everything was there is the next set of keys.
        left = min((child.life for child in there if child.life), default=0)
        yield RENEWAL_FAILS(tunnel=tunnel.id, peer=tunnel.peer, said=late.said, minutes=-(-left // 60))
    for child in there:
        if (counts := _one_way(child)) is not None:
            sent, got, seconds = counts
            yield ONE_WAY(tunnel=tunnel.id, peer=tunnel.peer, sent=sent, got=got, seconds=seconds)


def _one_way(child: Child) -> tuple[int, int, int] | None:
    """Packets out and in, and over how many seconds, where it only sends; None where both ways are used, or nothing."""
    if child.later is None:
        return None
    sent, got = (later - before for before, later in zip(child.packets, child.later, strict=True))
    if sent < _SENT or got:
        return None
    if not child.later[1]:
        return child.later[0], 0, child.age
    quiet = child.idle_in
    return (sent, 0, quiet) if quiet is not None and quiet >= _QUIET else None


def _associated(tunnel: TunnelFacts, connection: Connection, up: list[Association]) -> Iterator[Finding]:
    """What the two ends agreed on."""
    whole = [one for one in up if one.state == "ESTABLISHED"]
    pairs = {(one.local_id, one.remote_id, one.peer) for one in whole}
    if tunnel.users is None and len(whole) > 1 and len(pairs) == 1:
        yield SEVERAL_ASSOCIATIONS(tunnel=tunnel.id, count=len(whole))
    said = [text for one in up for text in (one.algorithms, *(child.algorithms for child in one.children))]
    weak = dict.fromkeys(word for text in said for word in _WEAK.findall(text))
    versions = ["IKEv1"] if any(one.version == 1 for one in up) else []
    if weak or versions:
        yield WEAK(tunnel=tunnel.id, algorithms=", ".join((*weak, *versions)))
    if any(one.behind_nat and child.is_up and not child.in_udp for one in up for child in one.children):
        yield NATIVE_BEHIND_NAT(tunnel=tunnel.id)
    del connection


def _restless(seen: Ipsec, tunnel: TunnelFacts, connection: Connection) -> Iterator[Finding]:
    """Does it come up again and again, and does it do so in the rhythm of a lifetime?"""
    if seen.log is None:
        return
    events = [one for one in seen.log.events if one.connection == connection.name]
    times = sorted(one.at for one in events)
    gaps = [later - before for before, later in pairwise(times) if later - before > 1]
    known = _lifetimes(seen, connection)
    if len(gaps) >= 3 and (match := next((one for one in known if _fits(gaps, one[0])), None)):
        seconds, what = match
        middle = sorted(gaps)[len(gaps) // 2]
        yield LIFETIME_OUTAGES(
            tunnel=tunnel.id, minutes=round(middle / 60, 1), lifetime=round(seconds / 60, 1), what=what
        )
        return
    ups = sorted(one.at for one in events if one.what == "up")
    recent = [at for at in ups if at > ups[-1] - _HOUR]
    now = seen.now.timestamp()
    if len(recent) > _OFTEN and recent[-1] > now - _HOUR and not connection.reauth:
        minutes = max(1, round((recent[-1] - recent[0]) / 60))
        yield FLAPPING(tunnel=tunnel.id, times=len(recent), minutes=minutes)


def _lifetimes(seen: Ipsec, connection: Connection) -> list[tuple[int, str]]:
    """After how many seconds keys are renewed or end, with what they are keys of."""
    found = [(connection.rekey, "IKE")] if connection.rekey else []
    for planned in connection.children:
        if planned.rekey:
            # Unless told otherwise a child ends a tenth after it should have been renewed.
            found += [(planned.rekey, "ESP"), (planned.rekey * 11 // 10, "ESP")]
    lives = {
        child.life + child.age
        for one in seen.associations_of(connection)
        for child in one.children
        if child.life
    }
    return [*found, *((life, "ESP") for life in sorted(lives))]


def _fits(gaps: list[float], seconds: int) -> bool:
    """Nearly all gaps are the lifetime, to a tenth of it."""
    fit = sum(1 for gap in gaps if abs(gap - seconds) <= seconds * 0.1)
    return fit >= 3 and fit >= len(gaps) * 0.8


def _certificates(seen: Ipsec) -> Iterator[Finding]:
    """A certificate that ended, or ends soon. Those of far ends are theirs to renew, and no less broken."""
    for one in seen.certificates:
        left = (one.ends - seen.now).total_seconds() / 86400
        if one.whose == "list":
            if left < 0:
                yield REVOCATION_UNKNOWN(issuer=one.subject, days=int(-left))
        elif left < 0:
            yield CERTIFICATE_EXPIRED(subject=one.subject, days=int(-left), whose=one.whose)
        elif left < _SOON:
            yield CERTIFICATE_SOON(subject=one.subject, days=int(left), whose=one.whose)


def _pools(seen: Ipsec) -> Iterator[Finding]:
    for pool in seen.pools:
        if pool.size and pool.used >= pool.size:
            yield POOL_EXHAUSTED(pool=pool.name, size=pool.size)
        elif pool.size and pool.used >= pool.size * _FULL:
            yield POOL_FILLING(pool=pool.name, size=pool.size, used=pool.used)
