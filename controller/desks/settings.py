"""What may stand in the settings about a ticket system? One table, `[desks.NAME]`, a kind each; never a secret."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import available_timezones

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, field_validator
from pydantic_core import ErrorDetails

__all__ = [
    "AnySettings",
    "BuiltinSettings",
    "DeskSettings",
    "JiraSettings",
    "RtSettings",
    "ServiceNowSettings",
    "TopdeskSettings",
    "WebSettings",
    "ZammadSettings",
    "ZnunySettings",
    "adapter",
    "mistake",
]

_KINDS = ("builtin", "rt", "zammad", "znuny", "jira", "servicenow", "topdesk")
_Reference = Annotated[str, Field(pattern=r"^(file|age|env|keyring):\S+$")]


class BuiltinSettings(BaseModel):
    """The ticket system inside Secondline."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["builtin"] = "builtin"


class WebSettings(BaseModel):
    """A ticket system that is spoken to over HTTPS. credential: where its token is, never the token itself.

    ca: a PEM file with the authority that vouches for the server, from the home folder on; those of the system when
    it is not given. customers: what the ticket names -> the customer's id in the contract, where they differ.
    ring: where the secret of its webhooks is; ring_window: the seconds for which a ring counts.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str
    credential: _Reference
    ca: Path | None = None
    deadline: float = Field(default=30.0, gt=0, le=300)
    customers: dict[str, str] = {}
    ring: _Reference | None = None
    ring_window: float = Field(default=300.0, ge=10, le=86_400)


class RtSettings(WebSettings):
    """A Request Tracker 5. The fields are its custom fields; tags: one for several values."""

    kind: Literal["rt"]
    customer_field: str = "Customer"
    category_field: str = "Category"
    tags_field: str = "Tags"


class ZammadSettings(WebSettings):
    """A Zammad 6. The fields are attributes of its tickets; settle: seconds by which its search is late at most."""

    kind: Literal["zammad"]
    customer_field: str = "organization"
    category_field: str = "type"
    settle: float = Field(default=30.0, ge=1, le=600)
    # Zammad sends again four times, each time later.
    ring_window: float = Field(default=3600.0, ge=10, le=86_400)


class ZnunySettings(WebSettings):
    """A Znuny or OTOBO, by the generic interface; credential: the password of `user`.

    service: the name of the web service there; tags_field: a dynamic field for text, none when empty; time_zone:
    that of the system, in which it writes times.
    """

    kind: Literal["znuny"]
    user: str = Field(min_length=1)
    service: str = Field(default="GenericTicketConnectorREST", pattern=r"^[A-Za-z0-9_.-]+$")
    customer_field: str = "CustomerID"
    category_field: str = "Service"
    tags_field: str = ""
    time_zone: str = "UTC"

    @field_validator("time_zone")
    @classmethod
    def _known(cls, value: str) -> str:
        if value not in available_timezones():
            raise ValueError(f"{value!r} is no time zone: write it like 'Europe/Berlin'")
        return value


class JiraSettings(WebSettings):
    """A Jira Service Management. account: the e-mail of a Cloud account; empty for Data Center's own tokens.

    customer_field: the id of the field that names the customer, like customfield_10002.
    """

    kind: Literal["jira"]
    account: str = ""
    customer_field: str = Field(pattern=r"^[a-z]+(_\d+)?$")
    category_field: str = Field(default="components", pattern=r"^[a-z]+(_\d+)?$")
    settle: float = Field(default=60.0, ge=1, le=600)
    # Jira sends again five times, a quarter of an hour apart at most.
    ring_window: float = Field(default=3600.0, ge=10, le=86_400)


class ServiceNowSettings(WebSettings):
    """A ServiceNow, its incidents; credential: the password of `user`, or a token of OAuth where there is none.

    The fields are those of the table `incident`. close_code: what stands as resolution where a state demands one.
    """

    kind: Literal["servicenow"]
    user: str = ""
    customer_field: str = Field(default="company", pattern=r"^[a-z_][a-z0-9_.]*$")
    category_field: str = Field(default="category", pattern=r"^[a-z_][a-z0-9_.]*$")
    close_code: str = "Solution provided"
    settle: float = Field(default=30.0, ge=1, le=600)


class TopdeskSettings(WebSettings):
    """A TOPdesk, its incidents; credential: an application password of the operator `user`.

    tags_field: a text of the optional fields, such as optionalFields1.text1; none when empty.
    """

    kind: Literal["topdesk"]
    user: str = Field(min_length=1)
    customer_field: str = Field(default="callerBranch", pattern=r"^[A-Za-z0-9]+(\.[A-Za-z0-9]+)?$")
    category_field: str = Field(default="category", pattern=r"^[A-Za-z0-9]+(\.[A-Za-z0-9]+)?$")
    tags_field: str = Field(default="", pattern=r"^(optionalFields[12]\.text[1-5])?$")
    settle: float = Field(default=30.0, ge=1, le=600)


AnySettings = (
    BuiltinSettings
    | RtSettings
    | ZammadSettings
    | ZnunySettings
    | JiraSettings
    | ServiceNowSettings
    | TopdeskSettings
)
DeskSettings = Annotated[AnySettings, Field(discriminator="kind")]


@cache
def adapter() -> TypeAdapter[AnySettings]:
    return TypeAdapter(DeskSettings)


def mistake(detail: ErrorDetails) -> str:
    """One of pydantic's errors, as whoever writes the file sees it."""
    match detail["type"]:
        case "union_tag_invalid" | "union_tag_not_found":
            return f"kind must be one of {', '.join(_KINDS)}"
        case "missing":
            return f"{detail['loc'][-1]} is missing"
        case "extra_forbidden":
            return f"{detail['loc'][-1]} is unknown: remove it"
        case "string_pattern_mismatch" if detail["loc"][-1] in {"credential", "ring"}:
            return (
                f'{detail["loc"][-1]} must name where the token is, like "file:rt.token", and never hold it'
            )
        case _:
            return f"{'.'.join(map(str, detail['loc'][-1:])) or 'it'}: {detail['msg']}"
