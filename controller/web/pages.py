"""How does a page look, and in which language? Jinja templates, Babel's catalogues, the language's dates and numbers.

Texts stand in templates in English (`{% trans %}`, `_()`); `locale/de.po` has the German ones and is read as it is: no
build step. A text without a German one fails a test.
"""

from __future__ import annotations

import io
from datetime import datetime, tzinfo
from gettext import GNUTranslations, NullTranslations
from pathlib import Path
from typing import Any
from urllib.parse import quote

from babel.dates import format_date, format_datetime, format_time, format_timedelta
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse

from controller.reports.inert import clip, inert
from controller.web.access import Right, may
from controller.web.door import person_of, token_of

__all__ = ["LANGUAGES", "Pages", "language_of", "segment"]

_HERE = Path(__file__).parent
LANGUAGES = ("de", "en")


class Pages:
    """All templates, in all languages."""

    def __init__(self) -> None:
        self._environments = {language: _environment(language) for language in LANGUAGES}

    def show(
        self,
        request: Request,
        template: str,
        *,
        status: int = 200,
        headers: dict[str, str] | None = None,
        **facts: Any,  # noqa: ANN401 - whatever a template needs.
    ) -> HTMLResponse:
        """Make a page, or a part of one (a template whose name begins with `_`)."""
        return HTMLResponse(self.text(request, template, **facts), status, headers=headers)

    def text(self, request: Request, template: str, **facts: Any) -> str:  # noqa: ANN401 - see above.
        """The same as text, such as for a part that is sent later."""
        environment = self._environments[language_of(request)]
        person = person_of(request)
        return environment.get_template(template).render(
            request=request,
            language=language_of(request),
            person=person,
            csrf=token_of(request),
            can=lambda right: may(person, Right(right)),
            **facts,
        )


def language_of(request: Request) -> str:
    """The language of whoever asks: what they chose, what they set, what their browser says."""
    chosen = request.cookies.get("language", "")
    person = person_of(request)
    if chosen in LANGUAGES:
        return chosen
    if person is not None and person.language in LANGUAGES:
        return person.language
    wanted = request.headers.get("accept-language", "")
    for part in wanted.split(","):
        code = part.split(";")[0].strip()[:2].lower()
        if code in LANGUAGES:
            return code
    return LANGUAGES[0]


def segment(text: object) -> str:
    """One segment of an address, whatever it holds."""
    return quote(str(text), safe="")


def _environment(language: str) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        finalize=_finalize,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    environment.install_gettext_translations(_translations(language), newstyle=True)  # type: ignore[attr-defined]
    environment.filters["moment"] = lambda value, zone=None: _moment(value, language, zone)
    environment.filters["exactly"] = lambda value: format_datetime(
        value.astimezone(), "medium", locale=language
    )
    environment.filters["ago"] = lambda value: _ago(value, language)
    environment.filters["day"] = lambda value: format_date(value, "medium", locale=language)
    environment.filters["segment"] = segment
    environment.filters["clip"] = clip
    environment.filters["number"] = lambda value: format_decimal(value, locale=language)
    return environment


def _finalize(value: object) -> object:
    """Whatever a host or a ticket says can be read on a page, and nothing else."""
    return inert(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _translations(language: str) -> NullTranslations:
    path = _HERE / "locale" / f"{language}.po"
    if not path.exists():
        return NullTranslations()
    with path.open("rb") as file:
        catalogue = read_po(file, locale=language)
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return GNUTranslations(compiled)


def _moment(value: datetime, language: str, zone: tzinfo | None = None) -> str:
    """A moment to the minute, where the reader is, or in a zone that is named."""
    local = value.astimezone(zone)
    return f"{format_date(local, 'medium', locale=language)}, {format_time(local, 'short', locale=language)}"


def _ago(value: datetime, language: str) -> str:
    return format_timedelta(value - datetime.now(value.tzinfo), add_direction=True, locale=language)
