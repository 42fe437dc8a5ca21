"""A whole installation of many sites, of real programs: nats-server, the controller's end, and agents in homes of their own.

Everything is on loopback, at ports that were free, and nobody shares a folder: an agent has the hosts' credentials, the
controller has none.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import yaml

from controller.settings import controller_pin
from inventory.read import read
from tests.fleet import Fleet
from tests.home import run_command
from tests.law import PINS, ceiling_for, sign_file

__all__ = ["Elsewhere", "Installation", "await_that", "free_port"]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def await_that(true: Any, seconds: float = 30, said: Any = lambda: "") -> None:  # noqa: ANN401 - any condition.
    """Wait until it is so. Raises AssertionError after its time."""
    until = time.monotonic() + seconds
    while not true():
        if time.monotonic() > until:
            raise AssertionError(f"it was not so within {seconds} s: {said()}")
        time.sleep(0.05)


@dataclass
class Elsewhere:
    """One agent at a site: a home, and a process of its own."""

    home: Path
    name: str
    seat: str = ""
    process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> str:
        return (self.home / "log").read_text("utf-8", "replace")

    def command(self, *words: str, given: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(Path(sys.executable).parent / "secondline-agent"), *words],
            env={"PATH": os.environ["PATH"], "SECONDLINE_HOME": str(self.home)},
            input=given,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def start(self) -> None:
        with (self.home / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [str(Path(sys.executable).parent / "secondline-agent"), "run"],
                env={"PATH": os.environ["PATH"], "SECONDLINE_HOME": str(self.home)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def await_line(self) -> None:
        await_that(lambda: self.command("status").returncode == 0, said=lambda: self.log[-2000:])

    def kill(self) -> None:
        """End it as a power cut does."""
        if self.process is not None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(10)
            self.process = None

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.kill()
            self.process = None


@dataclass
class Installation:
    """A controller with its broker. Use it as a context; what was started is ended."""

    folder: Path
    agents: list[Elsewhere] = field(default_factory=list)
    broker: int = field(default_factory=free_port)
    web: int = field(default_factory=free_port)
    _server: subprocess.Popen[bytes] | None = None
    _end: subprocess.Popen[bytes] | None = None

    @property
    def home(self) -> Path:
        return self.folder / "controller"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.web}"

    @property
    def said(self) -> str:
        return "\n".join(
            f"--- {file.name}\n{file.read_text('utf-8', 'replace')[-3000:]}"
            for file in self.folder.glob("*.log")
        )

    def __enter__(self) -> Self:
        self.home.mkdir(mode=0o700, parents=True)
        (self.home / "settings.toml").write_text(
            f'[sites]\nurl = "{self.url}"\nnats = ["nats://127.0.0.1:{self.broker}"]\n'
            f'listen = "127.0.0.1:{self.web}"\nbroker = "127.0.0.1:{self.broker}"\n'
        )
        made = self.secondline("nats", "config", "--for-tests")
        assert made.returncode == 0, made.stderr
        try:
            self.start_broker()
            self.start_end()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for agent in self.agents:
            agent.stop()
        self.stop_end()
        self.stop_broker()

    def secondline(self, *words: str, seconds: float = 120) -> subprocess.CompletedProcess[str]:
        return run_command(self.home, *words, seconds=seconds)

    def well(self, *words: str) -> str:
        done = self.secondline(*words)
        assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}\n{self.said}"
        return done.stdout

    def start_broker(self) -> None:
        self._server = self._started(
            "broker", shutil.which("nats-server") or "nats-server", "-c", self.home / "nats" / "server.conf"
        )
        _await_port(self.broker)

    def stop_broker(self) -> None:
        _ended(self._server)
        self._server = None

    def start_end(self) -> None:
        self._end = self._started("end", Path(sys.executable).parent / "secondline", "nats", "serve")
        _await_port(self.web)

    def stop_end(self) -> None:
        _ended(self._end)
        self._end = None

    def _started(self, name: str, *words: object) -> subprocess.Popen[bytes]:
        with (self.folder / f"{name}.log").open("ab") as log:
            return subprocess.Popen(
                [str(word) for word in words],
                env={**os.environ, "SECONDLINE_HOME": str(self.home)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def agent(
        self, contract: Mapping[str, Any], fleet: Fleet | None, *, more: str = "", admitted: bool = True
    ) -> Elsewhere:
        """Invite, enrol and admit an agent of the contract's first site. more: sets homes of one name apart."""
        site = contract["sites"][0]
        one = Elsewhere(self.folder / f"{contract['customer']}-{site['agent']}{more}", site["agent"])
        credentials = one.home / "credentials"
        credentials.mkdir(mode=0o700, parents=True)
        one.home.chmod(0o700)
        if fleet is not None:
            shutil.copy(fleet.private_key, credentials / "fleet.key")
            (credentials / "fleet.key").chmod(0o600)
        code = self.well(
            "agent", "invite", site["id"], "--customer", contract["customer"], "--agent", site["agent"]
        ).split()[1]
        self.enrol(one, contract, code)
        if admitted:
            self.well("agent", "admit", one.seat)
            one.start()
        self.agents.append(one)
        return one

    def enrol(self, one: Elsewhere, contract: Mapping[str, Any], code: str) -> None:
        duty, ceiling, secret = one.home / "duty.pub", one.home / "bound.toml", one.home / "code"
        duty.write_text("".join(f"{pin}\n" for pin in PINS.duty))
        ceiling.write_bytes(ceiling_for(read(yaml.safe_dump(dict(contract), allow_unicode=True))))
        secret.write_text(code)
        done = one.command(
            *("enrol", "--controller", self.url, "--code-file", str(secret)),
            *("--duty", str(duty), "--ceiling", str(ceiling)),
        )
        if done.returncode:
            raise RuntimeError(done.stderr)
        one.seat = done.stdout.split()[0]

    def add(self, contract: Mapping[str, Any], subject: str = "Webshop langsam") -> str:
        """Add the contract, and open a ticket; gives its number."""
        paper = self.folder / f"{contract['customer']}.yaml"
        paper.write_text(yaml.safe_dump(dict(contract), allow_unicode=True), encoding="utf-8")
        sign_file(paper)
        self.well("contract", "add", str(paper))
        self.well("ticket", "new", "--customer", str(contract["customer"]), "--subject", subject)
        import json  # noqa: PLC0415 - here alone.

        return str(json.loads(self.well("ticket", "list", "--json"))[0]["id"])

    @property
    def pin(self) -> str:
        return str(controller_pin(self.home))


def _ended(process: subprocess.Popen[bytes] | None) -> None:
    if process is not None:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)


def _await_port(port: int) -> None:
    def is_there() -> bool:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            return False
        return True

    await_that(is_there, 30)
