"""Where the database lies is read from the settings, and no password, and nothing that takes TLS away, stands there."""

from __future__ import annotations

from pathlib import Path

import pytest

from controller.settings import SettingsError, load_settings


def _written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    (tmp_path / "settings.toml").write_text(text, "utf-8")
    monkeypatch.setenv("SECONDLINE_HOME", str(tmp_path))


def test_a_server_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _written(tmp_path, monkeypatch, '[store]\nurl = "postgresql://s@db.example/s"\npassword = "file:store"\n')
    said = load_settings().store
    assert said is not None
    assert (said.url, said.password, said.ca) == ("postgresql://s@db.example/s", "file:store", None)


def test_without_a_server_the_file_in_the_home_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _written(tmp_path, monkeypatch, "")
    assert load_settings().store is None


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://s:hunter2@db.example/s",
        "postgresql://s@db.example/s?sslmode=disable",
        "postgresql://s@db.example/s?host=other.example",
        "postgresql://s@db.example/s?password=hunter2",
        "postgresql://s@db.example",
        "mysql://s@db.example/s",
    ],
)
def test_an_address_that_cannot_be_is_refused_without_being_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    _written(tmp_path, monkeypatch, f'[store]\nurl = "{url}"\n')
    with pytest.raises(SettingsError, match=r"settings.toml:1: .*'store'") as told:
        load_settings()
    assert "hunter2" not in str(told.value)
