"""How do the desk tests get a real Request Tracker? From Debian's packages, in a folder of its own.

Own SQLite database, own configuration, loopback, a free port, no systemd. The server is the leader of its
own process group, and exactly that group is ended.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

__all__ = ["RequestTracker", "request_tracker"]

_SERVER = "/usr/share/request-tracker5/libexec/rt-server"
_SEED = Path(__file__).with_name("seed.pl")
# Small, so that a file that Request Tracker drops can be shown with a small file.
MAX_ATTACHMENT = 400_000


@dataclass(frozen=True, slots=True)
class RequestTracker:
    """A running Request Tracker: its address, and the tokens of accounts with different rights."""

    url: str
    writer: str = field(repr=False)
    reader: str = field(repr=False)
    blind: str = field(repr=False)

    def call(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 - JSON.
        """Ask its REST 2 interface directly, as a colleague's browser or script would."""
        request = urllib.request.Request(  # noqa: S310 - always this server's own http address.
            f"{self.url}/REST/2.0/{path}",
            None if body is None else json.dumps(body).encode(),
            {"Authorization": f"token {self.writer}", "Content-Type": "application/json"},
            method=method,
        )
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - as above.
            return json.loads(answer.read())

    def ticket(self, subject: str, text: str = "", *, customer: str = "") -> str:
        """Open a ticket as the customer's person would, and give its id."""
        fields: dict[str, Any] = {
            "Queue": "Support",
            "Subject": subject,
            "Requestor": "it@musterbau.example",
        }
        if text:
            fields |= {"Content": text, "ContentType": "text/plain"}
        if customer:
            fields["CustomFields"] = {"Customer": customer}
        return str(self.call("POST", "ticket", fields)["id"])

    def dressed(self, subject: str) -> str:
        """Open a ticket with everything that a rule may look at."""
        fields = {"Customer": "musterbau", "Category": "network", "Tags": ["vpn", "koeln"]}
        body = {"Queue": "Support", "Subject": subject, "Requestor": "it@musterbau.example", "Priority": "40"}
        return str(self.call("POST", "ticket", {**body, "CustomFields": fields})["id"])

    def attach(self, ticket: str, name: str, media_type: str, content: bytes) -> None:
        """Send a file as the customer's person would."""
        file = {"FileName": name, "FileType": media_type, "FileContent": base64.b64encode(content).decode()}
        body = {"Content": "see the file", "ContentType": "text/plain", "Attachments": [file]}
        self.call("POST", f"ticket/{ticket}/correspond", body)

    def linked(self, ticket: str) -> set[str]:
        """What a ticket refers to: numbers and addresses."""
        shown = self.call("GET", f"ticket/{ticket}")["_hyperlinks"]
        found = [link for link in shown if link["ref"] == "refers-to"]
        return {str(link["id"] if link["type"] == "ticket" else link["_url"]) for link in found}

    def notes(self, ticket: str) -> tuple[str, ...]:
        """The text of every comment and reply of a ticket, oldest first."""
        found = self.call(
            "GET", f"ticket/{ticket}/attachments?fields=Content,ContentType,Filename&per_page=100"
        )
        texts = [i for i in found["items"] if i.get("ContentType") == "text/plain" and not i.get("Filename")]
        return tuple(str(item.get("Content", "")) for item in texts)

    def files(self, ticket: str) -> dict[str, str]:
        """Name -> media type of every file of a ticket."""
        found = self.call("GET", f"ticket/{ticket}/attachments?fields=ContentType,Filename&per_page=100")
        return {i["Filename"]: i["ContentType"] for i in found["items"] if i.get("Filename")}


def installed() -> bool:
    return Path(_SERVER).exists() and shutil.which("rt-setup-database-5") is not None


@contextmanager
def request_tracker(folder: Path, *, config: str = "", scrip: str = "") -> Iterator[RequestTracker]:
    """Set up and start a Request Tracker in an empty folder; end it and its workers afterwards.

    config: more lines of its configuration; scrip: code that is run when a ticket is opened.
    """
    port = _free_port()
    environment = _configure(folder, port, config)
    seeded = _seed(folder, {**environment, "RING_SCRIP": scrip})
    log = (folder / "server.log").open("wb")
    with (
        log,
        _group([_SERVER, "--host", "127.0.0.1", "--port", str(port), "--max-workers", "3"], environment, log),
    ):
        url = f"http://127.0.0.1:{port}"
        _wait(url, folder / "server.log")
        yield RequestTracker(url, writer=seeded["WRITER"], reader=seeded["READER"], blind=seeded["BLIND"])


def _configure(folder: Path, port: int, config: str) -> Mapping[str, str]:
    for name in ("etc.d", "mason", "session"):
        (folder / name).mkdir(parents=True)
    folder.chmod(0o700)
    (folder / "RT_SiteConfig.pm").write_text(
        f"""
Set($rtname, 'desk'); Set($Organization, 'desk.invalid');
Set($CorrespondAddress, 'rt@desk.invalid'); Set($CommentAddress, 'rt-comment@desk.invalid');
Set($WebDomain, '127.0.0.1'); Set($WebPort, {port}); Set($WebBaseURL, 'http://127.0.0.1:{port}');
Set($DatabaseType, 'SQLite'); Set($DatabaseName, '{folder}/rt.sqlite3');
Set($MailCommand, 'testfile'); Set($LogToSyslog, undef); Set($LogToSTDERR, 'warning');
Set($Timezone, 'Europe/Berlin'); Set($WebSessionClass, 'Apache::Session::File');
Set($MaxAttachmentSize, {MAX_ATTACHMENT}); Set($DropLongAttachments, 1);
{config}
$RT::MasonDataDir = '{folder}/mason'; $RT::MasonSessionDir = '{folder}/session';
1;
""".replace("@", r"\@")
    )
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "RT_SITE_CONFIG": str(folder / "RT_SiteConfig.pm"),
        "RT_SITE_CONFIG_DIR": str(folder / "etc.d"),
    }


def _seed(folder: Path, environment: Mapping[str, str]) -> dict[str, str]:
    password = folder / "root.pw"
    password.write_text(secrets.token_hex(12))
    setup = [
        "rt-setup-database-5",
        "--action",
        "init",
        "--skip-create",
        "--root-password-file",
        str(password),
    ]
    subprocess.run(setup, env=environment, check=True, capture_output=True, timeout=120)
    seeded = subprocess.run(
        ["perl", str(_SEED)], env=environment, check=True, capture_output=True, text=True, timeout=60
    )
    return dict(line.split("=", 1) for line in seeded.stdout.splitlines() if "=" in line)


@contextmanager
def _group(argv: list[str], environment: Mapping[str, str], log: BinaryIO) -> Iterator[None]:
    server = subprocess.Popen(
        argv,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        yield
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        try:
            server.wait(5)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)
            server.wait(5)


def _wait(url: str, log: Path) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            urllib.request.urlopen(url, timeout=10).close()  # noqa: S310 - always loopback http.
        except OSError:
            time.sleep(0.2)
        else:
            return
    raise TimeoutError(f"Request Tracker did not start:\n{log.read_text()[-2000:]}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
