"""Where does this installation keep its things, and which ticket system does it speak to?

Settings come from the environment (`SECONDLINE_…`), else from `settings.toml` in the home folder.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import Field
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from inventory.grant import new_key

__all__ = ["Settings", "home_folder", "load_settings", "signing_key"]


def home_folder() -> Path:
    """The home folder: `$SECONDLINE_HOME`, else the user's data folder."""
    named = os.environ.get("SECONDLINE_HOME", "")
    data = os.environ.get("XDG_DATA_HOME", "") or str(Path.home() / ".local" / "share")
    return Path(named) if named else Path(data) / "secondline"


class Settings(BaseSettings):
    """One installation's settings."""

    model_config = SettingsConfigDict(env_prefix="SECONDLINE_", extra="forbid")

    home: Path
    desk: str = Field(default="builtin", description="the ticket system that tickets are read from")
    desks: dict[str, dict[str, Any]] = Field(
        default={}, description="ticket systems by name; see controller.desks"
    )
    language: Literal["de", "en", ""] = Field(default="", description="empty: the contract's language")
    deadline: float = Field(default=300.0, gt=0, le=3600, description="seconds for a whole run")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the library's signature.
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        file = TomlConfigSettingsSource(settings_cls, home_folder() / "settings.toml")
        return (init_settings, env_settings, file)

    @property
    def credentials(self) -> Path:
        return self.home / "credentials"


def load_settings() -> Settings:
    """Read the settings. Raises pydantic.ValidationError naming what is wrong."""
    return Settings(home=home_folder())


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
