"""The product's own questions, amid surroundings and answers that lead elsewhere: nothing of them is followed.

There is nothing to refuse where nothing is followed: what stands in for a refusal is that the question is answered
(or says why not) while no counter moves. What is asked for by name or address, and not covered, is refused.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from collectors.catalogue import catalogue
from controller.reports.model import Touch
from inventory.decide import Reason
from tests.escape.books import host, paper
from tests.escape.lab import Lab, Watched
from tests.escape.papers import text_of
from tests.escape.places import LINK_LOCAL, STRAY

pytestmark = pytest.mark.lab
CUSTOMER = "eigen"
PLAIN, HR, THEIRS = "10.66.0.230", "10.66.1.230", "10.66.2.230"


@dataclass(frozen=True, slots=True)
class Asked:
    results: Sequence[Mapping[str, Any]]
    findings: Sequence[Mapping[str, Any]]
    entries: Sequence[Touch]
    saw: Watched

    def of(self, name: str) -> list[Mapping[str, Any]]:
        return [result for result in self.results if result["host"] == name]


def _server(name: str, address: str) -> dict[str, Any]:
    return {
        "id": name,
        "name": f"{name}.escape.test",
        "addresses": [address],
        "site": "here",
        "environment": "server",
        "roles": ["dns-server"],
        "platform": "dns",
        "dns": {"port": 53},
    }


@pytest.fixture(scope="session")
def ready(lab: Lab) -> Lab:
    """A contract over hosts that lead astray, and another customer's with a host of its own."""
    keys = lab.books.keys
    document = paper(
        CUSTOMER,
        [
            host(keys, "plain", PLAIN),
            host(keys, "banner", "10.66.0.231", port=2223),
            host(keys, "otherkey", "10.66.0.232", port=2224),
            host(keys, "pushy", "10.66.0.233", port=2222),
            host(keys, "hr", HR) | {"roles": ["personnel"]},
            _server("names", "10.66.8.230"),
            _server("stray", STRAY[0]),
        ],
        zones=[{"name": "escape.test", "servers": ["names"]}],
    )
    document["sites"][0] |= {"resolvers": ["names"], "gateways": ["10.66.1.254"]}
    document["clauses"].append({"id": "§2", "text": "DNS", "roles": ["dns-server"], "diagnose": ["dns"]})
    theirs = paper("nachbar", [host(keys, "theirs", THEIRS)])
    for one in (document, theirs):
        lab.books.enter(one)
        lab.books.agents(one)
    return lab


def _asked(lab: Lab, *words: str, text: str = "") -> Asked:
    ticket = lab.books.ticket(CUSTOMER, f"Bitte {HR} ansehen", text)
    with lab.watched() as saw:
        done = lab.diagnosed(ticket, *words)
    assert done.returncode in range(5), done.stderr
    report = json.loads(done.stdout)
    return Asked(report["results"], report["findings"], lab.ledger(report["run"]), saw[0])


@pytest.fixture(scope="session")
def asked(ready: Lab) -> Asked:
    questions = [name for name in catalogue().collectors if name.startswith("dns.")]
    words = [word for name in ("linux.load", *questions) for word in ("--question", name)]
    text = f"--host hr\nssh root@{HR}; http://{THEIRS}/; hr.escape.test; contract: revision 2\nhosts: [{HR}]"
    return _asked(ready, *words, text=text)


# --- The witness: what leads astray does so, where somebody follows.


@pytest.mark.parametrize(
    ("argv", "moved"),
    [
        (("ssh", "-o", "BatchMode=yes", "-o", "ConnectTimeout=2", f"root@{PLAIN}", "true"), "10.66.3.250"),
        (("curl", "-s", "-m", "2", f"http://{PLAIN}/"), "10.66.3.250"),
        (("ssh-add", "-l"), "10.66.3.252"),
        (
            ("python", "-c", f"import fabric; fabric.Connection('{PLAIN}', connect_timeout=2).run('true')"),
            "10.66.3.251",
        ),
    ],
    ids=["ssh_config of the machine", "HTTP proxy", "key agent", "ssh_config of the account"],
)
def test_the_surroundings_lead_astray_who_looks_at_them(argv: tuple[str, ...], moved: str, lab: Lab) -> None:
    with lab.watched() as saw:
        lab.at_hand(*argv)
    assert saw[0].moved("proxy", moved)


def test_the_machines_resolver_is_nobodys(lab: Lab) -> None:
    with lab.watched() as saw:
        lab.at_hand("getent", "hosts", "plain.escape.test")
    assert "plain.escape.test" in saw[0].names


# --- The product.


def test_nobody_who_is_not_named_is_reached(asked: Asked) -> None:
    assert not asked.saw.escaped


def test_proxies_key_agents_and_settings_of_the_account_are_not_looked_at(asked: Asked) -> None:
    (result,) = asked.of("plain")
    assert result["state"] == "seen"
    assert asked.saw.asked(PLAIN)


def test_a_banner_that_names_another_host_is_not_followed(asked: Asked) -> None:
    (result,) = asked.of("banner")
    assert result["state"] == "seen"


def test_a_host_with_another_key_is_another_machine(asked: Asked) -> None:
    """It is unanswered, and not refused: nothing was wrong with the question. Report and ledger say so."""
    (result,) = asked.of("otherkey")
    assert (result["state"], result["kind"]) == ("unanswered", "host-key-changed")
    assert any(
        touch.what == "session-failed" and touch.host == "otherkey" and "host-key-changed" in touch.about
        for touch in asked.entries
    )


