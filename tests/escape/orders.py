"""Which lies can an order tell? The table of attempts on grants, contracts and signatures.

Most are made by a fallen controller, which has its own key; the signers' keys it has only where it is said.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml
from joserfc import jws
from joserfc.jwk import OKPKey

from agent.job import Job
from agent.order import Order
from agent.refusal import Hold
from inventory.decide import Reason
from inventory.grant import Grant, NotGranted, Target, seal
from inventory.read import digest, read
from inventory.signing import NotSigned, sign_contract
from inventory.token import new_key
from tests.escape.places import Spot

__all__ = ["ORDERS", "REVISION", "Given", "Lie", "customer_of"]


# Of the honest contracts: there is room for older ones and newer ones.
REVISION = 5


def customer_of(number: int) -> str:
    return f"crooked-{number}"


@dataclass(frozen=True, kw_only=True)
class Given:
    """An honest order on its way, and what the attacker has besides: the controller's key, and older orders."""

    agent: str
    order: Order
    key: Mapping[str, Any]
    signers: Mapping[str, Any]
    number: int
    home: Path
    past: tuple[Order, ...]

    @property
    def spot(self) -> Spot:
        return Spot(self.number)

    @property
    def grant(self) -> Grant:
        return _grant_of(self.order)

    @property
    def paper(self) -> dict[str, Any]:
        document: dict[str, Any] = yaml.safe_load(self.order.contract)
        return document

    def resealed(self, *, key: Mapping[str, Any] | None = None, **claims: object) -> Order:
        """The order with other claims, sealed by the controller's own key or another one."""
        fresh = {"id": secrets.token_hex(8)}
        grant = Grant(**{**self.grant.model_dump(), **fresh, **claims})
        return replace(self.order, token=seal(grant, self.key if key is None else key))

    def targets(self, *addresses: str, port: int = 22, host: str = "own") -> dict[str, Target]:
        return {host: Target(addresses=addresses, ports={"ssh": port})}

    def under(self, document: Mapping[str, Any], signatures: tuple[str, ...] | None = None) -> Order:
        """The order under another text of the contract, in which the own host lies elsewhere, rightly sealed."""
        text = yaml.safe_dump(dict(document), allow_unicode=True, sort_keys=False)
        addresses = document["hosts"][0]["addresses"]
        order = self.resealed(
            contract=digest(text),
            revision=document["revision"],
            customer=document["customer"],
            targets=self.targets(*addresses),
        )
        kept = self.order.signatures if signatures is None else signatures
        return replace(order, contract=text, signatures=kept)

    def widened(self, **changes: object) -> dict[str, Any]:
        """The contract with the own host at the other's address."""
        first, *others = self.paper["hosts"]
        return {**self.paper, "hosts": [first | {"addresses": [self.spot.other]}, *others], **changes}

    def signed(self, document: Mapping[str, Any], *who: str | Mapping[str, Any]) -> tuple[str, ...]:
        text = yaml.safe_dump(dict(document), allow_unicode=True, sort_keys=False)
        keys = (self.signers[one] if isinstance(one, str) else one for one in who)
        return tuple(sign_contract(text, read(text), key) for key in keys)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lie:
    """One attempt: what is made of the order, and the reason for which it must be refused, by whom."""

    lie: Callable[[Given], tuple[str, Order]]
    reason: str
    by: str = "agent"
    after_an_honest_one: bool = False


ORDERS: dict[str, Lie] = {}


def _here(made: Callable[[Given], Order]) -> Callable[[Given], tuple[str, Order]]:
    return lambda given: (given.agent, made(given))


def _add(
    name: str, made: Callable[[Given], Order], reason: str, by: str = "agent", *, after: bool = False
) -> None:
    ORDERS[name] = Lie(lie=_here(made), reason=reason, by=by, after_an_honest_one=after)


# --- Grants: used again, elsewhere, late.

