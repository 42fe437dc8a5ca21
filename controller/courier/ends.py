"""What does a process need that works at the controller's end of many sites? Both ends, built from an installation."""

from __future__ import annotations

from dataclasses import dataclass

from controller.courier.broker import Exchange
from controller.courier.dispatch import Dispatch
from controller.courier.front import Front
from controller.courier.incoming import Incoming
from controller.office import Office
from controller.settings import SettingsError, broker_key, controller_pin, signing_key

__all__ = ["Ends", "ends_for"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ends:
    """exchange: the broker's end; dispatch: what answers there. front: what is served on the web (`/sites`), by itself or mounted."""

    exchange: Exchange
    front: Front
    dispatch: Dispatch


def ends_for(office: Office) -> Ends:
    """Raises SettingsError where the settings name no sites."""
    settings, home = office.settings.sites, office.settings.home
    if settings is None:
        raise SettingsError("the settings name no sites: write [sites]")
    incoming = Incoming(home / "incoming")
    authority = home / settings.ca if settings.ca else None
    dispatch = Dispatch(store=office.store, key=signing_key(home), has=incoming.has)
    return Ends(
        dispatch=dispatch,
        exchange=Exchange(
            office.store, dispatch, broker_key(home), (settings.control or settings.nats[0],), authority
        ),
        front=Front(
            store=office.store,
            incoming=incoming,
            controller=controller_pin(home),
            nats=settings.nats,
            authority=authority.read_text("ascii") if authority else "",
        ),
    )
