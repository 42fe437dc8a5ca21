"""What does this Ansible inventory file say? Asks `ansible-inventory --list`, so that it executes nothing.

Only the plug-ins that read INI, YAML and TOML are switched on: no script, no cloud, no plug-in of a collection.
Neither a configuration nor a variable of the environment comes along, no password is asked for, and templates
are printed as they stand. The process has bounds of time, memory and output, as a short file may name very many
hosts.
"""

from __future__ import annotations

import contextlib
import os
import resource
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from typing import BinaryIO

from inventory.source import LARGEST
from inventory.sources.seen import SourceError

__all__ = ["COMMAND", "inventory_listed"]

COMMAND = "ansible-inventory"
_MEMORY = 2 * 1024**3
_SECONDS = 120
_OUTPUT = LARGEST + 1


def inventory_listed(file: Path, *, program: str | None = None, seconds: float = _SECONDS) -> bytes:
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
        return _run((found, "-i", str(path), "--list"), home, seconds)


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


def _run(words: tuple[str, ...], home: str, seconds: float) -> bytes:
    """Run it to its end. Into files, which have a bound: nobody waits for a pipe that nobody reads."""
    with Path(home, "listed").open("w+b") as listed, Path(home, "said").open("w+b") as said:
        with subprocess.Popen(
            words,
            cwd=home,
            env=_environment(home),
            stdin=subprocess.DEVNULL,
            stdout=listed,
            stderr=said,
            # A session of its own has no terminal at which a password could be asked for.
            start_new_session=True,
        ) as process:
            try:
                _bound(process.pid)
                status = process.wait(seconds)
            except subprocess.TimeoutExpired:
                raise SourceError(f"{COMMAND} did not end within {seconds:g} seconds") from None
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
        listed.seek(0)
        text = listed.read(_OUTPUT)
        if len(text) > LARGEST:
            raise SourceError(f"{COMMAND} prints more than {LARGEST // 1_000_000} MB: divide the inventory")
        if status:
            raise SourceError(f"{COMMAND} cannot read it: {_last_words(said)}")
        return text


def _bound(process: int) -> None:
    bounds = {
        resource.RLIMIT_AS: _MEMORY,
        resource.RLIMIT_CPU: _SECONDS,
        resource.RLIMIT_FSIZE: _OUTPUT,
        resource.RLIMIT_CORE: 0,
    }
    with contextlib.suppress(ProcessLookupError):
        for what, most in bounds.items():
            resource.prlimit(process, what, (most, most))


def _last_words(said: BinaryIO) -> str:
    """Ansible's own reason, short and on one line."""
    said.seek(-min(said.seek(0, os.SEEK_END), 4096), os.SEEK_END)
    text = " ".join(said.read().decode("utf-8", "replace").split())
    return text[-600:] or "it gives no reason"
