"""How does a customer let us ask our questions and nothing else? A constrained endpoint of PowerShell (JEA) that offers them.

In such an endpoint no script runs; it offers functions, one for each script of ours, named after its file, that take
their data as one JSON text. Two files register it: the role's capability (.psrc), which holds the scripts, and the
session's configuration (.pssc). Pure: text from text.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable
from importlib import resources
from pathlib import PurePosixPath

from collectors.powershell import Script

__all__ = ["ROLE", "capability", "configuration", "function_of", "scripts"]

ROLE = "Secondline"
_SPACE = uuid.UUID("5b0c1c5e-7a0e-5d0f-9a55-6f1c0a3f3b52")
_PARTS = re.compile(r"[A-Za-z0-9]+")
# What the bootstrap does for a script that is sent: in a function the script stands already, and its data is a parameter.
_SCRIPT = "([ScriptBlock]::Create($asked.script)) $asked.data"
_INSTEAD = (
    ("    $told = [Text.Encoding]::UTF8.GetString([Convert]::FromBase64String((@($input) -join '')))\n", ""),
    ("ConvertFrom-Json $told", "ConvertFrom-Json $Data"),
    ("[Console]::Out.WriteLine('secondline=' + $ascii)", "'secondline=' + $ascii"),
    ("$json = ConvertTo-Json", "$said['script'] = '{digest}'\n$json = ConvertTo-Json"),
    (_SCRIPT, "{{\n{text}\n}} $asked"),
)


def scripts() -> tuple[Script, ...]:
    """All that collectors send to Windows, by name."""
    top = resources.files("collectors")
    areas = sorted(area.name for area in top.iterdir() if area.is_dir())
    return tuple(
        Script.lying_in(f"collectors.{area}", file.name)
        for area in areas
        for file in sorted(top.joinpath(area).iterdir(), key=lambda one: one.name)
        if file.name.endswith(".ps1")
    )


def function_of(script: str) -> str:
    """The function of a script: 'ad/time_source.ps1' is Get-SecondlineTimeSource."""
    words = _PARTS.findall(PurePosixPath(script).stem)
    return f"Get-{ROLE}{''.join(word[:1].upper() + word[1:] for word in words)}"


def capability(offered: Iterable[Script]) -> str:
    """The text of Secondline.psrc. Raises ValueError when two scripts would be one function."""
    offered = tuple(offered)
    names = [function_of(script.name) for script in offered]
    if len(set(names)) != len(names):
        raise ValueError(f"two scripts have one function: {', '.join(sorted(names))}")
    functions = ",\n".join(_definition(script) for script in offered)
    text = f"FunctionDefinitions = @(\n{functions}\n)\nVisibleFunctions = {', '.join(map(_quoted, names))}\n"
    return f"@{{\nGUID = '{uuid.uuid5(_SPACE, text)}'\nAuthor = 'Secondline'\n{text}}}\n"


def configuration(account: str) -> str:
    """The text of Secondline.pssc: whoever logs in as this account or group is offered the questions and nothing else.

    They run as the account itself, which so needs the rights to read what they read, and has no others.
    """
    text = (
        "SchemaVersion = '2.0.0.0'\nSessionType = 'RestrictedRemoteServer'\nLanguageMode = 'NoLanguage'\n"
        f"RoleDefinitions = @{{ {_quoted(account)} = @{{ RoleCapabilities = '{ROLE}' }} }}\n"
    )
    return f"@{{\nGUID = '{uuid.uuid5(_SPACE, text)}'\nAuthor = 'Secondline'\n{text}}}\n"


def _definition(script: Script) -> str:
    return f"@{{\nName = '{function_of(script.name)}'\nScriptBlock = {{\n{_body(script)}}}\n}}"


def _body(script: Script) -> str:
    """What the function does: what the bootstrap does, with the script in it, and it says which one."""
    lines = (
        resources.files("agent.sessions")
        .joinpath("bootstrap.ps1")
        .read_text("ascii")
        .splitlines(keepends=True)
    )
    text = "".join(line for line in lines if not line.startswith("#"))
    # The script last: nothing is looked for in it.
    for before, after in _INSTEAD:
        if before not in text:
            raise ValueError(f"the bootstrap has changed: {before!r}")
        text = text.replace(before, after.format(digest=script.digest, text=script.text.strip("\n")))
    return "param([Parameter(Mandatory = $true)][string]$Data)\n" + text


def _quoted(text: str) -> str:
    """A text that PowerShell takes as it stands."""
    return "'" + text.replace("'", "''") + "'"
