"""How is a network device configured? Line by line in its configuration mode, on our own verified connection; the first refusal ends it."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime

from netmiko.exceptions import NetmikoTimeoutException

from agent.deed import Deed
from agent.sessions.cli_session import CliSession, open_cli
from agent.sessions.cli_text import complaint
from agent.sessions.login import Greeted
from agent.sessions.opening import Record
from agent.start import SshWay
from collectors.dialect import Dialect, dialect_of
from collectors.exchange import Exchange
from collectors.session import Kind, Phase, Unanswered

__all__ = ["ChangeCli", "open_change_cli"]

# Seconds for one line.
_LINE = 15.0


def open_change_cli(
    at: Greeted, way: SshWay, platform: str, record: Record, stop: threading.Event
) -> ChangeCli:
    """Log in with the account for changes. Blocks. Raises Unanswered."""
    dialect = dialect_of(platform)
    if dialect is None:
        raise Unanswered(Kind.REFUSED, f"nobody knows how {platform} is configured", phase=Phase.LOGIN)
    return ChangeCli(open_cli(at, way, dialect, record, stop), dialect, record)


class ChangeCli:
    """One terminal by which a device is configured."""

    def __init__(self, session: CliSession, dialect: Dialect, record: Record) -> None:
        self._session, self._dialect, self._record = session, dialect, record

    def configure(self, lines: tuple[str, ...]) -> Deed:
        """Every line in the configuration mode. A line that the device refuses ends it; those before it stand."""
        began, start = datetime.now(UTC), time.monotonic()
        said: list[str] = []
        deed = self._configure(lines, said)
        self._record(
            Exchange(
                session="cli",
                question=("configure", *lines),
                began=began,
                took=time.monotonic() - start,
                parts={"text": "".join(said).encode()},
                unanswered=(Kind.CUT_OFF, Phase.ASK, deed.detail) if deed.how in {"lost", "unsent"} else None,
            )
        )
        return deed

    def _configure(self, lines: tuple[str, ...], said: list[str]) -> Deed:
        sent = 0
        try:
            with self._session.configuring(_LINE) as say:
                for sent, line in enumerate(lines, 1):  # noqa: B007 - counts what was sent when the line ends.
                    answer = say(line)
                    said.append(answer)
                    if (wrong := complaint(answer, self._dialect)) is not None:
                        return Deed("failed", f"the device refuses {line!r}: {wrong[1]}")
        except (Unanswered, NetmikoTimeoutException, ValueError, OSError) as error:
            return Deed("lost" if sent else "unsent", f"{error}"[:300])
        return Deed("done")

    def close(self) -> None:
        self._session.close()
