"""Where do the tickets come from? A real Request Tracker 5, with a database of its own, over TLS.

It listens on its machine's loopback alone; whoever comes over the network meets stunnel, with a certificate
of the lab's own authority. The product knows it as the desk `helpdesk`.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path

from tests.lab import cells
from tests.lab.hosts import resolv_conf
from tests.lab.places import DESK, DNS1, Place
from tests.lab.tools import LabError, run, until
from tests.tls import authority, in_front

__all__ = ["QUEUE", "Desk", "start"]

QUEUE = "Support"
_INSIDE = "127.0.0.1:8080"
_SETTINGS = """\
[desks.helpdesk]
kind = "rt"
url = "{url}"
credential = "file:helpdesk.token"
ca = "helpdesk-ca.pem"
"""
_HERE = Path(__file__).resolve().parent
_RT = Path("/usr/share/request-tracker5/libexec/rt-server")


@dataclass(frozen=True, slots=True)
class Desk:
    """The desk that is up: where it is, and the service user's token (in a file of mode 0600)."""

    place: Place

    @property
    def url(self) -> str:
        return f"https://{DESK.address}"

    @property
    def ca_file(self) -> Path:
        """Who vouches for it."""
        return self.place.state / "desk" / "tls" / "lab.pem"

    @property
    def token_file(self) -> Path:
        return self.place.state / "desk" / "token"

    def ask(self, method: str, path: str, document: object = None) -> dict[str, object]:
        """One call of REST2 from the agent's place in the network; gives the JSON that is answered."""
        # The token goes by a configuration on standard input: a command line can be read by all.
        lines = [
            f'url = "{self.url}/REST/2.0/{path}"',
            f'cacert = "{self.ca_file}"',
            f'request = "{method}"',
            f'header = "Authorization: token {self.token_file.read_text("ascii").strip()}"',
            'header = "Content-Type: application/json"',
        ]
        if document is not None:
            body = self.place.state / "desk" / f"body-{secrets.token_hex(4)}"
            body.write_text(json.dumps(document), "utf-8")
            lines.append(f'data-binary = "@{body}"')
        argv = (
            "ip",
            "netns",
            "exec",
            self.place.netns("agent"),
            "curl",
            "-sS",
            "--fail-with-body",
            "-m",
            "20",
            "-K",
            "-",
        )
        done = run(*argv, text="\n".join(lines), check=False, timeout=30)
        if document is not None:
            body.unlink()
        if done.returncode:
            raise LabError(
                f"the desk answers {method} {path} with: {(done.stderr + done.stdout).strip()[-400:]}"
            )
        answer: dict[str, object] = json.loads(done.stdout)
        return answer

    def new_ticket(self, subject: str, text: str, *, customer: str = "musterbau") -> int:
        """Open a ticket as Musterbau's contact would; gives its number."""
        made = self.ask(
            "POST",
            "ticket",
            {
                "Queue": QUEUE,
                "Subject": subject,
                "Requestor": "karin.weber@musterbau.test",
                "Content": text,
                "ContentType": "text/plain",
                "CustomFields": {"Customer": customer},
            },
        )
        return int(str(made["id"]))


def start(place: Place) -> Desk:
    """Start Request Tracker and wait until it answers, and let the product know it.

    Its database is built once and kept in the cache.
    """
    desk, folder = Desk(place), place.state / "desk"
    if cells.running_pids(place, DESK.id, "rt-server"):
        return desk
    if not _RT.exists():
        raise LabError("Request Tracker 5 is not installed: run './run setup lab'")
    for name in ("etc.d", "mason", "session"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / "RT_SiteConfig.pm").write_text(_config(folder, desk.url), "utf-8")
    _database(place, folder)
    environment = _environment(folder)
    log = place.state / "log" / "desk.log"
    resolv = folder / "resolv.conf"
    resolv.write_text(resolv_conf(DNS1.address), "ascii")
    # `ip netns exec` gives the program a view of the mounts of its own.
    bound = ("sh", "-c", 'mount --bind "$0" /etc/resolv.conf && exec "$@"', str(resolv))
    words = tuple(f"{name}={value}" for name, value in environment.items())
    cells.spawn(
        place,
        DESK.id,
        (*bound, "env", *words, str(_RT), "--host", "127.0.0.1", "--port", "8080", "--max-workers", "2"),
        log,
    )
    identity = authority(desk.ca_file.parent, desk.ca_file.stem).issue(DESK.name, DESK.address)
    front = in_front(
        folder / "stunnel.conf", accept=f"{DESK.address}:443", connect=_INSIDE, identity=identity
    )
    cells.spawn(place, DESK.id, front, place.state / "log" / "desk-tls.log")
    until(f"Request Tracker answers (see {log})", lambda: _answers(desk), seconds=90, every=0.3)
    _introduce(desk)
    return desk


def _introduce(desk: Desk) -> None:
    """Write the product's settings: where the desk is, who vouches for it, and the token."""
    home = desk.place.home
    (home / "settings.toml").write_text(_SETTINGS.format(url=desk.url), "utf-8")
    shutil.copy2(desk.ca_file, home / "helpdesk-ca.pem")
    token = desk.place.credentials / "helpdesk.token"
    shutil.copy2(desk.token_file, token)
    token.chmod(0o600)


def _answers(desk: Desk) -> bool:
    try:
        return "Version" in desk.ask("GET", "rt")
    except LabError:
        return False


def _environment(folder: Path) -> dict[str, str]:
    return {"RT_SITE_CONFIG": str(folder / "RT_SiteConfig.pm"), "RT_SITE_CONFIG_DIR": str(folder / "etc.d")}


def _config(folder: Path, url: str) -> str:
    settings = {
        "rtname": "desk.test",
        "Organization": "desk.test",
        "CorrespondAddress": "support@desk.test",
        "CommentAddress": "comment@desk.test",
        "WebDomain": DESK.address,
        "WebPort": "443",
        "WebPath": "",
        "WebBaseURL": url,
        "DatabaseType": "SQLite",
        "DatabaseName": str(folder / "rt.sqlite3"),
        # Mail is written to a file and never leaves.
        "MailCommand": "testfile",
        "LogToSTDERR": "warning",
        "Timezone": "Europe/Berlin",
        "WebSessionClass": "Apache::Session::File",
    }
    lines = [f"Set(${name}, '{value}');" for name, value in settings.items()]
    folders = (f"$RT::MasonDataDir = '{folder}/mason';", f"$RT::MasonSessionDir = '{folder}/session';")
    return "\n".join(
        (*lines, "Set($LogToSyslog, undef);", "Set($MaxAttachmentSize, 50_000_000);", *folders, "1;", "")
    )


def _database(place: Place, folder: Path) -> None:
    """Take the built database from the cache, or build it there first."""
    names = ("rt.sqlite3", "token")
    cache = place.state / "cache"
    if not all((cache / name).exists() for name in names):
        password = folder / "root-password"
        password.write_text(secrets.token_hex(12), "ascii")
        environment = {**os.environ, **_environment(folder)}
        run(
            "rt-setup-database-5",
            "--action",
            "init",
            "--skip-create",
            "--root-password-file",
            str(password),
            timeout=120,
            env=environment,
        )
        token = run("perl", str(_HERE / "seed.pl"), timeout=60, env=environment).stdout
        (folder / "token").write_text(token, "ascii")
        cache.mkdir(exist_ok=True)
        for name in names:
            shutil.copy2(folder / name, cache / name)
    for name in names:
        shutil.copy2(cache / name, folder / name)
        (folder / name).chmod(0o600)
