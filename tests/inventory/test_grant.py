"""Does a grant hold only as it was sealed, for whom, and as long? Everything else opens nothing."""

from __future__ import annotations

import ast
import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jws
from joserfc.jwk import OctKey
from pydantic import ValidationError

from inventory.grant import Door, Grant, GrantRefusedError, NotGranted, Target, seal, verify
from inventory.token import KeyFormatError, Pin, new_key, pin_of

NOW = 1_800_000_000
KEY = new_key()
OTHER = new_key()


def grant(**changed: Any) -> Grant:  # noqa: ANN401 - any claim.
    claims: dict[str, Any] = {
        "id": "0123456789abcdef",
        "run": "run-1",
        "ticket": "4711",
        "customer": "musterbau",
        "agent": "agent-hh",
        "contract": "0" * 64,
        "revision": 3,
        "deeds": ("linux.disk", "dns.answers"),
        "targets": {
            "web1": Target(addresses=("10.20.1.11", "fd20::11"), ports={"ssh": 22}),
            "dns1": Target(addresses=("10.20.1.53",), ports={"ssh": 2222, "dns": 53}),
        },
        "not_before": NOW,
        "expires": NOW + 600,
    }
    return Grant(**{**claims, **changed})


TOKEN = seal(grant(), KEY)


def _base64url(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def signed(payload: object, key: Mapping[str, Any] = KEY, **header: object) -> str:
    """Sign any content with any header, by hand: what somebody who has the key could make."""
    content = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    head = {"alg": "Ed25519", "typ": "grant+jws", "kid": key["kid"], **header}
    said = json.dumps({name: value for name, value in head.items() if value is not None}).encode()
    body = f"{_base64url(said)}.{_base64url(content)}"
    private = Ed25519PrivateKey.from_private_bytes(urlsafe_b64decode(key["d"] + "="))
    return f"{body}.{_base64url(private.sign(body.encode()))}"


def claims(**changed: object) -> dict[str, object]:
    return {**json.loads(grant().model_dump_json()), **changed}


def without(name: str) -> dict[str, object]:
    return {key: value for key, value in claims().items() if key != name}


def refused(token: str, *, agent: str = "agent-hh", now: float = NOW + 1) -> str:
    with pytest.raises(GrantRefusedError) as caught:
        verify(token, (pin_of(KEY),), agent=agent, now=now)
    assert isinstance(caught.value.reason, NotGranted)
    return f"{caught.value.reason}: {caught.value}"


def test_what_was_sealed_is_what_is_verified() -> None:
    leave = verify(TOKEN, (pin_of(KEY),), agent="agent-hh", now=NOW + 1)
    assert leave.grant == grant()
    assert verify(signed(claims()), (pin_of(KEY),), agent="agent-hh", now=NOW).grant == grant()


def test_while_a_key_is_changed_both_hold() -> None:
    keys = (pin_of(OTHER), pin_of(KEY))
    assert verify(TOKEN, keys, agent="agent-hh", now=NOW).grant.run == "run-1"
    assert verify(seal(grant(), OTHER), keys, agent="agent-hh", now=NOW).grant.run == "run-1"


@pytest.mark.parametrize(
    ("now", "reason"),
    [
        (NOW - 31, "not valid yet"),
        (NOW + 600, "expired"),
        (NOW + 10**12, "expired"),
        (float("nan"), "not valid yet"),
        (float("inf"), "expired"),
        (float("-inf"), "not valid yet"),
    ],
)
def test_it_holds_for_minutes(now: float, reason: str) -> None:
    assert reason in refused(TOKEN, now=now)


@pytest.mark.parametrize("now", [NOW - 30, NOW, NOW + 599.9])
def test_within_its_time_it_holds(now: float) -> None:
    assert verify(TOKEN, (pin_of(KEY),), agent="agent-hh", now=now).grant.run == "run-1"


def test_a_grant_for_more_than_a_day_is_none() -> None:
    assert "grant-too-long: the grant would hold for more than a day" in refused(
        seal(grant(expires=NOW + 86_401), KEY)
    )


def test_another_agent_is_refused() -> None:
    assert "grant-for-another-agent: the grant is for agent 'agent-hh'" in refused(TOKEN, agent="agent-ki")


def test_another_version_is_refused() -> None:
    assert "grant-of-another-version: the grant is of version 2" in refused(seal(grant(version=2), KEY))


def test_another_key_is_refused() -> None:
    assert "none of the pinned keys" in refused(seal(grant(), OTHER))
    stolen = {**OTHER, "kid": KEY["kid"]}
    assert "none of the pinned keys" in refused(seal(grant(), stolen))
    assert "no grant+jws" in refused(signed(claims(), kid=OTHER["kid"]))


def test_without_a_pinned_key_nothing_opens() -> None:
    with pytest.raises(GrantRefusedError):
        verify(TOKEN, (), agent="agent-hh", now=NOW)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "ed25519",
        "ed25519 AA",
        f"ed25519 {'A' * 42}B",
        f"rsa {KEY['x']}",
        f"ed25519 {KEY['x']}=",
        KEY["d"] * 2,
    ],
    ids=["nothing", "no key", "too short", "another spelling", "another kind", "padded", "a private key"],
)
def test_what_is_no_public_key_is_not_pinned(line: str) -> None:
    with pytest.raises(KeyFormatError):
        Pin.read(line)


