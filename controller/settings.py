"""Where does this installation keep its things, and which ticket system does it speak to?

The home folder is `$SECONDLINE_HOME`. Settings are in its `settings.toml`; `SECONDLINE_DESK`,
`SECONDLINE_LANGUAGE` and `SECONDLINE_DEADLINE` go before it. Read with the standard library and pydantic
alone, because start-up time counts.
"""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from inventory.grant import new_key

__all__ = ["Settings", "SettingsError", "home_folder", "load_settings", "public_key", "signing_key"]


class SettingsError(Exception):
    """The settings cannot be used; the message says what is wrong and where."""


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

    @property
    def credentials(self) -> Path:
        return self.home / "credentials"


def home_folder() -> Path:
    """The home folder: `$SECONDLINE_HOME`, else the user's data folder."""
    named = os.environ.get("SECONDLINE_HOME", "")
    data = os.environ.get("XDG_DATA_HOME", "") or str(Path.home() / ".local" / "share")
    return Path(named) if named else Path(data) / "secondline"


def load_settings() -> Settings:
    """Read the settings; the environment goes before the file. Raises SettingsError."""
    home = home_folder()
    file = home / "settings.toml"
    try:
        written = tomllib.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{file}: {error}") from None
    named = {
        name: value
        for name in ("desk", "language", "deadline")
        if (value := os.environ.get(f"SECONDLINE_{name.upper()}", ""))
    }
    try:
        return Settings.model_validate({**written, **named, "home": home})
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(str(w) for w in e['loc'])}: {e['msg']}" for e in error.errors())
        raise SettingsError(f"the settings ({file}, SECONDLINE_…) are not right: {wrong}") from None


def signing_key(home: Path) -> Mapping[str, Any]:
    """The controller's own key for grants (a private JWK), made when it is first needed."""
    path = home / "keys" / "controller.jwk"
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


def public_key(key: Mapping[str, Any]) -> Mapping[str, Any]:
    """The part of a key that agents pin."""
    return {name: value for name, value in key.items() if name != "d"}
