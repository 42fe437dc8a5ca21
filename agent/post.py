"""What holds at this agent, whatever the controller says? Its own folder: pinned keys, ceiling, memory, switches.

    agents/NAME/agent.toml       whose signatures count; the digest of the ceiling
    agents/NAME/ceiling.toml     the customer's own bound (`inventory.ceiling`)
    agents/NAME/memory.sqlite3   what was seen and spent (`agent.memory`)
    agents/NAME/journal          what was changed, step by step (`agent.journal`)
    agents/NAME/stop             the kill switches (`agent.switch`)

A folder that is missing or not wholly right is no post, and then nothing is done from there.
"""

from __future__ import annotations

import hashlib
import os
import stat
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from agent.refusal import Hold, HoldError
from inventory.ceiling import Ceiling, CeilingError, read_ceiling
from inventory.fields import Id
from inventory.signing import Pins
from inventory.token import KeyFormatError, Pin

__all__ = ["CEILING", "LOCAL", "Post", "load_post", "post_folder", "write_post"]

LOCAL, CEILING, _MEMORY, _JOURNAL = "agent.toml", "ceiling.toml", "memory.sqlite3", "journal"
_LARGEST = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """One agent's own law. ceiling: None when it cannot be read; `ceiling_trouble` says why."""

    name: str
    folder: Path
    controller: tuple[Pin, ...]
    pins: Pins
    walls: Literal["kernel", "python"]
    ceiling: Ceiling | None
    ceiling_trouble: str = ""

    @property
    def journal(self) -> Path:
        return self.folder / _JOURNAL

    @property
    def locks(self) -> Path:
        return self.folder / "locks"

    @property
    def memory(self) -> Path:
        return self.folder / _MEMORY


def _pin(value: object) -> Pin:
    if isinstance(value, Pin):
        return value
    if not isinstance(value, str):
        raise KeyFormatError("a public key is a text in quotes")
    return Pin.read(value)


_Pins = tuple[Annotated[Pin, BeforeValidator(_pin)], ...]


class _Local(BaseModel):
    """The file `agent.toml`. Two keys a person hold while one is being exchanged for the other."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Id
    controller: _Pins = Field(min_length=1, max_length=2)
    duty: _Pins = Field(min_length=1)
    engineers: _Pins = ()
    customer: _Pins = ()
    cosigned: bool = Field(default=False, strict=True)
    ceiling_sha256: str = Field(pattern="^[0-9a-f]{64}$")
    walls: Literal["kernel", "python"] = "kernel"


def post_folder(home: Path, name: str) -> Path:
    """Where an agent's own files are; a name that is no id has none. Raises HoldError."""
    if not name or name.startswith(".") or "/" in name or "\0" in name:
        raise HoldError(Hold.NO_AGENT, f"{name!r} is no agent's name")
    return home / "agents" / name


def load_post(home: Path, name: str) -> Post:
    """Read an agent's own law. Raises HoldError, with what is wrong and what to do."""
    folder = post_folder(home, name)
    try:
        raw = read_guarded(folder / LOCAL)
        local = _Local.model_validate(tomllib.loads(raw.decode("utf-8")))
    except FileNotFoundError:
        raise HoldError(
            Hold.NO_AGENT, f"there is no agent {name!r} here: set it up with 'secondline agent init {name}'"
        ) from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise HoldError(Hold.NO_AGENT, f"{folder / LOCAL} cannot be used: {error}") from None
    except ValidationError as error:
        raise HoldError(Hold.NO_AGENT, f"{folder / LOCAL}: {_said(error)}") from None
    _check(local, name, folder)
    ceiling, trouble = _ceiling(folder / CEILING, local.ceiling_sha256)
    return Post(
        name=name,
        folder=folder,
        controller=local.controller,
        pins=Pins(
            duty=local.duty, engineers=local.engineers, customer=local.customer, cosigned=local.cosigned
        ),
        walls=local.walls,
        ceiling=ceiling,
        ceiling_trouble=trouble,
    )


