"""A real router's command line: FRRouting behind a real sshd, asked as the product asks."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

import pytest

from collectors import Kind, Phase
from tests.agent.frr_router import Router
from tests.agent.over_cli import asked
from tests.fleet import PORT

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def router() -> Iterator[Router]:
    with Router(secrets.token_hex(6)) as running:
        yield running


async def test_a_router_shows_what_it_is_asked(router: Router) -> None:
    async with asked(router.address, PORT, router.way, "frr") as at:
        assert (await at.show("show version")).startswith("FRRouting ")
        assert "Internet Address 10.88.21.1/30" in await at.show("show ip ospf interface ge0")
        assert await at.show("show ip ospf neighbor json") == '{\n  "neighbors":{\n  }\n}\n'


async def test_what_a_router_does_not_know_and_a_daemon_that_is_not_there_are_no_text(router: Router) -> None:
    async with asked(router.address, PORT, router.way, "frr") as at:
        for command in ("show splines", "show ip", "show bgp summary"):
            told = await at.why(command)
            assert (told.kind, told.phase) == (Kind.NOT_THERE, Phase.ASK)


async def test_a_routers_configuration_is_not_read(router: Router) -> None:
    async with asked(router.address, PORT, router.way, "frr") as at:
        with pytest.raises(ValueError, match="holds secrets"):
            await at.show("show running-config")
        assert "MD5" in await at.show("show ip ospf interface ge0") or at.records
        assert router.secret.encode() not in b"".join(one.parts["text"] for one in at.records)
