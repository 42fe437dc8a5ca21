"""Which ticket system is meant? Makes a desk from its name and its settings.

```toml
[desks.helpdesk]
kind = "zammad"
url = "https://desk.example"
credential = "file:desk.token"
customers = { "Musterbau GmbH" = "musterbau" }
ring = "file:desk.ring"
```

The desk `builtin` is always there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path

from pydantic import ValidationError

from controller.desks.builtin import BuiltinDesk
from controller.desks.desk import Desk, DeskRefusedError
from controller.desks.ring import Bell, How
from controller.desks.settings import (
    AnySettings,
    BuiltinSettings,
    DeskSettings,
    JiraSettings,
    RtSettings,
    ServiceNowSettings,
    TopdeskSettings,
    WebSettings,
    ZammadSettings,
    ZnunySettings,
    adapter,
    mistake,
)
from controller.store.store import Store

__all__ = ["BuiltinSettings", "DeskSettings", "RtSettings", "bell_named", "desk_named"]


def desk_named(
    name: str, settings: Mapping[str, object], *, store: Store, secret: Callable[[str], str]
) -> Desk:
    """Make the desk of this name. settings: desk name -> its settings, as read from a file.

    secret: gives the secret behind a credential reference, such as `Credentials.resolve`; what it raises
    comes through. Raises DeskRefusedError when no such desk is set up, or not rightly.
    """
    chosen = _chosen(name, settings)
    if isinstance(chosen, BuiltinSettings):
        return BuiltinDesk(store)
    return _over_the_web(chosen, store, secret(chosen.credential).strip())


def bell_named(name: str, settings: Mapping[str, object], *, secret: Callable[[str], str]) -> Bell:
    """How the desk of this name rings. Raises DeskRefusedError when it is not set up to."""
    chosen = _chosen(name, settings)
    if not isinstance(chosen, WebSettings) or chosen.ring is None:
        raise DeskRefusedError(f"the desk {name!r} does not ring: it has no 'ring' in the settings")
    how: How = chosen.kind if isinstance(chosen, ZammadSettings | JiraSettings) else "signed"
    try:
        return Bell(
            desk=name,
            how=how,
            secret=secret(chosen.ring).strip(),
            window=timedelta(seconds=chosen.ring_window),
        )
    except ValueError as error:
        raise DeskRefusedError(str(error)) from None


def _chosen(name: str, settings: Mapping[str, object]) -> AnySettings:
    wanted = settings.get(name, {"kind": "builtin"} if name == "builtin" else None)
    if wanted is None:
        raise DeskRefusedError(
            f"there is no desk {name!r} in the settings: there are {', '.join(sorted({'builtin', *settings}))}"
        )
    try:
        return adapter().validate_python(wanted)
    except ValidationError as error:
        wrong = "; ".join(mistake(detail) for detail in error.errors())
        raise DeskRefusedError(f"[desks.{name}] in the settings is not right: {wrong}") from None


def _over_the_web(
    chosen: RtSettings | ZammadSettings | ZnunySettings | JiraSettings | ServiceNowSettings | TopdeskSettings,
    store: Store,
    token: str,
) -> Desk:
    ca = None if chosen.ca is None else store.home / chosen.ca
    match chosen:
        case RtSettings():
            return _rt(chosen, token, ca)
        case ZammadSettings():
            return _zammad(chosen, token, ca)
        case ZnunySettings():
            return _znuny(chosen, token, ca)
        case JiraSettings():
            return _jira(chosen, token, ca)
        case ServiceNowSettings():
            return _servicenow(chosen, token, ca)
        case TopdeskSettings():
            return _topdesk(chosen, token, ca)


# Each adapter is loaded where it is used: httpx takes a tenth of a second.


def _rt(chosen: RtSettings, token: str, ca: Path | None) -> Desk:
    from controller.desks.rt import RtDesk  # noqa: PLC0415
    from controller.desks.rt_wire import RtWire  # noqa: PLC0415

    return RtDesk(
        RtWire(chosen.url, token, ca=ca, deadline=chosen.deadline),
        customer_field=chosen.customer_field,
        category_field=chosen.category_field,
        tags_field=chosen.tags_field,
        customers=chosen.customers,
    )


def _zammad(chosen: ZammadSettings, token: str, ca: Path | None) -> Desk:
    from controller.desks.zammad import ZammadDesk, zammad_wire  # noqa: PLC0415

    return ZammadDesk(
        zammad_wire(chosen.url, token, ca=ca, deadline=chosen.deadline),
        customer_field=chosen.customer_field,
        category_field=chosen.category_field,
        customers=chosen.customers,
        settle=chosen.settle,
    )


def _znuny(chosen: ZnunySettings, token: str, ca: Path | None) -> Desk:
    from controller.desks.znuny import ZnunyDesk, ZnunyWire  # noqa: PLC0415

    return ZnunyDesk(
        ZnunyWire(chosen.url, chosen.user, token, service=chosen.service, ca=ca, deadline=chosen.deadline),
        customer_field=chosen.customer_field,
        category_field=chosen.category_field,
        tags_field=chosen.tags_field,
        customers=chosen.customers,
        zone=chosen.time_zone,
    )


def _jira(chosen: JiraSettings, token: str, ca: Path | None) -> Desk:
    from controller.desks.jira import JiraDesk, jira_wire  # noqa: PLC0415

    return JiraDesk(
        jira_wire(chosen.url, chosen.account, token, ca=ca, deadline=chosen.deadline),
        customer_field=chosen.customer_field,
        category_field=chosen.category_field,
        customers=chosen.customers,
        settle=chosen.settle,
    )


def _servicenow(chosen: ServiceNowSettings, token: str, ca: Path | None) -> Desk:
    from controller.desks.servicenow import ServiceNowDesk, servicenow_wire  # noqa: PLC0415

    return ServiceNowDesk(
        servicenow_wire(chosen.url, chosen.user, token, ca=ca, deadline=chosen.deadline),
        customer_field=chosen.customer_field,
        category_field=chosen.category_field,
        close_code=chosen.close_code,
        customers=chosen.customers,
        settle=chosen.settle,
    )


def _topdesk(chosen: TopdeskSettings, token: str, ca: Path | None) -> Desk:
    from controller.desks.topdesk import TopdeskDesk, topdesk_wire  # noqa: PLC0415

    return TopdeskDesk(
        topdesk_wire(chosen.url, chosen.user, token, ca=ca, deadline=chosen.deadline),
        customer_field=chosen.customer_field,
        category_field=chosen.category_field,
        tags_field=chosen.tags_field,
        customers=chosen.customers,
        settle=chosen.settle,
    )
