"""How is a report shown within our pages? As it is, walled in: no script, no form, nothing loaded, and in no page but ours."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib.resources import files

from starlette.responses import Response

__all__ = ["walled_in"]


def walled_in(page: bytes, *, name: str = "") -> Response:
    """A report's page. name: of the file, where it shall be saved and not shown."""
    policy = (
        f"default-src 'none'; style-src '{_style()}'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; "
        "sandbox"
    )
    headers = {"Content-Security-Policy": policy}
    if name:
        headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return Response(page, media_type="text/html; charset=utf-8", headers=headers)


@cache
def _style() -> str:
    """The hash of the report's own style sheet, which stands in the report."""
    style = files("controller.reports").joinpath("page.css").read_text("utf-8")
    return f"sha256-{base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()}"
