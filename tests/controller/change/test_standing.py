"""Is what `playbooks list` says of rehearsals what the rehearsals have written down?"""

from __future__ import annotations

from pathlib import Path

from controller.change.standing import rehearsed, standings
from controller.store.store import open_store
from playbooks.catalogue import playbook_catalogue
from tests.playbooks.book import read


def test_what_was_rehearsed_is_told_as_it_was_written_down(tmp_path: Path) -> None:
    assert dict(rehearsed()) == read()
    store = open_store(tmp_path / "home")
    told = {one.name: one for one in standings(store)}
    store.close()
    assert told.keys() == playbook_catalogue().keys()
    assert all(one.rehearsed == read().get(name, ()) for name, one in told.items())
    assert not any(one.promoted or one.agreed or one.differed or one.open for one in told.values())