@pytest.mark.parametrize(
    "header",
    [
        {"typ": "JWT"},
        {"typ": "Grant+JWS"},
        {"typ": None},
        {"kid": None},
        {"kid": ""},
        {"alg": "EdDSA"},
        {"jku": "https://elsewhere.example/keys"},
        {"jwk": {name: value for name, value in OTHER.items() if name != "d"}},
        {"x5u": "https://elsewhere.example/"},
        {"extra": 1},
        {"crit": ["exp"], "exp": 1},
        {"b64": True},
        {"b64": False, "crit": ["b64"]},
    ],
    ids="-".join,
)
def test_another_header_is_refused_though_signed(header: dict[str, Any]) -> None:
    refused(signed(claims(), **header))


def test_no_algorithm_and_symmetric_ones_are_refused() -> None:
    head, body, _ = TOKEN.split(".")
    none = _base64url(b'{"alg":"none","typ":"grant+jws"}')
    for token in (f"{none}.{body}.", f"{none}.{body}.AAAA", f"{head}.{body}.", f"{head}.{body}"):
        refused(token)
    # The public key as the secret of an HMAC: the oldest trick on libraries that believe the header.
    secret = OctKey.import_key(urlsafe_b64decode(KEY["x"] + "="))
    header = {"alg": "HS256", "typ": "grant+jws", "kid": KEY["kid"]}
    content = grant().model_dump_json().encode()
    refused(jws.serialize_compact(header, content, secret, algorithms=["HS256"]))


@given(st.integers(0, len(TOKEN) - 1), st.integers(0, 7))
def test_a_flipped_bit_anywhere_breaks_it(at: int, bit: int) -> None:
    raw = bytearray(TOKEN.encode())
    raw[at] ^= 1 << bit
    refused(raw.decode("latin-1"))


@given(st.integers(0, len(TOKEN)), st.sampled_from("=\n .A_\x00\ud800é"))
def test_a_slipped_in_character_breaks_it(at: int, sign: str) -> None:
    refused(TOKEN[:at] + sign + TOKEN[at:])


@given(st.text(max_size=300))
def test_any_text_is_refused(token: str) -> None:
    refused(token)


def test_one_signature_has_one_spelling() -> None:
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    same = [TOKEN[:-1] + sign for sign in alphabet if sign != TOKEN[-1]]
    signature = urlsafe_b64decode(TOKEN.rpartition(".")[2] + "==")
    twins = [t for t in same if urlsafe_b64decode(t.rpartition(".")[2] + "==") == signature]
    assert len(twins) == 15
    for token in twins:
        refused(token)


@pytest.mark.parametrize("name", ["targets", "agent", "expires", "deeds"])
def test_an_altered_payload_does_not_fit_its_signature(name: str) -> None:
    altered: dict[str, object] = {
        "targets": {"db1": {"addresses": ["10.20.1.99"], "ports": {"ssh": 22}}},
        "agent": "agent-ki",
        "expires": NOW + 10**6,
        "deeds": ["linux.everything"],
    }
    head, _, signature = TOKEN.split(".")
    body = _base64url(json.dumps(claims(**{name: altered[name]})).encode())
    assert "none of the pinned keys" in refused(f"{head}.{body}.{signature}")


@pytest.mark.parametrize("name", sorted(set(claims()) - {"shares"}))
def test_a_missing_claim_is_refused_though_signed(name: str) -> None:
    refused(signed(without(name)))


