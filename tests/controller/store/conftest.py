from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.store.server import Server
from controller.store.store import Store, open_store


@pytest.fixture
def store(tmp_path: Path, server: Server | None) -> Iterator[Store]:
    opened = open_store(tmp_path / "home", server)
    yield opened
    opened.close()
