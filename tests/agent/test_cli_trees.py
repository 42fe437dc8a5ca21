"""Is a tree the same when it comes over a device's terminal, with its greeting, pages and prompts?"""

from __future__ import annotations

import asyncio

import pytest

from collectors.net.spanning_tree_cli import spanning_tree_cli
from tests.agent.odd_cli import PLATFORMS, Device
from tests.agent.over_cli import asking
from tests.collectors.net.test_shows import BY_NAME, WHOLE, read, texts

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("name", WHOLE)
async def test_a_tree_over_a_terminal_is_the_one_of_its_text(name: str) -> None:
    filed = BY_NAME[name]
    about, shown = filed.case.contract(), texts(filed)
    device = Device(PLATFORMS[about.platform], answers=shown)
    async with asking(device, about.platform) as at:
        tree = await spanning_tree_cli.ask(at.session, about)
    whole = await asyncio.to_thread(read, filed, shown)
    assert (tree.instances, tree.err_disabled) == (whole.instances, whole.err_disabled)
    assert (tree.protocol, tree.region, tree.uptime) == (whole.protocol, whole.region, whole.uptime)
