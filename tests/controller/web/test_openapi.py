"""Does the programming interface keep what its own description says, whatever is sent to it?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import CHECKS

from controller.office import open_office
from controller.web.access import Person, Role
from controller.web.app import make_app
from tests.controller.web.doors import Fixed

pytestmark = pytest.mark.slow

_WHO = Person(id="eva", name="Eva Eng", roles={"*": Role.ENGINEER})
_HELD = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
)


def test_every_route_answers_as_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECONDLINE_HOME", str(tmp_path))
    app = make_app(open_office(print), Fixed(_WHO))
    schema = schemathesis.openapi.from_asgi("/api/openapi.json", app)
    checks: list[Any] = [check for check in CHECKS.get_all() if check.__name__ in _HELD]
    assert len(checks) == len(_HELD)
    every: list[Any] = list(schema.get_all_operations())
    routes = [found.ok() for found in every]
    assert len(routes) > 10
    for route in routes:

        @settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
        @given(case=route.as_strategy())
        def answers(case: Any) -> None:  # noqa: ANN401 - as schemathesis makes it.
            case.call_and_validate(checks=checks)

        answers()
