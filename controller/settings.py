"""Where does this installation keep its things, and which ticket system does it speak to?

The home folder is `$SECONDLINE_HOME`. Settings are in its `settings.toml`; `SECONDLINE_DESK`,
`SECONDLINE_LANGUAGE` and `SECONDLINE_DEADLINE` go before it. Read with the standard library and pydantic
alone, because start-up time counts.
"""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from controller.nearby import is_private
from inventory.token import Pin, new_key, pin_of

__all__ = [
    "OidcSettings",
    "Settings",
    "SettingsError",
    "SitesSettings",
    "broker_key",
    "controller_pin",
    "home_folder",
    "load_settings",
    "signing_key",
]


class SettingsError(Exception):
    """The settings cannot be used; the message says what is wrong and where."""


class StoreSettings(BaseModel):
    """Where the database lies, when it is not the file in the home."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str = Field(description="postgresql://USER@HOST/DATABASE")
    password: str = Field(default="", description="the reference of a credential, never the password itself")
    ca: Path | None = Field(default=None, description="who signs the server's certificate; else the system's")

    @field_validator("url")
    @classmethod
    def _of_a_server(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme != "postgresql" or not parts.path.strip("/") or parts.password is not None:
            raise ValueError("this is not postgresql://USER@HOST/DATABASE without a password")
        # What is asked for here could take the verified TLS away again.
        if any(not said.startswith("host=/") for said in parts.query.split("&") if said):
            raise ValueError("nothing but the folder of a socket (host=/...) may follow the database")
        return value


class SitesSettings(BaseModel):
    """The table `[sites]`: how agents elsewhere reach this controller. Files are of the home folder."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str = Field(pattern="^https?://", description="the web address at which agents enrol and upload")
    nats: tuple[str, ...] = Field(min_length=1, description="where agents reach the broker: tls://…")
    control: str = Field(
        default="", description="where this controller reaches it; the first of those when empty"
    )
    listen: str = Field(
        default="127.0.0.1:8445", pattern=r"^[^\s]+:\d+$", description="where 'nats serve' listens"
    )
    broker: str = Field(
        default="127.0.0.1:4222", pattern=r"^[^\s]+:\d+$", description="where the broker listens"
    )
    websocket: str = Field(default="", description="where the broker listens for WebSocket as well")
    metrics: str = Field(
        default="", pattern=r"^$|^[^\s]+:\d+$", description="where 'nats serve' is measured: 127.0.0.1:9465"
    )
    certificate: str = ""
    key: str = ""
    ca: str = Field(default="", description="who vouches for it, where agents' machines do not know them")


class OidcSettings(BaseModel):
    """The table `[oidc]`: who vouches for people at log-in, by OpenID Connect. The client is registered there.

    Its redirect address is ADDRESS/login/oidc/back; that of back-channel log-outs, ADDRESS/logout/oidc/told.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    issuer: str = Field(description="the provider, to the letter as it names itself")
    client: str = Field(min_length=1, description="the name of the client there")
    address: str = Field(description="where browsers find these pages, such as https://secondline.example")
    secret: str = Field(
        default="",
        pattern=r"^((file|age|env|keyring):\S+)?$",
        description="the reference of the client's secret",
    )
    name: str = Field(default="", max_length=60, description="how people call it, for the button")
    only: bool = Field(default=False, strict=True, description="nobody logs in by a password any more")
    second: tuple[str, ...] = Field(
        default=(), description="what counts as a second factor there (acr); any when empty"
    )
    ca: Path | None = Field(
        default=None, description="who signs the provider's certificate; else the system's"
    )

    @property
    def shown(self) -> str:
        """How people call it."""
        return self.name or self.issuer

    @field_validator("issuer", "address")
    @classmethod
    def _of_the_web(cls, value: str) -> str:
        if not is_private(value) or urlsplit(value).query or urlsplit(value).fragment:
            raise ValueError("this is no address with https://")
        return value


class Settings(BaseModel):
    """One installation's settings."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    home: Path
    desk: str = Field(default="builtin", description="the ticket system that tickets are read from")
    desks: dict[str, dict[str, Any]] = Field(
        default={}, description="ticket systems by name; see controller.desks.named"
    )
    language: Literal["de", "en", ""] = Field(default="", description="empty: the contract's language")
    deadline: float = Field(default=300.0, gt=0, le=3600, description="seconds for a whole run")

    @field_validator("deadline", mode="before")
    @classmethod
    def _no_truth(cls, value: object) -> object:
        if isinstance(value, bool):
            raise ValueError("true and false are no seconds")  # noqa: TRY004 - pydantic expects this one.
        return value

    people: dict[str, str] = Field(
        default={}, description="login here -> the person's name, as it stands beside their key"
    )

    trigger: list[dict[str, Any]] = Field(
        default=[], description="when a ticket becomes a run by itself; see controller.triggers.rules"
    )
    intake: dict[str, Any] = Field(default={}, description="how much of that; see controller.triggers.rules")
    store: StoreSettings | None = Field(default=None, description="a server for the database; else a file")
    sites: SitesSettings | None = Field(default=None, description="agents elsewhere")
    oidc: OidcSettings | None = Field(default=None, description="who vouches for people at log-in")

    @property
    def credentials(self) -> Path:
        return self.home / "credentials"