_add("used a second time", lambda at: at.past[0], Hold.SPENT, after=True)
_add(
    "used a second time, under a fresh seal",
    lambda at: at.resealed(id=_grant_of(at.past[0]).id),
    Hold.SPENT,
    after=True,
)
ORDERS["carried to another agent"] = Lie(
    lie=lambda at: ("crooked-elsewhere", at.order), reason=NotGranted.OTHER_AGENT
)
ORDERS["carried to an agent that is none"] = Lie(lie=lambda at: ("../agents", at.order), reason=Hold.NO_AGENT)
_add("for another agent", lambda at: at.resealed(agent="crooked-elsewhere"), NotGranted.OTHER_AGENT)
_add("delivered late", lambda at: at.resealed(not_before=_in(-900), expires=_in(-600)), NotGranted.EXPIRED)
_add("delivered early", lambda at: at.resealed(not_before=_in(600), expires=_in(900)), NotGranted.NOT_YET)
_add("for a week", lambda at: at.resealed(expires=_in(7 * 86400)), NotGranted.TOO_LONG)


def _in(seconds: int) -> int:
    return int(time.time()) + seconds


# --- Grants: every claim altered, by whoever has the controller's key.

_add(
    "to another host's address",
    lambda at: at.resealed(targets=at.targets(at.spot.other)),
    Hold.NOT_AS_CONTRACT,
)
_add(
    "to one address more",
    lambda at: at.resealed(targets=at.targets(at.spot.web, at.spot.other)),
    Hold.NOT_AS_CONTRACT,
)
_add(
    "to another port",
    lambda at: at.resealed(targets=at.targets(at.spot.web, port=9999)),
    Hold.NOT_AS_CONTRACT,
)
_add(
    "to a host that no clause covers",
    lambda at: replace(at.resealed(targets=at.targets(at.spot.proxy, host="hr")), jobs=(_job("hr"),)),
    Reason.NO_CLAUSE,
)
_add(
    "to another customer's host",
    lambda at: replace(
        at.resealed(targets=at.targets(at.spot.foreign, host="theirs")), jobs=(_job("theirs"),)
    ),
    Reason.UNKNOWN_HOST,
)
_add("for another customer", lambda at: at.resealed(customer="musterbau"), Hold.OTHER_TEXT)
_add("for another revision", lambda at: at.resealed(revision=9), Hold.OTHER_TEXT)
_add("under another contract's digest", lambda at: at.resealed(contract="0" * 64), Hold.OTHER_TEXT)
_add("for other questions", lambda at: at.resealed(deeds=("linux.disk",)), NotGranted.NOT_NAMED, "worker")
_add("of a later version", lambda at: at.resealed(version=2), NotGranted.VERSION)
_add("of an older version", lambda at: at.resealed(version=0), NotGranted.VERSION)


def _job(host: str) -> Job:
    return Job(id="own/linux.load", host=host, collector="linux.load")


# --- Grants: the token itself.


def _grant_of(order: Order) -> Grant:
    return Grant.model_validate_json(_decoded(order.token.split(".")[1]))


def _coded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _token(at: Given, head: Mapping[str, object], sign: Callable[[bytes], bytes]) -> Order:
    """A token for another host's address, with a header and a signature of one's own."""
    grant = at.grant.model_copy(update={"targets": at.targets(at.spot.other)})
    text = f"{_coded(json.dumps(head).encode())}.{_coded(grant.model_dump_json().encode())}"
    return replace(at.order, token=f"{text}.{_coded(sign(text.encode()))}")


def _head(at: Given) -> dict[str, object]:
    head: dict[str, object] = json.loads(_decoded(at.order.token.split(".")[0]))
    return head


def _signs(key: Mapping[str, Any]) -> Callable[[bytes], bytes]:
    private: Any = OKPKey.import_key(dict(key)).private_key
    return lambda text: bytes(private.sign(text))


