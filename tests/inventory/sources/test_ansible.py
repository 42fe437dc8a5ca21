"""Does an Ansible inventory give what it says and nothing that it only suggests?"""

from __future__ import annotations

import json
from typing import Any

import pytest

from inventory.sources.ansible import from_ansible
from inventory.sources.seen import Found, SourceError

pytestmark = pytest.mark.slow


def listed(hostvars: dict[str, Any], **groups: Any) -> Found:  # noqa: ANN401
    """Read an inventory as `ansible-inventory --list` prints one."""
    document = {"_meta": {"hostvars": hostvars}, "all": {"children": ["ungrouped", *groups]}, **groups}
    return from_ansible(json.dumps(document))


def test_address_port_and_user_are_taken() -> None:
    (host,) = listed(
        {
            "WEB1.musterbau.example": {
                "ansible_host": "10.0.0.1",
                "ansible_port": "2222",
                "ansible_user": "ops",
            }
        }
    ).hosts
    assert (host.name, list(map(str, host.addresses))) == ("web1.musterbau.example", ["10.0.0.1"])
    assert (host.port, host.user, host.platform) == (2222, "ops", "")


def test_a_host_is_in_its_groups_and_in_those_around_them() -> None:
    (host,) = listed(
        {"web1": {"ansible_host": "10.0.0.1"}},
        web={"hosts": ["web1"]},
        front={"children": ["web"]},
        prod={"children": ["front"]},
        db={"hosts": []},
    ).hosts
    assert host.groups == ("front", "prod", "web")


def test_groups_in_a_circle_end() -> None:
    (host,) = listed(
        {"web1": {"ansible_host": "10.0.0.1"}},
        a={"hosts": ["web1"], "children": ["b"]},
        b={"children": ["a", "b", "gone"]},
    ).hosts
    assert host.groups == ("a", "b")


def test_the_old_short_form_of_a_group_is_a_list_of_hosts() -> None:
    (host,) = listed({"web1": {"ansible_host": "10.0.0.1"}}, web=["web1"]).hosts
    assert host.groups == ("web",)


REFUSED = {
    "no address": ({}, "has no 'ansible_host'"),
    "a name": ({"ansible_host": "web1.musterbau.example"}, "is a name"),
    "a network": ({"ansible_host": "10.0.0.0/24"}, "is a network"),
    "a template": ({"ansible_host": "{{ lookup('pipe', 'id') }}"}, "is a template"),
    "a secret of the vault": ({"ansible_host": {"__ansible_vault": "$ANSIBLE_VAULT;1.1"}}, "is no text"),
    "whoever asks": ({"ansible_host": "127.0.0.1"}, "is whoever asks for it"),
    "local": ({"ansible_host": "10.0.0.1", "ansible_connection": "local"}, "not over the network"),
    "a container": (
        {"ansible_host": "10.0.0.1", "ansible_connection": "community.docker.docker"},
        "reached by 'docker'",
    ),
    "a port that is none": ({"ansible_host": "10.0.0.1", "ansible_port": "{{ p }}"}, "is not a port"),
    "a port that is true": ({"ansible_host": "10.0.0.1", "ansible_port": True}, "is not a port"),
    "a user that breaks the line": (
        {"ansible_host": "10.0.0.1", "ansible_user": "ops\n    ssh: {}"},
        "is not an account name",
    ),
    "a very long address": ({"ansible_host": "1" * 5000}, "has 5000 characters"),
}


@pytest.mark.parametrize(("variables", "why"), REFUSED.values(), ids=REFUSED.keys())
def test_what_is_no_plain_address_is_refused_with_its_reason(variables: dict[str, Any], why: str) -> None:
    found = listed({"web1": variables})
    assert found.hosts == ()
    (entry,) = found.untaken
    assert (entry.place, why in entry.problem, "web1" in entry.names) == ("web1", True, True), entry


def test_an_address_alone_has_no_name() -> None:
    found = listed({"10.0.0.1": {}}, web={"hosts": ["10.0.0.1"]})
    assert "no name" in found.untaken[0].problem


@pytest.mark.parametrize("name", ["web_1.x y", "wéb", "a" * 64, "-web", "web\x1b[2J"])
def test_a_name_that_dns_would_not_carry_is_refused(name: str) -> None:
    found = listed({name: {"ansible_host": "10.0.0.1"}})
    assert (found.hosts, len(found.untaken)) == ((), 1)


def test_what_would_lead_traffic_elsewhere_is_ignored_and_named_without_its_value() -> None:
    way = {"ansible_ssh_common_args": "-o ProxyJump=evil", "ansible_password": "geheim", "delegate": "x"}
    found = listed({f"web{n}": {"ansible_host": f"10.0.0.{n}", **way} for n in (1, 2)})
    assert len(found.hosts) == 2
    assert found.notes == (
        "ignored: ansible_password (hosts: 2)",
        "ignored: ansible_ssh_common_args (hosts: 2)",
    )


def test_variables_of_groups_are_not_merged_here_and_that_is_said() -> None:
    found = listed({"web1": {}}, web={"hosts": ["web1"], "vars": {"ansible_host": "10.0.0.1"}})
    assert found.hosts == ()
    assert any("--export" in note for note in found.notes)


@pytest.mark.parametrize(
    ("variables", "platform"),
    [
        ({"ansible_connection": "winrm"}, "windows"),
        (
            {"ansible_connection": "ansible.netcommon.network_cli", "ansible_network_os": "cisco.ios.ios"},
            "ios",
        ),
        ({"ansible_connection": "ansible.builtin.ssh"}, ""),
    ],
)
def test_how_it_is_reached_may_tell_the_platform(variables: dict[str, str], platform: str) -> None:
    (host,) = listed({"a": {"ansible_host": "10.0.0.1", "ansible_port": 5986, **variables}}).hosts
    assert (host.platform, host.port) == (platform, None if platform else 5986)


NONE = {
    "no JSON": "all:\n  hosts:\n",
    "a list": "[]",
    "no hostvars": '{"all": {"hosts": ["a"]}}',
    "hostvars that are a list": '{"_meta": {"hostvars": []}}',
    "variables that are a text": '{"_meta": {"hostvars": {"a": "b"}}}',
    "a group that is a number": '{"_meta": {"hostvars": {}}, "web": 1}',
    "hosts that are numbers": '{"_meta": {"hostvars": {}}, "web": {"hosts": [1]}}',
    "a host that is written twice": '{"_meta": {"hostvars": {"a": {}, "a": {}}}}',
    "nested too deep": "[" * 100_000,
    "a number without end": '{"_meta": {"hostvars": {"a": {"x": ' + "9" * 5000 + "}}}}",
    "groups nested like a chain": json.dumps(
        {"_meta": {"hostvars": {}}} | {f"g{n}": {"children": [f"g{n + 1}"]} for n in range(4000)}
    ),
}


@pytest.mark.parametrize("text", NONE.values(), ids=NONE.keys())
def test_what_is_no_inventory_is_refused_as_a_whole(text: str) -> None:
    with pytest.raises(SourceError):
        from_ansible(text)
