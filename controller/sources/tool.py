"""What does this Ansible inventory file say? Asks `ansible-inventory --list`, so that it executes nothing.

Only the plug-ins that read INI, YAML and TOML are switched on: no script, no cloud, no plug-in of a collection.
Neither a configuration nor a variable of the environment comes along, no password is asked for, and templates
are printed as they stand. The process has bounds of time, memory and output, as a short file may name very many
hosts.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import shutil
import signal
import tempfile
from pathlib import Path

from inventory.source import LARGEST
from inventory.sources.seen import SourceError

__all__ = ["COMMAND", "inventory_listed"]

COMMAND = "ansible-inventory"
_MEMORY = 2 * 1024**3
_SECONDS = 120
_MAX_SAID = 64 * 1024


async def inventory_listed(file: Path, *, program: str | None = None, seconds: float = _SECONDS) -> bytes:
    """The JSON that Ansible makes of an inventory file. Raises SourceError, OSError.

    program: where ansible-inventory is, when it is not where programs are looked for.
    """
    found = program or shutil.which(COMMAND)
    if found is None:
        raise SourceError(
            f"{COMMAND} is not installed, and only Ansible reads its own files: install ansible-core, or run "
            f"'{COMMAND} -i {file} --list' where it is and give its output as the source"
        )
    path = _whole_path(file)
    with tempfile.TemporaryDirectory(prefix="secondline-") as home:
        return await _run((found, "-i", str(path), "--list"), home, seconds)


def _whole_path(file: Path) -> Path:
    path = file.resolve()
    if not path.is_file():
        raise SourceError(f"{file} is not a file: name one inventory file")
    if "," in str(path):
        raise SourceError(
            f"{file} has a comma in its path, which Ansible takes for a list of hosts: rename it"
        )
    return path


def _environment(home: str) -> dict[str, str]:
    """All that the process sees. What Ansible would read from a home folder is read from an empty one."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": home,
        "TMPDIR": home,
        "LC_ALL": "C.UTF-8",
        "ANSIBLE_CONFIG": _settings(home),
        "ANSIBLE_HOME": home,
        "ANSIBLE_LOCAL_TEMP": home,
        "ANSIBLE_COLLECTIONS_PATH": home,
        "ANSIBLE_COLLECTIONS_PATHS": home,
        "ANSIBLE_INVENTORY_PLUGINS": home,
        "ANSIBLE_VARS_PLUGINS": home,
        "ANSIBLE_INVENTORY_ENABLED": "ini,yaml,toml",
        "ANSIBLE_VARS_ENABLED": "host_group_vars",
        "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "true",
        "ANSIBLE_INVENTORY_CACHE": "false",
        "ANSIBLE_INVENTORY_EXPORT": "false",
        "ANSIBLE_ASK_VAULT_PASS": "false",
        "ANSIBLE_NOCOLOR": "true",
        "ANSIBLE_DEPRECATION_WARNINGS": "false",
    }


def _settings(home: str) -> str:
    """An empty configuration: where there is none, Ansible looks for one elsewhere."""
    file = Path(home, "ansible.cfg")
    file.touch()
    return str(file)


async def _run(words: tuple[str, ...], home: str, seconds: float) -> bytes:
    process = await asyncio.create_subprocess_exec(
        *words,
        cwd=home,
        env=_environment(home),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        # A session of its own has no terminal at which a password could be asked for.
        start_new_session=True,
    )
    try:
        with contextlib.suppress(ProcessLookupError):
            resource.prlimit(process.pid, resource.RLIMIT_AS, (_MEMORY, _MEMORY))
            resource.prlimit(process.pid, resource.RLIMIT_CPU, (_SECONDS, _SECONDS))
        async with asyncio.timeout(seconds):
            listed, said = await asyncio.gather(
                _taken(process.stdout, LARGEST), _taken(process.stderr, _MAX_SAID)
            )
            if len(listed) <= LARGEST:
                status = await process.wait()
    except TimeoutError:
        raise SourceError(f"{COMMAND} did not end within {seconds:g} seconds") from None
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
    if len(listed) > LARGEST:
        raise SourceError(f"{COMMAND} prints more than {LARGEST // 1_000_000} MB: divide the inventory")
    if status:
        raise SourceError(f"{COMMAND} cannot read it: {_last_words(said)}")
    return listed


async def _taken(stream: asyncio.StreamReader | None, most: int) -> bytes:
    """What comes, up to a byte more than may come; of what is said beyond that nothing is kept."""
    taken = bytearray()
    while stream is not None and (chunk := await stream.read(65536)):
        taken += chunk[: most + 1 - len(taken)]
        if most == LARGEST and len(taken) > most:
            break
    return bytes(taken)


def _last_words(said: bytes) -> str:
    """Ansible's own reason, short and on one line."""
    text = " ".join(said.decode("utf-8", "replace").split())
    return text[-600:] or "it gives no reason"
