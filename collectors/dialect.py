r"""How does a network device of this platform speak? Prompts, pages, errors and log lines, one row a platform.

Everything that differs from vendor to vendor stands in this table; what is done with it is `collectors.showing`
(which commands only show) and `agent.sessions.cli` (the conversation). Where the texts come from:

- cisco-ios: Cisco IOS Configuration Fundamentals, "Using the Command-Line Interface" (error messages of the CLI).
- cisco-nxos: Cisco Nexus 9000 Fundamentals Configuration Guide, "Understanding the Command-Line Interface".
- arista-eos: Arista EOS User Manual, "Command-Line Interface"; "AAA Commands" (authorization).
- juniper-junos: Junos OS CLI User Guide, "CLI Operational Mode"; "---(more)---" under "Filter Command Output".
- hp-comware: HPE Comware 7 Fundamentals, "Using the CLI", table "Common command-line error messages".
- huawei-vrp: Huawei Basic Configuration, "CLI Overview", table "Common error messages on the command line".
- aruba-aoss: ArubaOS-Switch Basic Operation Guide, "Using the Menu Interface and CLI".
- aruba-cx: AOS-CX Command-Line Interface Guide, "CLI errors".
- mikrotik-routeros: RouterOS manual, "Command Line Interface" and "Console login process".
- frr: FRRouting, "VTY shell" and the sources of vtysh (vtysh.c, "% Unknown command").
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from collectors.silence import Kind
from inventory.platforms import ENABLES

__all__ = ["DIALECTS", "Dialect", "dialect_of"]

_NOT_THERE, _REFUSED, _UNPARSABLE = Kind.NOT_THERE, Kind.REFUSED, Kind.UNPARSABLE


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """One platform's command line.

    driver: netmiko's name for it. shows: the first words of commands that show. prompt: what a prompt looks like,
    as a whole line; it counts only when the device gives the same again. errors: how an answer begins that is none,
    and what it means. syslog: how a line begins that is surely a log message. leave: the command that ends the session.
    suffix: what stands behind the account's name at the log-in, for a plain terminal.
    """

    platform: str
    driver: str
    shows: tuple[str, ...]
    prompt: re.Pattern[str]
    errors: tuple[tuple[re.Pattern[str], Kind], ...]
    syslog: re.Pattern[str] | None = None
    leave: str = "exit"
    suffix: str = ""

    @property
    def can_enable(self) -> bool:
        """Whether a second password may be needed before it shows everything."""
        return self.platform in ENABLES


def _errors(*rows: tuple[str, Kind]) -> tuple[tuple[re.Pattern[str], Kind], ...]:
    return tuple((re.compile(text, re.IGNORECASE), kind) for text, kind in rows)


# A name without blanks, perhaps what it is in, and the sign of the mode. A configuration mode is never expected.
_CISCO_PROMPT = re.compile(r"[A-Za-z0-9][^\s#>]{0,80}[#>]")
_ANGLED_PROMPT = re.compile(r"(?:HRP_[AMS]|RBM_[PS])?<[^<>\s]{1,80}>")

_CISCO_ERRORS = _errors(
    (r"% ?Invalid (?:input|command|parameter|number|interface)", _NOT_THERE),
    (r"% ?(?:Unknown|Unrecognized) command", _NOT_THERE),
    (r"% ?Incomplete command|% ?Command incomplete", _NOT_THERE),
    (r"% ?Ambiguous command|% ?There is no matched command", _NOT_THERE),
    (r"% ?(?:Command )?authorization failed|Command authorization failed", _REFUSED),
    (r"% ?Authorization denied|% ?Permission denied|% ?Not authorized|% ?Access denied", _REFUSED),
    (r"% ?Unavailable command|% ?This command is not (?:authorized|allowed)", _REFUSED),
)
_NXOS_ERRORS = _errors(
    (r"Syntax error while parsing", _NOT_THERE),
    (r"Cmd exec error|ERROR: (?:Cmd|Command) exec", _UNPARSABLE),
)
# vtysh says this of a daemon that its command belongs to.
_FRR_ERRORS = _errors((r"[a-z0-9]+ is not running$", _NOT_THERE))
_JUNOS_ERRORS = _errors(
    (r"unknown command\.?$|syntax error", _NOT_THERE),
    (r"invalid (?:value|command|input|interface)|missing argument", _NOT_THERE),
    (r"error: (?:permission denied|no permission)|permission denied", _REFUSED),
    (r"error: command is not valid|error: the .+ (?:subsystem|process|daemon) is not running", _NOT_THERE),
    (r"error: ", _UNPARSABLE),
)
_COMWARE_ERRORS = _errors(
    (
        r"% ?(?:Unrecognized|Incomplete|Ambiguous|Wrong|Invalid) (?:command|parameter|input)?.*found at '\^'",
        _NOT_THERE,
    ),
    (
        r"% ?(?:Unrecognized|Incomplete|Ambiguous) command|% ?Wrong parameter|% ?Too many parameters",
        _NOT_THERE,
    ),
    (r"% ?Permission denied|Permission denied\.?$", _REFUSED),
)
_VRP_ERRORS = _errors(
    (r"Error: ?(?:Unrecognized|Incomplete|Ambiguous) command", _NOT_THERE),
    (r"Error: ?(?:Wrong parameter|Too many parameters|Invalid)", _NOT_THERE),
    (
        r"Error: ?(?:No permission|You do not have permission|Permission denied|Failed to pass the authorization)",
        _REFUSED,
    ),
    (r"Error: ", _UNPARSABLE),
)
_AOSS_ERRORS = _errors(
    (r"(?:Invalid|Incomplete|Ambiguous) input:?", _NOT_THERE),
    (r"Not authorized|Permission denied|Command not allowed|Access denied", _REFUSED),
)
_CX_ERRORS = _errors(
    (
        r"Invalid input:?|% ?(?:Command incomplete|Unknown command|Ambiguous command|Incomplete command)",
        _NOT_THERE,
    ),
    (r"Cannot execute command\. Command not allowed|Command not allowed|Permission denied", _REFUSED),
)
_ROUTEROS_ERRORS = _errors(
    (
        r"bad command name|syntax error|expected (?:end of command|command name)|no such (?:command|item)",
        _NOT_THERE,
    ),
    (
        r"input does not match any value|ambiguous (?:command|value)|bad parameter|bad argument name",
        _NOT_THERE,
    ),
    (r"not enough permissions|action not permitted|not permitted", _REFUSED),
    (r"failure: |action (?:failed|timed out)|interrupted$", _UNPARSABLE),
)

_MNEMONIC = r"%[A-Z][A-Z0-9_]*(?:-[A-Z0-9_]+)*-[0-7]-[A-Z0-9_]+: "
_DATE = r"[A-Z][a-z]{2} {1,2}\d{1,2}"
_CISCO_LOG = re.compile(
    rf"(?:\d+: )?(?:[*.]?{_DATE}(?: \d{{4}})? \d\d:\d\d:\d\d(?:\.\d+)?(?: [A-Z]{{2,5}})?: )?{_MNEMONIC}"
)
_NXOS_LOG = re.compile(rf"\d{{4}} {_DATE} \d\d:\d\d:\d\d(?:\.\d+)?(?: [A-Z]{{2,5}})? \S+ %?\S*{_MNEMONIC}")
_EOS_LOG = re.compile(rf"{_DATE} \d\d:\d\d:\d\d \S+ [A-Za-z][\w-]*(?:\[\d+\])?: {_MNEMONIC}")
_COMWARE_LOG = re.compile(rf"[%#]{_DATE} \d\d:\d\d:\d\d:\d{{3}} \d{{4}} \S+ [A-Z0-9_]+/[0-7]/[A-Z0-9_]+: ")
_VRP_LOG = re.compile(
    rf"[#%]?{_DATE} \d{{4}} \d\d:\d\d:\d\d(?:\.\d+)?(?:[+-]\d\d:\d\d)?(?: DST)? \S+ %%01[A-Z0-9_-]+/[0-7]/"
)
_ROUTEROS_LOG = re.compile(r"(?:[a-z]{3}/\d\d(?:/\d{4})?[ ])?\d\d:\d\d:\d\d echo: [a-z0-9,!-]+ ")

_ROWS = (
    Dialect(
        platform="cisco-ios",
        driver="cisco_ios",
        shows=("show",),
        prompt=_CISCO_PROMPT,
        errors=_CISCO_ERRORS,
        syslog=_CISCO_LOG,
    ),
    Dialect(
        platform="cisco-nxos",
        driver="cisco_nxos",
        shows=("show",),
        prompt=_CISCO_PROMPT,
        errors=(*_CISCO_ERRORS, *_NXOS_ERRORS),
        syslog=_NXOS_LOG,
    ),
    Dialect(
        platform="arista-eos",
        driver="arista_eos",
        shows=("show",),
        prompt=_CISCO_PROMPT,
        errors=_CISCO_ERRORS,
        syslog=_EOS_LOG,
    ),
    Dialect(
        platform="juniper-junos",
        driver="juniper_junos",
        shows=("show",),
        prompt=re.compile(r"[^\s@#>%]{1,64}@[^\s@#>%]{1,80}>"),
        errors=_JUNOS_ERRORS,
    ),
    Dialect(
        platform="hp-comware",
        driver="hp_comware",
        shows=("display",),
        prompt=_ANGLED_PROMPT,
        errors=_COMWARE_ERRORS,
        syslog=_COMWARE_LOG,
        leave="quit",
    ),
    Dialect(
        platform="huawei-vrp",
        driver="huawei",
        shows=("display",),
        prompt=_ANGLED_PROMPT,
        errors=_VRP_ERRORS,
        syslog=_VRP_LOG,
        leave="quit",
    ),
    Dialect(
        platform="aruba-aoss",
        driver="aruba_procurve",
        shows=("show",),
        # The factory's name of a switch has blanks in it.
        prompt=re.compile(r"[A-Za-z0-9][^#>\r\n]{0,80}[#>]"),
        errors=_AOSS_ERRORS,
        leave="logout",
    ),
    Dialect(
        platform="aruba-cx",
        driver="aruba_aoscx",
        shows=("show",),
        prompt=_CISCO_PROMPT,
        errors=_CX_ERRORS,
    ),
    Dialect(
        platform="mikrotik-routeros",
        driver="mikrotik_routeros",
        shows=("print", "monitor"),
        prompt=re.compile(r"\[[^\]@\s]{1,64}@[^\]]{1,80}\] (?:/[^>]{0,80})?>"),
        errors=_ROUTEROS_ERRORS,
        syslog=_ROUTEROS_LOG,
        leave="/quit",
        # No colours, no guessing of the terminal, 511 columns, 4098 rows.
        suffix="+ct511w4098h",
    ),
    Dialect(
        platform="frr",
        driver="cisco_ios",
        shows=("show",),
        prompt=_CISCO_PROMPT,
        errors=(*_CISCO_ERRORS, *_FRR_ERRORS),
    ),
)
DIALECTS = {row.platform: row for row in _ROWS}


def dialect_of(platform: str) -> Dialect | None:
    """The command line of a platform; None for one that is no network device, or not known yet.

    >>> dialect_of("cisco-ios").driver, dialect_of("linux")
    ('cisco_ios', None)
    """
    return DIALECTS.get(platform)
