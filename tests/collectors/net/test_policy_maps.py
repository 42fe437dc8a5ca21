"""Are the policies of a router read off its command line, page by page, twice? From a stand-in for Cisco IOS."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from collectors import About
from collectors.net.policy_maps import policy_maps
from collectors.net.qos_judge import judge
from tests.agent.odd_cli import PLATFORMS, Device
from tests.agent.over_cli import asking
from tests.collectors.case import Case

# The question waits so long that routers which count every ten seconds have counted anew.
pytestmark = pytest.mark.slow
HERE = Path(__file__).parent / "policy-maps"


class InTurn(Mapping[str, str]):
    """Answers that come in their order; the last one stays."""

    def __init__(self, case: Case) -> None:
        self._left: dict[str, list[str]] = {}
        for show in case.show:
            self._left.setdefault(show.command, []).append(show.text.replace("\n", "\r\n"))

    def __getitem__(self, command: str) -> str:
        left = self._left[command]
        return left.pop(0) if len(left) > 1 else left[0]

    def __contains__(self, command: object) -> bool:
        return command in self._left

    def __iter__(self) -> Iterator[str]:
        return iter(self._left)

    def __len__(self) -> int:
        return len(self._left)


async def tags(name: str) -> set[str]:
    case = Case.model_validate(tomllib.loads((HERE / f"{name}.toml").read_text(encoding="utf-8")))
    about: About = case.contract()
    router = Device(PLATFORMS["cisco-ios"], answers=InTurn(case))
    async with asking(router, "cisco-ios") as asked:
        reading = await policy_maps((asked.session,), about)
    assert 11 <= reading.seconds < 15
    return {finding.tag.name for finding in judge(reading)}


async def test_what_drops_between_two_looks_is_found() -> None:
    assert await tags("over-priority") == {
        "net.qos-voice-policed",
        "net.qos-voice-drops",
        "net.qos-voice-foreign",
    }
