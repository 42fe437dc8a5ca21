"""Is Ansible asked so that nothing is executed? Programs in its place show what it would get; then the real one.

The real `ansible-inventory` is part of what `./run test` sets up, so that these tests stand in its slow part.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from controller.sources.tool import COMMAND, inventory_listed
from inventory.sources.ansible import from_ansible
from inventory.sources.seen import Found, SourceError

pytestmark = pytest.mark.slow

Program = Callable[[str], str]


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """Make a program that stands where ansible-inventory would."""

    def make(text: str) -> str:
        path = tmp_path / "program"
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)
        return str(path)

    return make


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "hosts.ini"
    path.write_text("web1\n")
    return path


def run(file: Path, program: str | None = None, seconds: float = 60) -> bytes:
    return inventory_listed(file, program=program, seconds=seconds)


def test_the_program_gets_the_file_and_an_environment_of_its_own(program: Program, file: Path) -> None:
    said = run(file, program('echo "$@"; pwd; env; test -t 0 || echo no terminal; cat')).decode()
    first, folder, *rest = said.splitlines()
    assert first == f"-i {file} --list"
    variables = dict(line.split("=", 1) for line in rest if "=" in line)
    assert variables["ANSIBLE_INVENTORY_ENABLED"] == "ini,yaml,toml"
    assert set(os.environ) & set(variables) <= {
        "PATH",
        "HOME",
        "TMPDIR",
        "LC_ALL",
        "PWD",
        "OLDPWD",
        "SHLVL",
        "_",
    }
    assert variables["HOME"] == folder == variables["ANSIBLE_COLLECTIONS_PATH"]
    assert not Path(folder).exists(), "the folder is gone with the process"
    assert rest[-1] == "no terminal"


def test_what_ansible_says_is_in_the_error(program: Program, file: Path) -> None:
    with pytest.raises(SourceError, match="cannot read it: ERROR! broken"):
        run(file, program("echo 'ERROR! broken' >&2; exit 4"))


def test_a_program_that_prints_without_end_is_ended(program: Program, file: Path) -> None:
    with pytest.raises(SourceError, match="prints more than"):
        run(file, program("exec cat /dev/zero"))
    with pytest.raises(SourceError, match="cannot read it"):
        run(file, program("head -c 3000000 /dev/zero >&2; exit 1"))


def test_a_program_that_does_not_end_is_ended_with_its_children(program: Program, file: Path) -> None:
    pid = file.with_name("pid")
    with pytest.raises(SourceError, match="did not end within"):
        run(file, program(f"sleep 600 & echo $! > {pid}; wait"), seconds=1)
    until = time.monotonic() + 10
    while alive(int(pid.read_text())) and time.monotonic() < until:
        time.sleep(0.01)
    assert not alive(int(pid.read_text()))


def alive(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False


def test_memory_has_a_bound(program: Program, file: Path) -> None:
    # The bounds are set from outside, when the process runs already.
    said = run(file, program("while test $(ulimit -v) = unlimited; do :; done; ulimit -v; ulimit -t")).split()
    assert (int(said[0]), int(said[1])) == (2 * 1024**2, 120)


def test_a_folder_and_a_path_with_a_comma_are_refused(program: Program, tmp_path: Path) -> None:
    comma = tmp_path / "a,b"
    comma.write_text("")
    for path, why in ((tmp_path, "is not a file"), (comma, "comma"), (tmp_path / "none", "is not a file")):
        with pytest.raises(SourceError, match=why):
            run(path, program("exit 0"))


# --- The real one.

INI = """\
[web_server]
web1 ansible_host=10.20.1.11
web2.musterbau.example ansible_host=10.20.1.12 ansible_port=2222 ansible_user=ops
[db]
db[1:3].musterbau.example
[prod:children]
web_server
db
[prod:vars]
ansible_ssh_common_args='-o ProxyJump=evil.example'
"""
YAML = """\
all:
  children:
    web_server:
      hosts:
        web1: {ansible_host: 10.20.1.11}
        web2.musterbau.example: {ansible_host: "10.20.1.12", ansible_port: 2222, ansible_user: ops}
    prod:
      children: {web_server: {}, db: {}}
      vars: {ansible_ssh_common_args: -o ProxyJump=evil.example}
    db:
      hosts: {"db[1:3].musterbau.example": {}}
