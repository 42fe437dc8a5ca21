"""Who vouches for people in these tests? A real OpenID provider (npm `oidc-provider`) in a process of its own, and its pages."""

from __future__ import annotations

import json
import re
import secrets
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urljoin

import httpx

__all__ = ["Browser", "RealProvider", "free_port", "real_provider"]

_HERE = Path(__file__).parent


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
        return port


@dataclass
class RealProvider:
    """issuer: its name and address; ours: the address of the pages that it sends browsers back to."""

    ours: str
    port: int = field(default_factory=free_port)
    secret: str = field(default_factory=lambda: f"+{secrets.token_urlsafe(12)} %:")
    process: subprocess.Popen[str] | None = None

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it, with keys of this start."""
        told = {
            "port": self.port,
            "client": "secondline",
            "secret": self.secret,
            "back": f"{self.ours}/login/oidc/back",
            "left": f"{self.ours}/login",
            "told": f"{self.ours}/logout/oidc/told",
        }
        self.process = subprocess.Popen(
            ["node", str(_HERE / "provider.mjs"), json.dumps(told)],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.strip() == "ready":
                return
        raise RuntimeError("the provider does not start: ./run setup lab")

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(20)
            assert self.process.stdout is not None
            self.process.stdout.close()
            self.process = None


@contextmanager
def real_provider(ours: str) -> Iterator[RealProvider]:
    made = RealProvider(ours)
    made.start()
    try:
        yield made
    finally:
        made.stop()


@dataclass
class Browser:
    """Follows links and sends forms as a browser does, both here and there. name: as which person at the provider."""

    client: httpx.Client
    name: str = "eva@provider"

    def go(self, url: str) -> httpx.Response:
        """Go somewhere, and through the provider's own pages wherever these come."""
        page = self.client.get(url)
        for _ in range(6):
            form = re.search(r'<form[^>]* action="([^"]+)"', page.text)
            if not form or "/interaction/" not in form[1]:
                return page
            kind = re.search(r'name="prompt" value="(\w+)"', page.text)
            assert kind, page.text
            data = {"prompt": kind[1]}
            if kind[1] == "login":
                data |= {"login": self.name, "password": "any"}
            page = self.client.post(urljoin(str(page.url), form[1]), data=data)
        raise AssertionError("the provider's pages do not end")