def home_folder() -> Path:
    """The home folder: `$SECONDLINE_HOME`, else the user's data folder."""
    named = os.environ.get("SECONDLINE_HOME", "")
    data = os.environ.get("XDG_DATA_HOME", "") or str(Path.home() / ".local" / "share")
    return Path(named) if named else Path(data) / "secondline"


def load_settings() -> Settings:
    """Read the settings; the environment goes before the file. Raises SettingsError with every mistake."""
    home = home_folder()
    file = home / "settings.toml"
    try:
        text = file.read_bytes().decode("utf-8-sig") if file.exists() else ""
        written = tomllib.loads(text)
    except UnicodeDecodeError:
        raise SettingsError(f"{file}: this is not UTF-8: save the file as UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{file}: this is not TOML: {error}") from None
    named = {name: value for name in _VARIABLES if (value := os.environ.get(_variable(name), ""))}
    given = {**written, **named}
    wrong = {key for key in written if key not in _ADVICE}
    desk, desks = given.get("desk", "builtin"), given.get("desks", {})
    if isinstance(desk, str) and isinstance(desks, dict) and desk not in {"builtin", *desks}:
        wrong.add("desk")
    try:
        settings = Settings.model_validate({**{k: v for k, v in given.items() if k in _ADVICE}, "home": home})
        if not wrong:
            return settings
    except ValidationError as error:
        wrong |= {str(detail["loc"][0]) for detail in error.errors()}
    lines = {key: 0 if key in named else _line(text, key) for key in wrong}
    places = {key: f"{file}:{line}" if line else _variable(key) for key, line in lines.items()}
    ordered = sorted(wrong, key=lambda key: (lines[key], key))
    raise SettingsError("\n".join(f"{places[key]}: {_mistake(key, given[key])}" for key in ordered))


# The settings that can be written, and what may stand there.
_ADVICE = {
    "desk": 'write "builtin", or the name of a ticket system that stands below as [desks.NAME]',
    "desks": "write each ticket system as a table, [desks.NAME]",
    "language": 'write "de" or "en"',
    "people": 'write the logins of this machine with the names beside their keys: [people] eva = "Eva Eng"',
    "trigger": "write each rule as a table, [[trigger]]",
    "intake": "write the limits as a table, [intake]",
    "store": 'write a table: [store] url = "postgresql://USER@HOST/DATABASE", password = "REFERENCE", ca = "FILE"',
    "sites": 'write [sites] with url = "https://…" and nats = ["tls://…"], and no word that is not known there',
    "oidc": 'write [oidc] with issuer = "https://…", client = "…", address = "https://…" of these pages, and no word that is '
    "not known there",
    "deadline": "write the seconds for a whole run, more than 0 and at most 3600",
}


# Those that the environment may give, too.
_VARIABLES = ("desk", "language", "deadline")


def _variable(key: str) -> str:
    return f"SECONDLINE_{key.upper()}"


def _mistake(key: str, value: object) -> str:
    if key not in _ADVICE:
        return f"there is no setting {key!r}: remove it; there are {', '.join(_ADVICE)}"
    shown = "this" if isinstance(value, dict) else repr(value)
    return f"{shown} cannot be the {key!r}: {_ADVICE[key]}"


def _line(text: str, key: str) -> int:
    """The line on which a key of the top is written, as far as one can see without a second reader."""
    written = re.compile(rf"""\s*(\[+\s*)?["']?{re.escape(key)}["']?\s*[\].=]""")
    return next((n for n, line in enumerate(text.splitlines(), 1) if written.match(line)), 1)


def signing_key(home: Path) -> Mapping[str, Any]:
    """The controller's own key for grants (a private JWK), made when it is first needed."""
    return _key(home, "controller")


def broker_key(home: Path) -> Mapping[str, Any]:
    """The key by which the controller is known at the broker, and by which nothing is signed."""
    return _key(home, "broker")


def _key(home: Path, name: str) -> Mapping[str, Any]:
    path = home / "keys" / f"{name}.jwk"
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = path.with_suffix(f".{os.getpid()}")
        fresh.touch(mode=0o600)
        fresh.write_text(json.dumps(dict(new_key())), encoding="utf-8")
        try:
            # A link fails when another command was faster: its key holds.
            os.link(fresh, path)
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    if path.stat().st_mode & 0o077:
        raise PermissionError(f"the signing key can be read by others: chmod 600 {path}")
    loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return loaded


def controller_pin(home: Path) -> Pin:
    """The public half of that key, which agents pin."""
    return pin_of(signing_key(home), "controller")