def _check(local: _Local, name: str, folder: Path) -> None:
    file = folder / LOCAL
    if local.name != name:
        raise HoldError(Hold.NO_AGENT, f"{file} is of agent {local.name!r}, this is {name!r}")
    publics = [pin.public for pin in (*local.controller, *local.duty, *local.engineers, *local.customer)]
    if len(set(publics)) != len(publics):
        raise HoldError(Hold.NO_AGENT, f"{file} pins one key twice: nobody may sign in two parts")
    people = [pin.name for pin in (*local.duty, *local.engineers, *local.customer)]
    if any(not person for person in people):
        raise HoldError(Hold.NO_AGENT, f"{file}: write the person's name behind each key")
    if any(people.count(person) > 2 for person in people):
        raise HoldError(Hold.NO_AGENT, f"{file}: a person may have two keys at most, while one is exchanged")
    if local.cosigned and not local.customer:
        raise HoldError(Hold.NO_AGENT, f"{file} demands the customer's signature and pins no key of theirs")


def _ceiling(file: Path, digest: str) -> tuple[Ceiling | None, str]:
    """The ceiling, or why there is none: then nothing is allowed."""
    try:
        raw = read_guarded(file)
        if hashlib.sha256(raw).hexdigest() != digest:
            return (
                None,
                f"{file} is not the one that was confirmed: look at it, then 'secondline agent ceiling'",
            )
        return read_ceiling(raw), ""
    except FileNotFoundError:
        return None, f"{file} is missing"
    except (OSError, CeilingError) as error:
        return None, f"{file}: {error}"


def read_guarded(file: Path) -> bytes:
    """Read a file of the agent's law; one that others may write is none. Raises OSError."""
    with open(file, "rb", opener=_without_waiting) as stream:
        status = os.fstat(stream.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise OSError(f"{file} is not a file")
        if status.st_mode & 0o022:
            raise OSError(f"{file} can be written by others: chmod go-w {file}")
        if status.st_uid not in {0, os.getuid()}:
            raise OSError(f"{file} belongs to another user: chown it")
        return stream.read(_LARGEST)


def _without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)


def _said(error: ValidationError) -> str:
    def one(detail: Any) -> str:  # noqa: ANN401 - pydantic's own words.
        wrong = detail.get("ctx", {}).get("error")
        return f"{'.'.join(map(str, detail['loc']))}: {wrong or detail['msg']}"

    return "; ".join(one(detail) for detail in error.errors(include_url=False))


def write_post(  # noqa: PLR0913 - what an agent's law consists of.
    folder: Path,
    *,
    name: str,
    controller: tuple[Pin, ...],
    pins: Pins,
    ceiling: bytes,
    walls: Literal["kernel", "python"] = "kernel",
) -> None:
    """Set an agent up, or change its law: both files are whole or as before. Raises OSError, HoldError."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    lists = {"controller": controller, "duty": pins.duty, "customer": pins.customer}
    lists |= {"engineers": pins.engineers} if pins.engineers else {}
    lines = [f'name = "{name}"']
    lines += [f"{key} = [{', '.join(_quoted(str(pin)) for pin in listed)}]" for key, listed in lists.items()]
    lines += [
        f"cosigned = {str(pins.cosigned).lower()}",
        f'ceiling_sha256 = "{hashlib.sha256(ceiling).hexdigest()}"',
        f'walls = "{walls}"',
    ]
    local = _Local.model_validate(tomllib.loads("\n".join(lines)))
    _check(local, name, folder)
    _put(folder / CEILING, ceiling)
    _put(folder / LOCAL, ("\n".join(lines) + "\n").encode())


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _put(file: Path, content: bytes) -> None:
    fresh = file.with_suffix(f".{os.getpid()}")
    fresh.touch(mode=0o600)
    with fresh.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    fresh.replace(file)
