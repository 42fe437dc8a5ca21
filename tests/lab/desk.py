"""Where do the tickets come from? A real Request Tracker 5, with a database of its own."""

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

__all__ = ["QUEUE", "Desk", "start"]

QUEUE, PORT = "Support", 8080
_HERE = Path(__file__).resolve().parent
_RT = Path("/usr/share/request-tracker5/libexec/rt-server")


@dataclass(frozen=True, slots=True)
class Desk:
    """The desk that is up: where it is, and the service user's token (in a file of mode 0600)."""

    place: Place

    @property
    def url(self) -> str:
        return f"http://{DESK.address}:{PORT}"

    @property
    def token_file(self) -> Path:
        return self.place.state / "desk" / "token"

    def ask(self, method: str, path: str, document: object = None) -> dict[str, object]:
        """One call of REST2 from the agent's place in the network; gives the JSON that is answered."""
        # The token goes by a configuration on standard input: a command line can be read by all.
        lines = [
            f'url = "{self.url}/REST/2.0/{path}"',
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
    """Start Request Tracker and wait until it answers; its database is built once and kept in the cache."""
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
        (*bound, "env", *words, str(_RT), "--host", DESK.address, "--port", str(PORT), "--max-workers", "2"),
        log,
    )
    until(f"Request Tracker answers (see {log})", lambda: _answers(desk), seconds=90, every=0.3)
    return desk


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
        "WebPort": str(PORT),
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
