"""Outdated SSH algorithms, against real OpenSSH servers that offer nothing else: taken only where the contract permits it."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace

import pytest

from agent.sessions.hello import GreetingSession
from agent.sessions.login import agreed, greet_first, log_in
from agent.start import SshWay
from collectors import Kind, Phase, Unanswered
from tests.agent.reached import way_of
from tests.fleet import PORT, Fleet
from tests.leave import leave_for

pytestmark = pytest.mark.slow

GROUP14 = "diffie-hellman-group14-sha1"
EXCHANGE = "diffie-hellman-group-exchange-sha1"
OUTDATED = {
    "kex": f"KexAlgorithms {GROUP14}\n",
    "exchange": f"KexAlgorithms {EXCHANGE}\n",
    "cipher": "Ciphers aes128-cbc\n",
    "mac": "Ciphers aes128-ctr\nMACs hmac-sha1\n",
}


async def secured(fleet: Fleet, way: SshWay) -> dict[str, str]:
    """Log in, and give what was agreed on."""
    at = await greet_first(leave_for("h", fleet.address(0), ssh=PORT).doors("h", "ssh"))
    client = log_in(at, way)
    try:
        transport = client.get_transport()
        assert transport is not None
        return agreed(transport)
    finally:
        client.close()


async def why(fleet: Fleet, way: SshWay) -> Unanswered:
    with pytest.raises(Unanswered) as caught:
        await secured(fleet, way)
    return caught.value


@contextmanager
def old_switch() -> Iterator[tuple[Fleet, SshWay]]:
    """What a switch of 2012 offers: SHA-1 for everything, an RSA key, CBC."""
    extra = (
        f"KexAlgorithms {GROUP14}\nHostKeyAlgorithms ssh-rsa\nCiphers aes256-cbc\nMACs hmac-sha1\n"
        "HostKey ${FOLDER}/rsa\n"
    )
    with Fleet(0) as keys:
        rsa = keys.folder / "rsa"
        subprocess.run(["ssh-keygen", "-q", "-t", "rsa", "-b", "2048", "-N", "", "-f", rsa], check=True)
        with Fleet(1, extra=extra.replace("${FOLDER}", str(keys.folder))) as fleet:
            kind, body, *_ = rsa.with_suffix(".pub").read_text().split()
            yield fleet, replace(way_of(fleet), host_keys=(f"{kind} {body}",), legacy=True)


@pytest.mark.parametrize("what", sorted(OUTDATED))
async def test_each_is_taken_where_it_is_permitted_and_nowhere_else(what: str) -> None:
    with Fleet(1, extra=OUTDATED[what]) as fleet:
        told = await why(fleet, way_of(fleet))
        assert (told.kind, told.phase) == (Kind.REFUSED, Phase.GREET)
        found = await secured(fleet, replace(way_of(fleet), legacy=True))
    assert {
        "kex": found["kex"] == GROUP14,
        "exchange": found["kex"] == EXCHANGE,
        "cipher": found["cipher"] == "aes128-cbc",
        "mac": found["mac"] == "hmac-sha1",
    }[what]


async def test_a_switch_of_2012_is_logged_in_to_and_its_key_is_checked() -> None:
    with old_switch() as (fleet, way):
        assert await secured(fleet, way) == {
            "kex": GROUP14,
            "host_key": "ssh-rsa",
            "cipher": "aes256-cbc",
            "mac": "hmac-sha1",
        }
        with old_switch() as (_, other):
            told = await why(fleet, replace(way, host_keys=other.host_keys))
    assert (told.kind, told.phase) == (Kind.HOST_KEY_CHANGED, Phase.GREET)


async def test_what_is_better_comes_first_also_where_less_is_permitted() -> None:
    with Fleet(1, extra=f"KexAlgorithms +{GROUP14}\nCiphers +aes128-cbc\nMACs +hmac-sha1\n") as fleet:
        way = way_of(fleet)
        assert await secured(fleet, replace(way, legacy=True)) == await secured(fleet, way)


@pytest.mark.parametrize("never", ["KexAlgorithms diffie-hellman-group1-sha1\n", "Ciphers 3des-cbc\n"])
async def test_what_is_weaker_still_is_never_taken(never: str) -> None:
    with Fleet(1, extra=never) as fleet:
        told = await why(fleet, replace(way_of(fleet), legacy=True))
    assert (told.kind, told.phase) == (Kind.REFUSED, Phase.GREET)
    assert "nor those that 'legacy' permits" in told.detail


async def test_the_key_of_such_a_switch_can_be_learned() -> None:
    with old_switch() as (fleet, way), ThreadPoolExecutor(1) as threads:
        doors = leave_for("h", fleet.address(0), ssh=PORT).doors("h", "ssh")
        at = await greet_first(doors)
        assert (
            await GreetingSession(at, lambda _: None, threads, outdated=True).host_key() == way.host_keys[0]
        )
        with pytest.raises(Unanswered, match="no algorithm in common"):
            await GreetingSession(await greet_first(doors), lambda _: None, threads).host_key()