"""


def listed(folder: Path, name: str, text: str) -> Found:
    path = folder / name
    path.write_text(text)
    return from_ansible(run(path))


@pytest.mark.slow
@pytest.mark.parametrize(("name", "text"), [("hosts.ini", INI), ("hosts", INI), ("hosts.yml", YAML)])
def test_the_real_ansible_reads_ini_and_yaml(name: str, text: str, tmp_path: Path) -> None:
    variables = tmp_path / "host_vars" / "db2.musterbau.example"
    variables.mkdir(parents=True)
    (variables / "main.yml").write_text(
        "ansible_host: 10.20.1.22\nsecret: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  00\n"
    )
    found = listed(tmp_path, name, text)
    assert {host.name: [str(a) for a in host.addresses] for host in found.hosts} == {
        "web1": ["10.20.1.11"],
        "web2.musterbau.example": ["10.20.1.12"],
        "db2.musterbau.example": ["10.20.1.22"],
    }
    by_name = {host.name: host for host in found.hosts}
    assert by_name["web2.musterbau.example"].groups == ("prod", "web_server")
    assert (by_name["web2.musterbau.example"].port, by_name["web2.musterbau.example"].user) == (2222, "ops")
    assert {entry.place[:3] for entry in found.untaken} == {"db1", "db3"}
    assert found.notes == ("ignored: ansible_ssh_common_args (hosts: 5)",)


@pytest.mark.slow
def test_the_real_ansible_executes_nothing(tmp_path: Path) -> None:
    """Scripts, plug-ins beside the inventory, a configuration beside it, templates: none of them runs."""
    trap = tmp_path / "sprung"
    plugin = f"open({str(trap)!r}, 'w').close()\n"
    for kind in ("vars_plugins", "inventory_plugins", "filter_plugins", "lookup_plugins"):
        (tmp_path / kind).mkdir()
        (tmp_path / kind / "evil.py").write_text(plugin)
    (tmp_path / "ansible.cfg").write_text(
        f"[defaults]\nvars_plugins={tmp_path}/vars_plugins\ninventory_plugins={tmp_path}/inventory_plugins\n"
        "[inventory]\nenable_plugins=script,evil,ini,yaml\n"
    )
    lookup = "{{ lookup('pipe', 'touch " + str(trap) + "') }}"
    found = listed(tmp_path, "hosts.yml", json.dumps({"all": {"hosts": {"web1": {"ansible_host": lookup}}}}))
    assert ["is a template" in entry.problem for entry in found.untaken] == [True]
    script = tmp_path / "script"
    script.write_text(f"#!/bin/sh\ntouch {trap}\necho '{{}}'\n")
    script.chmod(0o755)
    subprocess.run([COMMAND, "-i", str(script), "--list"], check=False, capture_output=True, cwd=tmp_path)
    trap.unlink()  # Where nobody takes care, the trap is sprung.
    refused = {
        "script": script.read_text(),
        "evil.yml": "plugin: evil\n",
        "constructed.yml": "plugin: constructed\nstrict: true\ncompose: {a: \"lookup('pipe', 'id')\"}\n",
    }
    for name, text in refused.items():
        with pytest.raises(SourceError, match="cannot read it"):
            listed(tmp_path, name, text)
    assert not trap.exists()


@pytest.mark.slow
def test_the_real_ansible_asks_for_no_password_and_has_bounds(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="cannot read it"):
        listed(tmp_path, "vault.yml", "$ANSIBLE_VAULT;1.1;AES256\n" + "61" * 40 + "\n")
    with pytest.raises(SourceError):
        listed(tmp_path, "many", "web[1:99999999] ansible_host=10.0.0.1\n")
