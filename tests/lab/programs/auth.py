"""The log-in service: answers who may enter, from the accounts that its configuration names."""

from __future__ import annotations

import configparser
import http.server
import sys

CONFIG = "/etc/auth/auth.ini"


class Door(http.server.BaseHTTPRequestHandler):
    accounts: frozenset[str] = frozenset()

    def do_GET(self) -> None:
        known = self.path.removeprefix("/may-enter/") in self.accounts
        self.send_response(200 if known else 403)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


def main() -> None:
    config = configparser.ConfigParser()
    with open(CONFIG, encoding="utf-8") as file:  # noqa: PTH123 - plain for any Python.
        config.read_file(file)
    Door.accounts = frozenset(config["auth"]["accounts"].split())
    print(f"{len(Door.accounts)} accounts may enter", flush=True)
    http.server.ThreadingHTTPServer(("", int(config["auth"]["port"])), Door).serve_forever()


if __name__ == "__main__":
    try:
        main()
    except (OSError, configparser.Error, KeyError, ValueError) as problem:
        print(f"cannot start: {CONFIG}: {problem}", file=sys.stderr, flush=True)
        sys.exit(1)
