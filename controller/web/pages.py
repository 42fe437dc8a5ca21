"""How does a page look, and in which language? Jinja templates, Babel's catalogues, the language's dates and numbers.

Texts stand in templates in English (`{% trans %}`, `_()`); `locale/de.po` has the German ones and is read as it is: no
build step. A text without a German one fails a test.
"""

from __future__ import annotations

import io
from datetime import datetime
from gettext import GNUTranslations, NullTranslations
from pathlib import Path
from typing import Any

from babel.dates import format_datetime, format_timedelta
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from controller.web.door import person_of, token_of

__all__ = ["LANGUAGES", "Pages", "language_of"]

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
        environment = self._environments[language_of(request)]
        text = environment.get_template(template).render(
            request=request,
            language=language_of(request),
            person=person_of(request),
            csrf=token_of(request),
            **facts,
        )
        return HTMLResponse(text, status, headers=headers)


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


def _environment(language: str) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    environment.install_gettext_translations(_translations(language), newstyle=True)  # type: ignore[attr-defined]
    environment.filters["moment"] = lambda value: _moment(value, language)
    environment.filters["ago"] = lambda value: _ago(value, language)
    environment.filters["number"] = lambda value: format_decimal(value, locale=language)
    return environment


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


def _moment(value: datetime, language: str) -> str:
    return format_datetime(value.astimezone(), "medium", locale=language)


def _ago(value: datetime, language: str) -> str:
    return format_timedelta(value - datetime.now(value.tzinfo), add_direction=True, locale=language)