@pytest.mark.parametrize(
    "payload",
    [
        claims(extra=1),
        claims(targets={}),
        claims(targets={"web1": {"addresses": [], "ports": {"ssh": 22}}}),
        claims(targets={"web1": {"addresses": ["10.20.1.0/24"], "ports": {"ssh": 22}}}),
        claims(targets={"web1": {"addresses": ["web1.example"], "ports": {"ssh": 22}}}),
        claims(targets={"web1": {"addresses": ["255.255.255.255"], "ports": {"ssh": 22}}}),
        claims(targets={"web1": {"addresses": ["10.20.1.11"], "ports": {"ssh": 0}}}),
        claims(targets={"web1": {"addresses": ["10.20.1.11"], "ports": {"ssh": 65536}}}),
        claims(targets={"web1": {"addresses": ["10.20.1.11"], "ports": {"ssh": "22"}}}),
        claims(targets={"web1": {"addresses": ["10.20.1.11"]}}),
        claims(deeds=[]),
        claims(plan="x" * 64, requested_by="anna", deeds=["linux.start_service"]),
        claims(plan="0" * 64, deeds=["linux.start_service"]),
        claims(plan="0" * 64, requested_by="anna"),
        claims(undo=True),
        claims(undo="yes", plan="0" * 64, requested_by="anna", deeds=["linux.start_service"]),
        claims(requested_by="anna"),
        claims(id="short"),
        claims(expires=str(NOW + 600)),
        claims(expires=NOW + 600.5),
        claims(version=True),
        claims(revision=None),
        [claims()],
        b"",
        b"{",
        b"[" * 5000,
        b'"grant"',
        b"null",
        b"\xff\xfe",
    ],
    ids=lambda payload: re.sub(r"\W+", "-", str(payload))[:30],
)
def test_a_content_that_is_no_grant_is_refused_though_signed(payload: object) -> None:
    refused(signed(payload))


def test_a_grant_opens_the_doors_it_names_and_no_others() -> None:
    leave = verify(TOKEN, (pin_of(KEY),), agent="agent-hh", now=NOW)
    web = (Door(ip_address("10.20.1.11"), 22), Door(ip_address("fd20::11"), 22))
    assert leave.doors("web1", "ssh") == web
    assert leave.doors("web1", "dns") == ()
    assert leave.doors("db1", "ssh") == ()
    dns = ip_address("10.20.1.53")
    assert leave.doors_of({"web1", "dns1"}) == {*web, Door(dns, 2222), Door(dns, 53)}
    assert leave.doors_of({"web1", "db1"}) == {*web}
    assert leave.permits("web1", "linux.disk")
    assert not leave.permits("web1", "linux.load")
    assert not leave.permits("db1", "linux.disk")


def test_a_target_without_a_way_has_no_door() -> None:
    mute = grant(targets={"web1": Target(addresses=("10.20.1.11",), ports={})})
    leave = verify(seal(mute, KEY), (pin_of(KEY),), agent="agent-hh", now=NOW)
    assert leave.doors_of({"web1"}) == frozenset()


def test_an_empty_grant_cannot_even_be_made() -> None:
    with pytest.raises(ValidationError):
        grant(targets={})
    with pytest.raises(ValidationError):
        grant(deeds=())


def test_a_grant_may_name_thousands_of_hosts_and_not_any_number() -> None:
    many = {
        f"h{n}": Target(addresses=(f"10.1.{n // 250}.{n % 250 + 1}",), ports={"ssh": 22}) for n in range(5000)
    }
    leave = verify(seal(grant(targets=many), KEY), (pin_of(KEY),), agent="agent-hh", now=NOW)
    assert len(leave.doors_of(many)) == 5000
    with pytest.raises(ValueError, match="cut the run"):
        seal(grant(run="r" * 4_000_000), KEY)


def _makes_a_leave(file: Path) -> bool:
    calls = (node.func for node in ast.walk(ast.parse(file.read_text("utf-8"))) if isinstance(node, ast.Call))
    return any(
        (isinstance(f, ast.Name) and f.id == "Leave") or (isinstance(f, ast.Attribute) and f.attr == "Leave")
        for f in calls
    )


def test_only_verify_makes_a_leave() -> None:
    house = Path(__file__).parents[2]
    folders = ("agent", "collectors", "controller", "inventory", "playbooks")
    files = [file for folder in folders for file in (house / folder).rglob("*.py")]
    assert [f.relative_to(house).as_posix() for f in files if _makes_a_leave(f)] == ["inventory/grant.py"]
