"""Which ticket system is meant? Makes a desk from its name and its settings.

```toml
[desks.helpdesk]
kind = "rt"
url = "https://rt.example"
credential = "file:rt.token"
```

The desk `builtin` is always there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from controller.desks.builtin import BuiltinDesk
from controller.desks.desk import Desk, DeskRefusedError
from controller.store.store import Store

__all__ = ["BuiltinSettings", "DeskSettings", "RtSettings", "desk_named"]


class BuiltinSettings(BaseModel):
    """The ticket system inside Secondline."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["builtin"] = "builtin"


class RtSettings(BaseModel):
    """A Request Tracker 5. credential: where its token is, never the token itself.

    ca: a PEM file with the authority that vouches for the server, from the home folder on; those of the
    system when it is not given.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["rt"]
    url: str
    credential: str = Field(pattern=r"^(file|age|env|keyring):\S+$")
    ca: Path | None = None
    customer_field: str = "Customer"
    deadline: float = Field(default=30.0, gt=0, le=300)


DeskSettings = Annotated[BuiltinSettings | RtSettings, Field(discriminator="kind")]


@cache
def _settings() -> TypeAdapter[BuiltinSettings | RtSettings]:
    return TypeAdapter(DeskSettings)


def _mistake(detail: ErrorDetails) -> str:
    """One of pydantic's errors, as whoever writes the file sees it."""
    match detail["type"]:
        case "union_tag_invalid" | "union_tag_not_found":
            return 'kind must be "builtin" or "rt"'
        case "missing":
            return f"{detail['loc'][-1]} is missing"
        case "extra_forbidden":
            return f"{detail['loc'][-1]} is unknown: remove it"
        case "string_pattern_mismatch":
            return (
                f'{detail["loc"][-1]} must name where the token is, like "file:rt.token", and never hold it'
            )
        case _:
            return f"{'.'.join(map(str, detail['loc'][-1:])) or 'it'}: {detail['msg']}"


def desk_named(
    name: str, settings: Mapping[str, object], *, store: Store, secret: Callable[[str], str]
) -> Desk:
    """Make the desk of this name. settings: desk name -> its settings, as read from a file.

    secret: gives the secret behind a credential reference, such as `Credentials.resolve`; what it raises
    comes through. Raises DeskRefusedError when no such desk is set up, or not rightly.
    """
    wanted = settings.get(name, {"kind": "builtin"} if name == "builtin" else None)
    if wanted is None:
        raise DeskRefusedError(
            f"there is no desk {name!r} in the settings: there are {', '.join(sorted({'builtin', *settings}))}"
        )
    try:
        chosen = _settings().validate_python(wanted)
    except ValidationError as error:
        wrong = "; ".join(_mistake(detail) for detail in error.errors())
        raise DeskRefusedError(f"[desks.{name}] in the settings is not right: {wrong}") from None
    match chosen:
        case BuiltinSettings():
            return BuiltinDesk(store)
        case RtSettings():
            from controller.desks.rt import RtDesk  # noqa: PLC0415 - httpx takes a tenth of a second.
            from controller.desks.rt_wire import RtWire  # noqa: PLC0415

            token = secret(chosen.credential).strip()
            ca = None if chosen.ca is None else store.home / chosen.ca
            wire = RtWire(chosen.url, token, ca=ca, deadline=chosen.deadline)
            return RtDesk(wire, customer_field=chosen.customer_field)
