"""What does netmiko know about a platform, and what of it is not wanted? Its drivers, on a line that is open already."""

from __future__ import annotations

import re
from typing import Any

from netmiko.arista.arista import AristaSSH
from netmiko.base_connection import BaseConnection
from netmiko.cisco.cisco_ios import CiscoIosSSH
from netmiko.hp.hp_procurve import HPProcurveSSH
from netmiko.ssh_dispatcher import CLASS_MAPPER

from agent.sessions.cli_line import Line
from collectors.dialect import Dialect

__all__ = ["driver_for"]


class _Once(BaseConnection):
    """A second password is tried once: a device that asks again has not taken it."""

    def enable_secret_handler(self, pattern: str, output: str, re_flags: int = re.IGNORECASE) -> str:
        if not re.search(pattern, output, flags=re_flags):
            return ""
        self.write_channel(self.normalize_cmd(self.secret))
        said = self.read_until_prompt_or_pattern(pattern=pattern, re_flags=re_flags)
        if re.search(pattern, said, flags=re_flags):
            raise ValueError("the device asks for the second password again")
        return said


class _Ios(_Once, CiscoIosSSH):
    pass


class _Eos(_Once, AristaSSH):
    pass


class _Aoss(HPProcurveSSH):
    """Its own driver takes every privilege that it gets, and waits for a greeting that was read already."""

    def session_preparation(self) -> None:
        self.ansi_escape_codes = True
        self.set_base_prompt()
        self.enable()
        self.set_terminal_width(command="terminal width 511", pattern="terminal")
        self.disable_paging(command="no page")

    def enable(self, *args: Any, **kwargs: Any) -> str:  # noqa: ANN401 - the library's own words.
        return super().enable(*args, **kwargs) if self.secret else ""


_OURS: dict[str, type[BaseConnection]] = {"cisco_ios": _Ios, "arista_eos": _Eos, "aruba_procurve": _Aoss}


def driver_for(dialect: Dialect, line: Line, secret: str) -> BaseConnection:
    """A driver that connects to nothing, reads no file and speaks over our line. secret: for 'enable', or ''."""
    kind = _OURS.get(dialect.driver) or CLASS_MAPPER[dialect.driver]
    driver: BaseConnection = kind(
        host=dialect.platform,
        device_type=dialect.driver,
        secret=secret,
        auto_connect=False,
        ssh_strict=True,
        use_keys=False,
        allow_agent=False,
    )
    driver.channel = line
    driver.remote_conn_pre = None
    return driver
