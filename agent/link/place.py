"""Where does an agent that dials out keep what it needs for that? Beside its law: key, controller, and the spool.

agents/NAME/link/key.jwk    its own key, made here, and never sent anywhere
agents/NAME/link/link.json  who it is, and where its controller is
agents/NAME/link/ca.pem     who vouches for the controller's certificates, where the machine does not know them
agents/NAME/link/spool/     what was not told yet
agents/NAME/link/state.json how it is, for `secondline-agent status`
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from agent.refusal import Hold, HoldError
from inventory.token import new_key

__all__ = ["Place", "Seat", "home_of", "nkey_public", "nkey_seed", "put"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """Who this program is at its controller, as its invitation fixed it. web, nats: where the controller is."""

    id: str
    customer: str
    site: str
    agent: str
    web: str
    nats: tuple[str, ...]

    @property
    def parts(self) -> tuple[str, str, str]:
        return self.customer, self.agent, self.id


@dataclass(frozen=True, slots=True)
class Place:
    """The folder `link` of one agent."""

    folder: Path

    @classmethod
    def of(cls, home: Path, name: str) -> Place:
        return cls(home / "agents" / name / "link")

    @property
    def spool(self) -> Path:
        return self.folder / "spool"

    @property
    def authority(self) -> Path | None:
        file = self.folder / "ca.pem"
        return file if file.exists() else None

    def key(self) -> Mapping[str, Any]:
        """The agent's own key, made when it is first needed. Raises OSError."""
        file = self.folder / "key.jwk"
        if not file.exists():
            put(file, json.dumps(dict(new_key())).encode())
        if file.stat().st_mode & 0o077:
            raise PermissionError(f"the agent's key can be read by others: chmod 600 {file}")
        loaded: dict[str, Any] = json.loads(file.read_text("utf-8"))
        return loaded

    def write(self, seat: Seat, authority: bytes) -> None:
        """Keep who we are. Raises OSError."""
        if authority:
            put(self.folder / "ca.pem", authority)
        put(self.folder / "link.json", json.dumps(asdict(seat), indent=1).encode())

    def seat(self) -> Seat:
        """Raises HoldError when this agent was never enrolled."""
        file = self.folder / "link.json"
        try:
            said = json.loads(file.read_text("utf-8"))
            return Seat(**{**said, "nats": tuple(said["nats"])})
        except FileNotFoundError:
            raise HoldError(
                Hold.NO_AGENT, "this agent has no controller: 'secondline-agent enrol' first"
            ) from None
        except (ValueError, LookupError, TypeError) as error:
            raise HoldError(Hold.NO_AGENT, f"{file} cannot be used: {error}") from None

    def say(self, **how: object) -> None:
        """Say how it is, for whoever asks on this machine. Raises OSError."""
        put(self.folder / "state.json", json.dumps(how).encode())

    def said(self) -> dict[str, Any]:
        try:
            loaded: dict[str, Any] = json.loads((self.folder / "state.json").read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return loaded


def home_of() -> Path:
    """The home folder: `$SECONDLINE_HOME`, else where the package's own user has it."""
    return Path(os.environ.get("SECONDLINE_HOME", "") or "/var/lib/secondline-agent")


def put(file: Path, content: bytes) -> None:
    """Write a file that is nobody else's to read; whole, or as before. Raises OSError."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = file.with_name(f"{file.name}.{os.getpid()}")
    fresh.touch(mode=0o600)
    fresh.write_bytes(content)
    fresh.replace(file)


def nkey_seed(key: Mapping[str, Any]) -> str:
    """The same key as the broker's clients write it."""
    import nkeys  # noqa: PLC0415 - only where there is a broker.

    raw = base64.urlsafe_b64decode(f"{key['d']}=")
    return str(nkeys.encode_seed(raw, nkeys.PREFIX_BYTE_USER).decode())


def nkey_public(public: str) -> str:
    """The public half (base64url) as the broker's configuration names it: a prefix, the key, a checksum, in base32."""
    raw = bytes([20 << 3]) + base64.urlsafe_b64decode(f"{public}=")
    return base64.b32encode(raw + _crc16(raw).to_bytes(2, "little")).decode().rstrip("=")


def _crc16(content: bytes) -> int:
    """CRC-16/XMODEM."""
    crc = 0
    for byte in content:
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1 ^ 0x1021 if crc & 0x8000 else crc << 1) & 0xFFFF
    return crc