def _public(at: Given) -> bytes:
    return _decoded(str(at.key["x"]))


def _with_head(**changes: object) -> Callable[[Given], Order]:
    return lambda at: _token(at, {**_head(at), **changes}, _signs(at.key))


_add(
    "altered, and not sealed again",
    lambda at: _token(at, _head(at), lambda _: _old_seal(at)),
    NotGranted.NO_GRANT,
)
_add("sealed by a stranger", lambda at: at.resealed(key=new_key()), NotGranted.NO_GRANT)
_add("sealed by the duty manager", lambda at: at.resealed(key=at.signers["anna"]), NotGranted.NO_GRANT)
_add("alg none", lambda at: _token(at, {**_head(at), "alg": "none"}, lambda _: b""), NotGranted.NO_GRANT)
_add(
    "alg none, with a signature",
    lambda at: _token(at, {**_head(at), "alg": "none"}, _signs(at.key)),
    NotGranted.NO_GRANT,
)
_add(
    "alg HS256, with the public key as the secret",
    lambda at: _token(
        at, {**_head(at), "alg": "HS256"}, lambda text: hmac.digest(_public(at), text, hashlib.sha256)
    ),
    NotGranted.NO_GRANT,
)
_add(
    "alg HS512, with the public key as the secret, as long as a signature",
    lambda at: _token(
        at, {**_head(at), "alg": "HS512"}, lambda text: hmac.digest(_public(at), text, hashlib.sha512)
    ),
    NotGranted.NO_GRANT,
)
_add("alg EdDSA, the older name", _with_head(alg="EdDSA"), NotGranted.NO_GRANT)
_add("another typ", _with_head(typ="JWT"), NotGranted.NO_GRANT)
_add("the typ of a contract's signature", _with_head(typ="contract+jws"), NotGranted.NO_GRANT)
_add("no kid", lambda at: _token(at, _without(_head(at), "kid"), _signs(at.key)), NotGranted.NO_GRANT)
_add("a key of its own in the header", _with_head(jwk={"kty": "OKP"}), NotGranted.NO_GRANT)
_add("a crit of its own in the header", _with_head(crit=["exp"], exp=1), NotGranted.NO_GRANT)
_add(
    "a second spelling of the token",
    lambda at: replace(at.order, token=f"{at.order.token}="),
    NotGranted.NO_GRANT,
)
_add(
    "a contract's signature in the place of a grant",
    lambda at: replace(at.order, token=at.order.signatures[0]),
    NotGranted.NO_GRANT,
)
_add("no grant at all", lambda at: replace(at.order, token=""), NotGranted.NO_GRANT)
_add("a claim too many", lambda at: _payload(at, also="anything"), NotGranted.NO_CONTENT)
_add("a claim too few", lambda at: _payload(at, expires=None), NotGranted.NO_CONTENT)
_add(
    "an address that is a network",
    lambda at: _payload(at, targets=_net(at, "10.66.0.0/16")),
    NotGranted.NO_CONTENT,
)
_add(
    "an address that is a name",
    lambda at: _payload(at, targets=_net(at, at.spot.name)),
    NotGranted.NO_CONTENT,
)
_add("an address in decimal", lambda at: _payload(at, targets=_net(at, "172097793")), NotGranted.NO_CONTENT)
_add(
    "an address for all", lambda at: _payload(at, targets=_net(at, "255.255.255.255")), NotGranted.NO_CONTENT
)


def _old_seal(at: Given) -> bytes:
    return _decoded(at.order.token.split(".")[2])


def _without(head: Mapping[str, object], name: str) -> dict[str, object]:
    return {key: value for key, value in head.items() if key != name}


def _net(at: Given, address: str) -> dict[str, object]:
    del at
    return {"own": {"addresses": [address], "ports": {"ssh": 22}}}


