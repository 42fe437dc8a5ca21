"""A session with the stand-in for Windows, as the product opens it, and what was recorded of it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import pytest

from agent.sessions.wsman import WindowsSession, open_windows
from agent.start import WinrmWay
from collectors import Script, Unanswered
from collectors.exchange import Exchange
from tests.agent.odd_wsman import OddWindows, Said, leaves
from tests.leave import leave_for
from tests.tls import Authority, Identity

__all__ = ["HOME", "NAME", "SCRIPT", "SECRET", "Asked", "plain", "serving"]

HOME, NAME = "127.0.0.1", "dc1.ad.musterbau.test"
SECRET = "not-for-anybody"
SCRIPT = Script(name="ad/any.ps1", text="param($data)\n[pscustomobject]@{ name = 'Büro' }\n")


def plain(_script: str, _data: Mapping[str, Any]) -> Said:
    return leaves({"name": "Büro"})


@contextmanager
def serving(identity: Identity, folder: Path, address: str = HOME) -> Iterator[OddWindows]:
    """The stand-in, with one account."""
    with OddWindows(address, identity, plain, folder=folder) as server:
        server.admit("AD", "reader", SECRET)
        # Where the acceptor looks for accounts; nothing else reads it.
        os.environ["NTLM_USER_FILE"] = str(server.users)
        yield server


class Asked:
    """A session with the stand-in, and what was recorded of it."""

    def __init__(self, windows: OddWindows, trusted: Authority, secret: str = SECRET) -> None:
        self.records: list[Exchange] = []
        way = WinrmWay(
            user="AD\\reader", secret=secret, name=NAME, authorities=(trusted.root.read_text("ascii"),)
        )
        leave = leave_for("dc1", HOME, winrm=windows.port)
        self.session: WindowsSession = open_windows(leave, "dc1", way, self.records.append, patience=1.5)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.session.close()

    def unmet(self) -> Unanswered:
        with pytest.raises(Unanswered) as caught:
            self.session.ask(SCRIPT, {})
        return caught.value
