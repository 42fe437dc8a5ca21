"""The peer: what one writes in an afternoon. paramiko in fifty threads, no evidence, no ledger, no limits.

Started as a program of its own, so that its start-up is counted as ours is. Reads JSON from standard input:
hosts (address, port, host key), user, key file, commands; prints how many hosts answered.
"""

from __future__ import annotations

import base64
import json
import sys
from concurrent.futures import ThreadPoolExecutor

import paramiko


def ask(host: dict[str, object], user: str, key_file: str, commands: list[str]) -> bool:
    client = paramiko.SSHClient()
    name = f"[{host['address']}]:{host['port']}"
    kind, body = str(host["key"]).split()
    client.get_host_keys().add(name, kind, paramiko.PKey.from_type_string(kind, base64.b64decode(body)))
    client.set_missing_host_key_policy(paramiko.RejectPolicy())
    client.connect(
        str(host["address"]),
        int(str(host["port"])),
        user,
        key_filename=key_file,
        allow_agent=False,
        look_for_keys=False,
        timeout=10,
    )
    try:
        for command in commands:
            _, stdout, _ = client.exec_command(command, timeout=20)
            stdout.read()
        return True
    finally:
        client.close()


def main() -> None:
    asked = json.load(sys.stdin)
    with ThreadPoolExecutor(50) as pool:
        answered = list(
            pool.map(
                lambda host: ask(host, asked["user"], asked["key_file"], asked["commands"]), asked["hosts"]
            )
        )
    sys.stdout.write(f"{sum(answered)}\n")


if __name__ == "__main__":
    main()
