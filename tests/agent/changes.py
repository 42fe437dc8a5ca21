"""Real hosts that can be changed: sshd, and a `systemctl` of our own that keeps one service a host and writes down each call."""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agent.agent import Agent
from agent.job import Job, Outcome, Planned
from agent.nursling import Nursery
from agent.order import Order
from inventory.read import digest
from playbooks.catalogue import playbook_catalogue
from playbooks.plan import PART, Part, Plan
from tests.agent.orders import Desk, Heard, performed
from tests.fleet import Fleet

__all__ = ["BOOK", "UNIT", "WANTED", "Bed"]

BOOK, UNIT = "linux.start_service", "web.service"
WANTED = {"unit": UNIT}
_SYSTEMCTL = """\
#!/bin/sh
# One service a host. What it shall do is told by files beside its state.
set -- "$@"
d={folder}/state/$(echo "$SSH_CONNECTION" | cut -d' ' -f3)
state=$(cat "$d/state")
case "$1" in
show)
    case "$*" in
    *"--property=LoadState,ActiveState"*) printf 'LoadState=loaded\\nActiveState=%s\\n' "$state" ;;
    *) printf 'Id=web.service\\nType=simple\\nRemainAfterExit=no\\nLoadState=loaded\\nUnitFileState=enabled\\n'
       printf 'TriggeredBy=\\nActiveState=%s\\nSubState=%s\\nResult=exit-code\\nNRestarts=0\\n' "$state" "$state"
       printf 'ExecMainStatus=1\\nExecMainStartTimestampMonotonic=1\\nInactiveEnterTimestampMonotonic=2\\n' ;;
    esac
    exit 0 ;;
esac
echo "$1" >>"$d/log"
[ -e "$d/slow-$1" ] && sleep "$(cat "$d/slow-$1")"
[ -e "$d/fails-$1" ] && {{ echo "no $1 today" >&2; exit 1; }}
[ -e "$d/lies" ] && exit 0
case "$1" in
start) echo active >"$d/state" ;;
stop) echo "$(cat "$d/first")" >"$d/state" ;;
reset-failed) [ "$state" = failed ] && echo failed >"$d/state" ;;
esac
[ -e "$d/late-$1" ] && exit 3
exit 0
"""


@dataclass
class Bed:
    """A fleet whose one service has failed on every host, a contract that lets it be started, and plans for that.

    only: the one host that is this bed's, where others work with the rest of the fleet.
    """

    fleet: Fleet
    folder: Path
    paper: dict[str, Any] = field(default_factory=dict)
    at_once: int = 10
    only: int | None = None

    def __post_init__(self) -> None:
        program = self.fleet.programs / "systemctl"
        if not program.exists():
            program.write_text(_SYSTEMCTL.format(folder=self.fleet.folder))
            program.chmod(0o755)
        for number in range(self.fleet.count) if self.only is None else (self.only,):
            self.begin_anew(number)
        self.desk = Desk.over(self.fleet, self.folder)
        key = self.desk.credentials / "change.key"
        key.touch(mode=0o600)
        key.write_text(self.fleet.private_key.read_text())
        paper = dict(self.desk.paper)
        paper["hosts"] = [
            host
            | {"ssh": host["ssh"] | {"change": {"user": self.fleet.user, "credential": "file:change.key"}}}
            for host in paper["hosts"]
        ]
        paper["clauses"] = [
            paper["clauses"][0] | {"change": [BOOK], "approval": "none", "at_once": self.at_once}
        ]
        self.desk.paper = {**paper, **self.paper}

    def state_of(self, number: int = 0) -> Path:
        folder = self.fleet.folder / "state" / self.fleet.address(number)
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def begin_anew(self, number: int = 0, state: str = "failed") -> None:
        folder = self.state_of(number)
        for file in folder.iterdir():
            file.unlink()
        (folder / "state").write_text(f"{state}\n")
        (folder / "first").write_text(f"{state}\n")

    def now(self, number: int = 0) -> str:
        return (self.state_of(number) / "state").read_text().strip()

    def calls(self, number: int = 0) -> list[str]:
        """What was changed on the host, in order."""
        log = self.state_of(number) / "log"
        return log.read_text().split() if log.exists() else []

    def does(self, what: str, number: int = 0, value: str = "") -> None:
        """Have a host behave so: 'fails-start', 'late-start' (does it, and says it failed), 'slow-start' (value: seconds), 'lies'."""
        (self.state_of(number) / what).write_text(value)

    def plan(self, *hosts: str, wanted: Mapping[str, Any] = WANTED, parts: tuple[Part, ...] = ()) -> Plan:
        """The plan that the playbook makes for hosts whose service has failed."""
        book = playbook_catalogue()[BOOK]
        asked = book.read(wanted)
        made = tuple(book.part_of(host, book.state(load="loaded", runs=False), asked) for host in hosts)
        return Plan(
            playbook=BOOK,
            customer=self.desk.contract.customer,
            contract=digest(self.desk.text),
            revision=self.desk.contract.revision,
            wanted=dict(wanted),
            tags=("linux.service-failed",),
            asked=book.asked,
            parts=parts or made,
        )

    def order(self, made: Plan, *, undo: bool = False, seconds: float = 600.0, **other: Any) -> Order:  # noqa: ANN401 - any claim.
        """The order to carry a plan out. other: claims of the grant, and `approvals`."""
        jobs = tuple(Job(id=host, host=host, collector=made.playbook) for host in made.hosts)
        approvals = other.pop("approvals", ())
        claims = {
            "id": secrets.token_hex(8),
            "plan": made.digest,
            "requested_by": "Anna Weber",
            "undo": undo,
            "expires": int(time.time()) + 900,
        }
        order = self.desk.order(*jobs, seconds=seconds, **{**claims, **other})
        return Order(
            token=order.token,
            contract=order.contract,
            signatures=order.signatures,
            jobs=jobs,
            seconds=seconds,
            plan=made.text,
            approvals=approvals,
        )

    def agent(self, nursery: Nursery, **more: Any) -> Agent:  # noqa: ANN401 - as the agent takes it.
        agent = self.desk.agent(nursery)
        agent._way_back = more.get("way_back", agent._way_back)
        return agent

    async def applied(self, nursery: Nursery, order: Order) -> dict[str, Outcome]:
        return (await performed(self.agent(nursery), order)).outcomes

    async def planned(self, nursery: Nursery, host: str) -> Part | Outcome:
        """What the agent itself plans there."""
        job = Job(id="p", host=host, collector=BOOK, wanted=WANTED)
        heard: Heard = await performed(self.desk.agent(nursery), self.desk.order(job))
        outcome = heard.outcomes["p"]
        return PART.validate_python(outcome.part) if isinstance(outcome, Planned) else outcome
