"""What does a contract say about a domain controller, and who must agree when that changes?"""

from __future__ import annotations

import copy
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from pydantic import ValidationError

from agent.about import about_target
from inventory.ceiling import Ceiling, ways
from inventory.check import hints
from inventory.contract import Contract
from inventory.decide import Allowed, Diagnose, Refused, Request, decide
from inventory.revision.difference import describe, difference

NOW = datetime(2026, 6, 1, 10, 0, tzinfo=UTC)


def certificate() -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW)
        .not_valid_after(NOW + timedelta(days=1))
        .sign(key, SHA256())
    )
    return made.public_bytes(Encoding.PEM).decode("ascii")


def document(**directory: object) -> dict[str, Any]:
    reach = {
        "domain": "ad.musterbau.test",
        "user": "secondline@ad.musterbau.test",
        "credential": "file:ad.password",
        **directory,
    }
    return {
        "contract": "MB-1",
        "customer": "musterbau",
        "name": "Musterbau GmbH",
        "revision": 1,
        "valid": {"from": "2026-01-01", "until": "2026-12-31"},
        "sites": [{"id": "koeln", "name": "Köln", "agent": "koeln"}],
        "hosts": [
            {
                "id": "dc1",
                "name": "dc1.ad.musterbau.test",
                "addresses": ["10.1.0.1"],
                "site": "koeln",
                "environment": "server",
                "platform": "windows",
                "directory": reach,
            },
            {
                "id": "ws1",
                "name": "ws1.ad.musterbau.test",
                "addresses": ["10.1.0.9"],
                "site": "koeln",
                "environment": "client",
                "platform": "windows",
            },
        ],
        "clauses": [{"id": "1", "text": "Verzeichnisdienst", "hosts": ["dc1"], "diagnose": ["ad"]}],
    }


def contract(**directory: object) -> Contract:
    return Contract.model_validate(document(**directory))


def test_a_controller_is_reached_in_four_ways() -> None:
    paper = contract(port=3636, kerberos=8088)
    assert ways(paper.targets["dc1"]) == {"ldap": 3636, "cldap": 389, "kerberos": 8088, "ntp": 123}
    assert ways(paper.targets["ws1"]) == {}


def test_the_controllers_of_a_domain_are_those_that_say_so_and_its_members_bear_its_name() -> None:
    paper = contract()
    (domain,) = paper.domains
    assert (domain.name, [host.id for host in domain.controllers]) == ("ad.musterbau.test", ["dc1"])
    about = about_target(paper, "dc1", ("bob",))
    assert about.domain is not None
    assert [member.id for member in about.domain.members] == ["ws1"]
    assert ("domain-controller" in about.roles, about.accounts) == (True, ("bob",))


def test_the_ceiling_takes_single_ways_away() -> None:
    paper = contract()
    ceiling = Ceiling.model_validate(
        {"customers": ["musterbau"], "networks": ["10.1.0.0/24"], "ports": [636], "areas": ["ad"]}
    )
    assert ceiling.reach(paper.targets["dc1"]).ports == {"ldap": 636}
    asked = Request(customer="musterbau", host="dc1", deed=Diagnose("ad"))
    assert isinstance(decide(paper, asked, NOW, ceiling), Allowed)
    lower = ceiling.model_copy(update={"areas": ("linux",)})
    assert isinstance(decide(paper, asked, NOW, lower), Refused)


@pytest.mark.parametrize(
    "wrong",
    [
        {"authorities": ["-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]},
        {"authorities": ["SHA256:abc"]},
        {"credential": "Passw0rd!"},
        {"user": ""},
        {"port": 0},
        {"starttls": "yes"},
        {"domain": "not a name"},
        {"passwort": "x"},
    ],
)
def test_what_cannot_stand_is_a_mistake(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        contract(**wrong)


def test_two_certificates_are_two_entries() -> None:
    with pytest.raises(ValidationError, match="entry of its own"):
        contract(authorities=[certificate() + certificate()])
    assert len(contract(authorities=[certificate(), certificate()]).domains[0].controllers) == 1


def test_without_an_authority_a_hint_says_that_nobody_logs_in() -> None:
    said = [flaw.problem for flaw in hints(document())]
    assert any("who signs the controller's certificate" in what for what in said)
    assert not any("who signs" in flaw.problem for flaw in hints(document(authorities=[certificate()])))


@pytest.mark.parametrize("change", ["authorities", "user", "credential", "domain", "port", "starttls"])
def test_another_way_in_needs_a_second_person(change: str) -> None:
    before = document(authorities=[certificate()])
    after = copy.deepcopy(before)
    after["revision"] = 2
    values: dict[str, Any] = {
        "authorities": [certificate()],
        "user": "admin@ad.musterbau.test",
        "credential": "file:other",
        "domain": "other.test",
        "port": 389,
        "starttls": True,
    }
    after["hosts"][0]["directory"][change] = values[change]
    found = difference(Contract.model_validate(before), Contract.model_validate(after))
    assert found.widens
    said = "\n".join(describe(found, "de"))
    assert f"directory.{change}" in said
    assert "BEGIN CERTIFICATE" not in said
