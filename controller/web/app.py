"""What does a browser or a program find here? One application: pages, programming interface, and the walls around it."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.staticfiles import StaticFiles

from controller.office import Office
from controller.settings import SettingsError
from controller.triggers.installed import intake_of
from controller.web import (
    customers,
    inbox,
    keys,
    language,
    live,
    login,
    oidc,
    operation,
    plans,
    portal,
    portal_accesses,
    releasing,
    ringing,
    runs,
    tickets,
)
from controller.web.api.app import add_api
from controller.web.door import Door, ForeignError, LogInError, ProveError
from controller.web.logs import REQUEST
from controller.web.operation import Gauges
from controller.web.pages import Pages
from controller.web.problems import of_program, problem
from controller.web.provider import Provider
from controller.web.underway import UnderWay

__all__ = ["make_app"]

_HERE = Path(__file__).parent
# No script, style, frame or form but our own, and none within a page.
_WALLS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; frame-src 'self'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    # Nothing is told elsewhere; without it among ourselves a browser hides from us that a form is ours.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


def make_app(office: Office, door: Door) -> FastAPI:
    """Build the application of one installation. door: who tells people apart."""
    app = FastAPI(
        title="Secondline",
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=_open,
    )
    app.state.office, app.state.door, app.state.pages = office, door, Pages()
    app.state.provider = _provider(office)
    app.state.underway = UnderWay(office)
    app.state.gauges = Gauges(office.store, app.state.underway)
    for part in (
        login,
        oidc,
        inbox,
        customers,
        tickets,
        live,
        runs,
        plans,
        keys,
        language,
        releasing,
        portal,
        portal_accesses,
        ringing,
        operation,
    ):
        app.include_router(part.router)
    add_api(app)
    app.mount("/static", StaticFiles(directory=_HERE / "static"), name="static")
    app.mount("/htmx", StaticFiles(directory=_htmx()), name="htmx")
    app.middleware("http")(_walls)
    app.add_exception_handler(LogInError, _log_in)
    app.add_exception_handler(ProveError, _prove)
    app.add_exception_handler(ForeignError, _foreign)
    app.add_exception_handler(HTTPException, _refused)
    return app


@asynccontextmanager
async def _open(app: FastAPI) -> AsyncIterator[None]:
    """While it serves, workers stand ready; what is under way at its end is stopped, and written down."""
    underway: UnderWay = app.state.underway
    await underway.open()
    stop, taking = asyncio.Event(), None
    office: Office = app.state.office
    if office.settings.trigger:
        taking = asyncio.create_task(intake_of(office, underway.nursery).work(stop))
    try:
        yield
    finally:
        stop.set()
        if taking is not None:
            await taking
        await underway.close()


def _provider(office: Office) -> Provider | None:
    """Who vouches for people at log-in, where the settings name somebody. Raises SettingsError."""
    settings = office.settings.oidc
    if settings is None:
        return None
    reference = settings.secret
    try:
        return Provider(settings, lambda: office.credentials.resolve(reference).strip() if reference else "")
    except OSError as error:
        raise SettingsError(f"[oidc] ca: {settings.ca} cannot be used: {error.strerror or error}") from None


def _htmx() -> Path:
    """Where htmx lies: in a package that carries it. Nothing of that package is run."""
    found = find_spec("django_htmx")
    if found is None or not found.submodule_search_locations:
        raise FileNotFoundError("htmx is not here: install secondline[controller] again")
    return Path(found.submodule_search_locations[0]) / "static" / "django_htmx"


async def _walls(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    named, began = secrets.token_hex(8), time.monotonic()
    REQUEST.set(named)
    response = await call_next(request)
    route = getattr(request.scope.get("route"), "path", "elsewhere")
    gauges: Gauges = request.app.state.gauges
    gauges.latency.labels(request.method, route, str(response.status_code)).observe(time.monotonic() - began)
    for name, value in _WALLS.items():
        response.headers.setdefault(name, value)
    response.headers["X-Request-Id"] = named
    if not request.url.path.startswith(("/static/", "/htmx/")):
        response.headers.setdefault("Cache-Control", "no-store")
    return response


def _log_in(request: Request, _error: Exception) -> Response:
    if of_program(request):
        why = "bring a token along (secondline people token), or log in"
        return problem(401, why, {"WWW-Authenticate": "Bearer"})
    return RedirectResponse(f"/login?next={request.url.path}", 303)


def _prove(request: Request, _error: Exception) -> Response:
    """What was sent is not kept meanwhile: it is asked for again, on the page that it came from."""
    if of_program(request):
        return problem(
            403, "a person has to do this, who gave a second factor a few minutes ago: /login/second"
        )
    came = urlsplit(request.headers.get("referer", "")).path or "/"
    if request.headers.get("hx-request"):
        return Response(status_code=204, headers={"HX-Redirect": f"/login/second?next={came}"})
    return RedirectResponse(f"/login/second?next={came}", 303)


def _foreign(request: Request, _error: Exception) -> Response:
    pages: Pages = request.app.state.pages
    if of_program(request):
        return problem(403, "send the header x-csrf-token of a page of this log-in along, or a token instead")
    return pages.show(request, "foreign.html", status=403)


def _refused(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    pages: Pages = request.app.state.pages
    if of_program(request):
        here = "see that it exists, and that you may see it"
        return problem(error.status_code, here if error.status_code == 404 else error.detail, error.headers)
    return pages.show(request, "refused.html", status=error.status_code, code=error.status_code)
