"""Which commands are sent to network devices: those that surely only show, and nothing else."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.dialect import DIALECTS
from collectors.showing import why_not_shown
from inventory.platforms import ENABLES, NETWORK

SHOWS = {
    "cisco-ios": (
        *("show spanning-tree detail", "show policy-map interface Gi1/0/1", "show interfaces Gi1/0/1 status"),
        *(
            "show spanning-tree mst configuration",
            "show ip route 10.0.0.0/8",
            "show etherchannel 1 port-channel",
        ),
        *("show vlan private-vlan", "show version", "show cdp neighbors detail", "show environment all"),
    ),
    "cisco-nxos": ("show spanning-tree vlan 10", "show port-channel summary", "show vpc"),
    "arista-eos": ("show interfaces status", "show lldp neighbors detail", "show mlag"),
    "juniper-junos": (
        "show spanning-tree bridge",
        "show interfaces ge-0/0/1 extensive",
        "show lldp neighbors",
    ),
    "hp-comware": (
        "display stp brief",
        "display qos policy interface GigabitEthernet1/0/1",
        "display version",
    ),
    "huawei-vrp": (
        "display stp",
        "display traffic policy statistics interface GigabitEthernet0/0/1 inbound",
    ),
    "aruba-aoss": ("show spanning-tree", "show interfaces brief", "show lldp info remote-device 24"),
    "aruba-cx": ("show spanning-tree mst", "show interface 1/1/1", "show qos queue-profile"),
    "mikrotik-routeros": (
        *(
            "/interface bridge port print detail without-paging",
            "/interface/bridge/print",
            "interface print stats",
        ),
        *("/interface bridge monitor bridge1 once", "/ip neighbor print where interface=ether1"),
    ),
    "frr": ("show ip ospf neighbor json", "show interface", "show bgp summary"),
}
NEVER = {
    "": (
        *("", " ", "show", "configure terminal", "reload", "show  version", "show version ", " show version"),
        *(
            "show version\n",
            "show version\rreload",
            "show version;reload",
            "show version | include x",
            "show v?",
        ),
        *(
            "show version > flash:a",
            "show version >> a",
            "show `id`",
            "show $(id)",
            "show \x1b[A",
            "show \u00e9",
        ),
        *(
            "sh version",
            "SHOW version",
            "show " + "x " * 200,
            'show "a"',
            "show a\\b",
            "show a&b",
            "no show x",
        ),
        *(
            "show tech-support",
            "show tech",
            "show running-config",
            "show run",
            "show r",
            "show running-config interface x",
        ),
        *("show startup-config", "show start", "show interface running-config", "show archive", "show conf"),
        *(
            "show key chain password",
            "show key-chain",
            "show snmp community",
            "show configuration",
            "show aaa servers",
        ),
    ),
    "hp-comware": (
        "display current-configuration",
        "display cur",
        "display this",
        "display saved",
        "display dia",
    ),
    "mikrotik-routeros": (
        *(
            "/export",
            "/interface print file=x",
            "/ppp secret print",
            "/snmp community print",
            "/log print follow",
        ),
        *(
            "/interface monitor-traffic ether1",
            "/interface bridge monitor bridge1",
            "/user print where password~x",
        ),
        *(
            "/system reboot",
            "/interface set print",
            "print",
            "/interface print interval=1",
            ":put [/system identity get]",
        ),
        *(
            "/ip ipsec peer print",
            "/interface wireguard print",
            "/interface print detail append",
            "/system script print",
        ),
    ),
}
FORMS = {"display": ("hp-comware", "huawei-vrp"), "print": ("mikrotik-routeros",)}


def test_every_platform_of_a_contract_has_a_dialect() -> None:
    assert tuple(DIALECTS) == NETWORK
    assert {name for name, row in DIALECTS.items() if row.can_enable} == set(ENABLES)


@pytest.mark.parametrize(("platform", "command"), [(p, c) for p, all_of in SHOWS.items() for c in all_of])
def test_what_only_shows_is_sent(platform: str, command: str) -> None:
    assert why_not_shown(DIALECTS[platform], command) == ""


@pytest.mark.parametrize("command", NEVER[""])
def test_what_does_not_surely_show_is_sent_to_nobody(command: str) -> None:
    assert all(why_not_shown(dialect, command) for dialect in DIALECTS.values())
    other = command.replace("show", "display", 1)
    assert all(why_not_shown(DIALECTS[name], other) for name in FORMS["display"])


@pytest.mark.parametrize(
    ("platform", "command"), [(p, c) for p, all_of in NEVER.items() if p for c in all_of]
)
def test_what_a_platform_has_besides_is_not_sent(platform: str, command: str) -> None:
    assert why_not_shown(DIALECTS[platform], command)


@pytest.mark.slow
@given(st.sampled_from(sorted(DIALECTS)), st.text(max_size=60))
def test_no_sign_that_starts_something_else_ever_passes(platform: str, text: str) -> None:
    for command in (text, f"show {text}", f"display {text}", f"/interface print {text}"):
        if not why_not_shown(DIALECTS[platform], command):
            assert re.fullmatch(r"[A-Za-z0-9/.:,_+=@* -]+", command)
            assert command.strip() == command
