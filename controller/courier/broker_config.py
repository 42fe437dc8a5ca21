"""What may each agent do at the broker? The configuration of a nats-server, made from the seats that were admitted.

An agent may take the next ring of its own name, acknowledge it, speak under its own seat, and hear what is to be stopped.
Everything else is refused by the server itself, whatever a stolen key asks for. Pure: values in, text out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from agent.link.messages import STREAM, control_subject, durable, inbox, up_subject
from agent.link.place import nkey_public
from controller.store.seats import Seat

__all__ = ["BrokerConfig", "config_text", "users_text"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerConfig:
    """listen: address and port. certificate, key: of the server; None on this machine's own address alone.

    controller: the controller's public key. modern: for a server of 2.14 or newer, which production demands; without it for
    tests with older ones, which know no `sync_interval: always` and have known holes.
    """

    listen: str
    folder: Path
    controller: str
    users: Path
    certificate: Path | None = None
    key: Path | None = None
    websocket: str = ""
    modern: bool = True


def config_text(config: BrokerConfig) -> str:
    """The server's configuration; the users are a file of their own, which is made anew for each seat."""
    tls = ""
    if config.certificate and config.key:
        tls = f'tls {{ cert_file: {_quoted(config.certificate)}, key_file: {_quoted(config.key)}, min_version: "1.2" }}\n'
    websocket = (
        f"websocket {{ listen: {_quoted(config.websocket)} {tls.strip() or 'no_tls: true'} }}\n"
        if config.websocket
        else ""
    )
    sync = "  # What was acknowledged is on the disk: the default would wait for two minutes.\n  sync_interval: always\n"
    return f"""\
# Made by 'secondline nats config'. nats-server {"2.14 or newer is demanded: older ones have known holes" if config.modern else "older than 2.14: for tests only"}.
listen: {_quoted(config.listen)}
server_name: secondline
pid_file: {_quoted(config.folder / "nats.pid")}
max_payload: 8MB
max_connections: 2000
write_deadline: "10s"
ping_interval: "20s"
{tls}{websocket}jetstream {{
  store_dir: {_quoted(config.folder / "jetstream")}
  max_file_store: 1GB
{sync if config.modern else ""}}}
include {_quoted(Path(config.users.name))}
"""


def users_text(controller: str, admitted: Iterable[Seat]) -> str:
    """Who is let in, and what each may do. controller: the public key (base64url) of the controller."""
    rows = "\n".join(map(_user, admitted))
    return f"""\
# Made by 'secondline nats config' and with every agent that is admitted or revoked: do not write here.
accounts {{
  SECONDLINE: {{
    jetstream: enabled
    users: [
      {{ nkey: {nkey_public(controller)} }}
{rows}
    ]
  }}
  SYS: {{ users: [] }}
}}
system_account: SYS
"""


def _user(seat: Seat) -> str:
    """One seat: its own consumer, its own subjects, its own inbox, and nothing else."""
    name = durable(seat.customer, seat.agent)
    publish = (
        f"$JS.API.CONSUMER.MSG.NEXT.{STREAM}.{name}",
        f"$JS.ACK.{STREAM}.{name}.>",
        *(
            up_subject((seat.customer, seat.agent, seat.id), verb)
            for verb in ("hello", "lease", "renew", "tell", "end")
        ),
    )
    subscribe = (f"{inbox(seat.id)}.>", control_subject(seat.customer, seat.agent))
    return (
        f"      {{ nkey: {nkey_public(seat.public)}, permissions: {{\n"
        f"        publish: {{ allow: [{_list(publish)}] }}\n"
        f"        subscribe: {{ allow: [{_list(subscribe)}] }} }} }}"
    )


def _list(subjects: Iterable[str]) -> str:
    return ", ".join(f'"{subject}"' for subject in subjects)


def _quoted(value: object) -> str:
    text = str(value)
    if '"' in text or "\\" in text or not text.isprintable():
        raise ValueError(f"{text!r} cannot stand in the broker's configuration")
    return f'"{text}"'
