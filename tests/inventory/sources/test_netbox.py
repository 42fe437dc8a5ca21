"""Are NetBox's answers read as NetBox means them, of version 3 and 4, and refused where it never answers so?"""

from __future__ import annotations

import json
from typing import Any

import pytest

from inventory.sources.netbox import from_netbox, page
from inventory.sources.seen import Found, SourceError


def device(**other: Any) -> dict[str, Any]:  # noqa: ANN401
    """A device as NetBox 4 answers it, with what is looked at and some that is not."""
    return {
        "id": 7,
        "url": "https://netbox.example/api/dcim/devices/7/",
        "display": "sw1",
        "name": "sw1.musterbau.example",
        "role": {"id": 1, "name": "Switch", "slug": "switch"},
        "tenant": {"id": 2, "name": "Musterbau", "slug": "musterbau"},
        "platform": {"id": 3, "name": "Debian 12", "slug": "debian-12"},
        "site": {"id": 4, "name": "Hamburg", "slug": "hamburg"},
        "status": {"value": "active", "label": "Active"},
        "primary_ip4": {"id": 5, "family": {"value": 4, "label": "IPv4"}, "address": "10.20.0.7/24"},
        "primary_ip6": {"id": 6, "address": "fd20::7/64"},
        "tags": [{"id": 1, "name": "Core", "slug": "core"}],
        "custom_fields": {},
    } | other


def seen(*devices: dict[str, Any], tenant: str = "", statuses: tuple[str, ...] = ("active",)) -> Found:
    return from_netbox({"api/dcim/devices/": devices}, statuses=statuses, tenant=tenant)


def test_a_device_of_netbox_4_is_read() -> None:
    (host,) = seen(device()).hosts
    assert (host.name, host.site, host.platform) == ("sw1.musterbau.example", "hamburg", "linux")
    assert list(map(str, host.addresses)) == ["10.20.0.7", "fd20::7"]
    assert host.groups == ("switch", "core")
    assert host.place == "device 7 (sw1.musterbau.example)"


def test_up_to_netbox_3_5_the_role_was_called_device_role() -> None:
    old = device(device_role={"slug": "switch"}, tags=[])
    del old["role"]
    assert seen(old).hosts[0].groups == ("switch",)
    assert seen(device(device_role={"slug": "switch"}, tags=[])).hosts[0].groups == ("switch",)


def test_a_machine_without_site_platform_and_role_is_read() -> None:
    machine = device(site=None, platform=None, role=None, tags=[], primary_ip6=None)
    (host,) = from_netbox({"api/virtualization/virtual-machines/": [machine]}).hosts
    assert (host.site, host.platform, host.groups) == ("", "", ())
    assert host.place.startswith("virtual machine 7")


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "no name": ({"name": None}, "has no name"),
    "a name for people": ({"name": "Core switch, 2nd floor"}, "is not a DNS name"),
    "no address": ({"primary_ip4": None, "primary_ip6": None}, "no primary address"),
    "another status": ({"status": {"value": "decommissioning"}}, "its status is 'decommissioning'"),
    "no status": ({"status": None}, "its status is ''"),
    "a whole network": ({"primary_ip4": {"address": "10.20.0.0/24"}}, "is a network"),
    "a mask that is none": ({"primary_ip4": {"address": "10.20.0.1/99"}}, "not the address of an interface"),
    "a name as address": ({"primary_ip4": {"address": "sw1.example"}}, "is a name"),
    "a site that is a text": ({"site": "hamburg"}, "is not what NetBox answers"),
    "a slug that is a number": ({"platform": {"slug": 7}}, "is no text"),
}


@pytest.mark.parametrize(("other", "why"), REFUSED.values(), ids=REFUSED.keys())
def test_what_cannot_be_taken_is_named_with_its_reason(other: dict[str, Any], why: str) -> None:
    found = seen(device(**other))
    assert (found.hosts, [why in entry.problem for entry in found.untaken]) == ((), [True]), found.untaken


def test_other_statuses_are_taken_where_somebody_asks_for_them() -> None:
    assert len(seen(device(status={"value": "staged"}), statuses=("active", "staged")).hosts) == 1


def test_a_netbox_that_answers_with_somebody_elses_hosts_is_not_believed() -> None:
    mine, other = device(), device(tenant={"slug": "other"})
    found = seen(mine, other, device(tenant=None), tenant="musterbau")
    assert (len(found.hosts), len(found.untaken)) == (1, 2)


def test_a_host_that_could_not_even_be_named_keeps_others_from_being_missing() -> None:
    assert seen(device(status={"value": "offline"})).whole
    assert not seen(device(name=None, primary_ip4=None, primary_ip6=None)).whole


@pytest.mark.parametrize(
    "answer",
    [
        "<html>",
        "[]",
        "{}",
        '{"results": {}}',
        '{"results": [1]}',
        '{"results": [], "next": 1}',
        '{"results": [], "results": []}',
        "\u00ff",
    ],
)
def test_an_answer_that_is_none_is_refused(answer: str) -> None:
    with pytest.raises(SourceError):
        page(answer.encode("latin-1"))


def test_a_page_has_rows_and_perhaps_a_next_one() -> None:
    one = page(json.dumps({"count": 3, "next": "https://n/?offset=1", "results": [{"id": 1}]}).encode())
    assert (len(one.rows), one.following) == (1, "https://n/?offset=1")
    assert page(b'{"count": 0, "next": null, "previous": null, "results": []}').following is None
