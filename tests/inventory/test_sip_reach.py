"""What does a contract say about a telephone system, and where may the sound of a test call go?"""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from pydantic import ValidationError

from inventory.ceiling import Ceiling, CeilingError, read_ceiling, ways
from inventory.check import hints
from inventory.contract import Contract
from inventory.grant import Target
from inventory.read import read
from inventory.revision.difference import describe, difference
from inventory.schema import schema
from tests.inventory.test_directory_reach import document
from tests.leave import leave_over
from tests.tls import authority

BARE: dict[str, object] = {"domain": "musterbau.example"}
CALLS: dict[str, object] = BARE | {
    "user": "test",
    "credential": "file:sip",
    "numbers": ["600", "+4940123456"],
    "media": "30000-30009",
}
SCHEMA = jsonschema.Draft202012Validator(schema())


def paper(sip: dict[str, object]) -> dict[str, Any]:
    """One telephone system that is asked over SIP alone."""
    made = document()
    del made["hosts"][0]["directory"]
    made["hosts"][0]["sip"] = sip
    return made


def contract(sip: dict[str, object]) -> Contract:
    return Contract.model_validate(paper(sip))


def bound(**more: object) -> Ceiling:
    usual = {
        "customers": ["musterbau"],
        "networks": ["10.1.0.0/24"],
        "ports": [5060, 5061],
        "areas": ["voip"],
    }
    return Ceiling.model_validate(usual | more)


def test_a_telephone_system_is_asked_and_perhaps_called() -> None:
    for sip, found in (
        (BARE, {"sip": 5060}),
        (BARE | {"transport": "tls", "port": 5061}, {"sip": 5061}),
        (CALLS, {"sip": 5060, "rtp": 30000, "rtp-last": 30009}),
        # Nobody may be called: no sound goes anywhere.
        (BARE | {"media": "30000-30009"}, {"sip": 5060}),
    ):
        made = contract(sip)
        assert ways(made.targets["dc1"]) == found
        assert SCHEMA.is_valid(paper(sip))
        assert read(made.model_dump_json(by_alias=True)) == made


@pytest.mark.parametrize(
    ("media", "ports"),
    [
        ((), {"sip": 5060}),
        (("30000-30009",), {"sip": 5060, "rtp": 30000, "rtp-last": 30009}),
        (("20000-40000",), {"sip": 5060, "rtp": 30000, "rtp-last": 30009}),
        # A part of the span is not the span.
        (("30000-30008",), {"sip": 5060}),
        (("30000-30004", "30005-30009"), {"sip": 5060}),
    ],
)
def test_the_ceiling_takes_all_of_the_sound_away_or_nothing(
    media: tuple[str, ...], ports: dict[str, int]
) -> None:
    assert bound(media=media).reach(contract(CALLS).targets["dc1"]).ports == ports


def test_single_ports_of_a_ceiling_are_no_span() -> None:
    ceiling = bound(ports=list(range(30000, 30010)))
    assert ceiling.reach(contract(CALLS).targets["dc1"]).ports == {}


def test_a_ceiling_names_spans_as_a_contract_does() -> None:
    text = 'customers=["m"]\nnetworks=["10.1.0.0/24"]\nports=[5060]\nmedia=["30000-30100"]'
    assert read_ceiling(text.encode()).media == ((30000, 30100),)
    with pytest.raises(CeilingError, match="media"):
        read_ceiling(text.replace("30000-30100", "30100-30000").encode())


def test_a_grant_opens_every_port_of_the_span_and_no_other() -> None:
    target = Target(addresses=("10.1.0.5", "10.1.0.6"), ports={"sip": 5060, "rtp": 30000, "rtp-last": 30003})
    leave = leave_over({"pbx": target})
    doors = {(str(door.address), door.port) for door in leave.doors_of({"pbx"})}
    assert doors == {
        (address, port) for address in ("10.1.0.5", "10.1.0.6") for port in (5060, 30000, 30001, 30002, 30003)
    }
    # Without its end it is one port, and without its beginning the last alone.
    alone = leave_over({"pbx": Target(addresses=("10.1.0.5",), ports={"rtp": 30000})})
    assert [door.port for door in alone.doors("pbx", "rtp")] == [30000]
    last = leave_over({"pbx": Target(addresses=("10.1.0.5",), ports={"rtp-last": 30003})})
    assert [door.port for door in last.doors_of({"pbx"})] == [30003]


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"domain": "a b"},
        BARE | {"transport": "ws"},
        BARE | {"port": 0},
        BARE | {"user": "test"},
        BARE | {"credential": "file:sip"},
        BARE | {"user": "test", "credential": "secret"},
        BARE | {"user": "te@st", "credential": "file:sip"},
        BARE | {"numbers": ["600"]},
        BARE | {"media": "30000-30009", "numbers": ["600;phone-context=x"]},
        BARE | {"media": "30000"},
        BARE | {"password": "x"},
    ],
)
def test_what_cannot_stand_is_a_mistake_for_the_reader_and_for_an_editor(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        contract(wrong)
    assert not SCHEMA.is_valid(paper(wrong))


@pytest.mark.parametrize("media", ["80-90", "30009-30000", "1024-65535", "30000-300000", "a-b", "30000-"])
def test_what_is_no_span_of_ports_is_said(media: str) -> None:
    with pytest.raises(ValidationError, match="no span of ports"):
        contract(BARE | {"media": media})


def test_authorities_are_for_tls(tmp_path: Path) -> None:
    own = authority(tmp_path, "Own").root.read_text()
    assert contract(BARE | {"transport": "tls", "authorities": [own]}).hosts[0].sip
    with pytest.raises(ValidationError, match="authorities are for tls"):
        contract(BARE | {"authorities": [own]})


def test_a_host_with_sip_can_be_asked_and_tls_wants_an_authority() -> None:
    assert [flaw.path for flaw in hints(paper(BARE)) if "cannot" in flaw.problem] == [("hosts", 1)]
    secured = hints(paper(BARE | {"transport": "tls"}))
    assert [flaw.path for flaw in secured if "who signs" in flaw.problem] == [("hosts", 0, "sip")]


@pytest.mark.parametrize(
    ("change", "value"),
    [
        ("user", "other"),
        ("credential", "file:other"),
        ("port", 5070),
        ("transport", "tcp"),
        ("numbers", ["600", "+4940123456", "0190"]),
        ("media", "30000-40000"),
        ("domain", "other.example"),
    ],
)
def test_another_way_in_needs_a_second_person(change: str, value: object) -> None:
    before = paper(CALLS)
    after = copy.deepcopy(before)
    after["revision"] = 2
    after["hosts"][0]["sip"] = CALLS | {change: value}
    found = difference(Contract.model_validate(before), Contract.model_validate(after))
    assert found.widens
    assert f"sip.{change}" in "\n".join(describe(found, "de"))