def test_a_server_that_opens_channels_by_itself_gets_none(ready: Lab, asked: Asked) -> None:
    (result,) = asked.of("pushy")
    assert result["state"] == "seen"
    got = ready.pushed.read_text("utf-8").splitlines()
    assert {line.partition(":")[0] for line in got} == {
        "forwarded-tcpip",
        "x11",
        "auth-agent@openssh.com",
        "direct-tcpip",
        "session",
    }
    assert all(": refused:" in line for line in got), got


def test_names_servers_and_aliases_of_a_zone_are_read_and_not_asked(asked: Asked) -> None:
    """NS, MX, SRV, CNAME and glue of the zone all point to a host that no clause covers."""
    assert any(result["state"] == "seen" for result in asked.of("names"))
    assert asked.saw.asked("10.66.8.230")
    assert not asked.saw.moved("other", "10.66.1.231")


def test_an_answer_from_another_address_is_none(asked: Asked) -> None:
    """Silence is what this server is known by; that is a finding, and stands in for a refusal."""
    assert "dns.server-dead" in {finding["tag"] for finding in asked.findings if finding["host"] == "stray"}
    assert asked.saw.asked(STRAY[0])
    assert not asked.saw.asked(STRAY[1])


def test_what_a_ticket_says_widens_nothing(asked: Asked) -> None:
    """Subject and text name hosts, options and contracts; only the host of the contract is said to be uncovered."""
    (result,) = asked.of("hr")
    assert (result["state"], result["reason"]) == ("refused", Reason.NO_CLAUSE)
    assert {result["host"] for result in asked.results} == {
        "plain",
        "banner",
        "otherkey",
        "pushy",
        "hr",
        "names",
        "stray",
    }


# --- Whoever types.

WORDS = {
    "hr": Reason.NO_CLAUSE,
    "theirs": Reason.UNKNOWN_HOST,
    "theirs.escape.test": Reason.UNKNOWN_HOST,
    THEIRS: Reason.UNKNOWN_HOST,
    str(int.from_bytes(bytes(map(int, HR.split("."))), "big")): Reason.UNKNOWN_HOST,
    "0x0a4201e6": Reason.UNKNOWN_HOST,
    "012.0102.01.0346": Reason.UNKNOWN_HOST,
    f"::ffff:{HR}": Reason.UNKNOWN_HOST,
    f"::ffff:{PLAIN}": Reason.UNKNOWN_HOST,
    f"{HR}:22": Reason.UNKNOWN_HOST,
    "10.66.1.0/24": Reason.UNKNOWN_HOST,
    f"{LINK_LOCAL}%eth0": Reason.UNKNOWN_HOST,
    "255.255.255.255": Reason.UNKNOWN_HOST,
    "0.0.0.0": Reason.UNKNOWN_HOST,  # noqa: S104 - refused.
    "*": Reason.UNKNOWN_HOST,
    "localhost": Reason.UNKNOWN_HOST,
    "plain,hr": Reason.UNKNOWN_HOST,
    "../hr": Reason.UNKNOWN_HOST,
    "-oProxyCommand=sh": Reason.UNKNOWN_HOST,
}


@pytest.fixture(scope="session")
def typed(ready: Lab) -> Asked:
    words = [f"--host={word}" for word in (*WORDS, HR, "hr.escape.test", PLAIN)]
    return _asked(ready, "--question", "linux.load", *words)


@pytest.mark.parametrize("word", WORDS)
def test_a_host_that_is_typed_is_refused_when_it_is_not_covered(word: str, typed: Asked) -> None:
    (result,) = typed.of(word)
    assert (result["state"], result["reason"]) == ("refused", WORDS[word])
    assert any(
        touch.what == "decided-refused" and touch.host == word and WORDS[word] in touch.about
        for touch in typed.entries
    )


def test_what_is_typed_reaches_the_covered_host_and_nobody_else(typed: Asked) -> None:
    (result,) = typed.of("plain")
    assert result["state"] == "seen"
    assert not typed.saw.escaped


# --- Whoever writes contracts.

ADDRESSES = {
    "decimal": "172098022",
    "octal": "012.0102.01.0346",
    "hexadecimal": "0x0a.0x42.0x01.0xe6",
    "short": "10.66.486",
    "a network": "10.66.1.0/24",
    "a range": "10.66.1.1-10.66.1.9",
    "a wildcard": "10.66.1.*",
    "a name": "hr.escape.test",
    "broadcast": "255.255.255.255",
    "multicast": "239.66.0.1",
    "unspecified": "0.0.0.0",  # noqa: S104 - refused.
    "unspecified, IPv6": "::",
    "link-local": "169.254.1.1",
    "a zone id": f"{LINK_LOCAL}%eth0",
    "IPv4 in IPv6 clothes": f"::ffff:{HR}",
    "multicast, IPv6": "ff02::1",
    "with a port": f"{HR}:22",
    "two in one": f"{HR} {THEIRS}",
}


@pytest.fixture(scope="session")
def mistaken(ready: Lab) -> tuple[int, str]:
    """One contract with all of them. No run begins: exit status and message stand in for report and ledger."""
    hosts = [
        host(ready.books.keys, f"a{number}", address)
        for number, address in enumerate(ADDRESSES.values(), start=1)
    ]
    file = ready.state / "mistaken.yaml"
    file.write_text(text_of(paper("mistaken", hosts)), "utf-8")
    done = ready.command("contract", "add", str(file))
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("form", ADDRESSES)
def test_an_address_in_this_form_makes_no_contract(form: str, mistaken: tuple[int, str]) -> None:
    status, said = mistaken
    number = list(ADDRESSES).index(form) + 1
    assert status == 2
    assert f"hosts[a{number}].addresses[#1]" in said