def _payload(at: Given, **claims: object) -> Order:
    """Any content at all, rightly sealed by the controller's key."""
    kept = {**at.grant.model_dump(mode="json"), "id": secrets.token_hex(8), **claims}
    content = json.dumps({key: value for key, value in kept.items() if value is not None}).encode()
    private = OKPKey.import_key(dict(at.key))
    token = jws.serialize_compact(_head(at), content, private, algorithms=["Ed25519"])
    return replace(at.order, token=token)


# --- Contracts: another text, other signatures.

_add("a widened contract with the old signatures", lambda at: at.under(at.widened()), NotSigned.UNSIGNED)
_add("a widened contract, unsigned", lambda at: at.under(at.widened(revision=6), ()), NotSigned.UNSIGNED)
_add("the honest contract, unsigned", lambda at: replace(at.resealed(), signatures=()), NotSigned.UNSIGNED)


def _signed_by(*who: str, revision: int = 6) -> Callable[[Given], Order]:
    def made(at: Given) -> Order:
        document = at.widened(revision=revision)
        return at.under(document, at.signed(document, *who))

    return made


def _stranger(at: Given) -> Order:
    document = at.widened(revision=6)
    return at.under(document, at.signed(document, new_key(), new_key()))


def _by_controller(at: Given) -> Order:
    document = at.widened(revision=6)
    return at.under(document, at.signed(document, at.key, at.key))


def _of_another_revision(at: Given) -> Order:
    return at.under(at.widened(revision=6), at.signed(at.widened(revision=7), "anna", "bob"))


def _of_another_customer(at: Given) -> Order:
    return at.under(
        at.widened(revision=6), at.signed(at.widened(revision=6, customer="musterbau"), "anna", "bob")
    )


def _of_another_text(at: Given) -> Order:
    return at.under(
        at.widened(revision=6), at.signed(at.widened(revision=6, name="Andere GmbH"), "anna", "bob")
    )


_add("a widened contract, signed by one person", _signed_by("anna"), NotSigned.ONE_PERSON)
_add("a widened contract, signed twice by one person", _signed_by("anna", "anna"), NotSigned.ONE_PERSON)
_add("a widened contract, signed by strangers", _stranger, NotSigned.UNSIGNED)
_add("a widened contract, signed by the controller", _by_controller, NotSigned.UNSIGNED)
_add("signatures of another revision", _of_another_revision, NotSigned.UNSIGNED)
_add("signatures of another customer's contract", _of_another_customer, NotSigned.UNSIGNED)
_add("signatures of another text", _of_another_text, NotSigned.UNSIGNED)
_add(
    "a second text of the same revision, signed by both",
    _signed_by("anna", "bob", revision=REVISION),
    Hold.DIFFERS,
    after=True,
)
_add(
    "another text than the grant's",
    lambda at: replace(at.resealed(), contract=at.order.contract + "\n"),
    Hold.OTHER_TEXT,
)


def _unreadable(at: Given) -> Order:
    text = "hosts: everything\n"
    return replace(at.resealed(contract=digest(text)), contract=text)


_add("a text that is no contract", _unreadable, Hold.UNREADABLE)


def _expired(at: Given) -> Order:
    document = {**at.paper, "revision": 6, "valid": {"from": "2026-01-01", "until": "2026-01-02"}}
    return at.under(document, at.signed(document, "anna", "bob"))


def _early(at: Given) -> Order:
    document = {**at.paper, "revision": 6, "valid": {"from": "2098-01-01", "until": "2099-01-02"}}
    return at.under(document, at.signed(document, "anna", "bob"))


def _old(at: Given) -> Order:
    """An older revision that permitted more, rightly signed in its day, after the newer one was used."""
    document = at.widened(revision=REVISION - 1)
    return at.under(document, at.signed(document, "anna", "bob"))


_add("a contract that is over", _expired, Reason.EXPIRED)
_add("a contract that has not begun", _early, Reason.NOT_YET_VALID)
_add("an older revision, after the newer one was used", _old, Hold.OLDER, after=True)
