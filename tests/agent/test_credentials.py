"""Credentials by reference: what is there is found, what is not is told without showing any of it."""

import os
from pathlib import Path

import pyrage
import pytest

from agent.credentials import CredentialError, Credentials


def _file(folder: Path, name: str, content: bytes, mode: int = 0o600) -> Path:
    path = folder / name
    path.write_bytes(content)
    path.chmod(mode)
    return path


def test_a_private_file_is_read(tmp_path: Path) -> None:
    _file(tmp_path, "key", b"secret\n")
    assert Credentials(tmp_path).resolve("file:key") == "secret\n"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_a_file_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    _file(tmp_path, "key", b"very secret", mode)
    with pytest.raises(CredentialError, match="chmod 600") as told:
        Credentials(tmp_path).resolve("file:key")
    assert "very" not in str(told.value)


@pytest.mark.parametrize("name", ["../outside", "/etc/hostname", "sub/../../outside"])
def test_a_file_outside_the_folder_is_refused(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "credentials"
    folder.mkdir()
    _file(tmp_path, "outside", b"secret")
    with pytest.raises(CredentialError, match="outside"):
        Credentials(folder).resolve(f"file:{name}")


def test_a_missing_and_an_empty_file_are_told_apart(tmp_path: Path) -> None:
    _file(tmp_path, "empty", b" \n")
    with pytest.raises(CredentialError, match="cannot be read"):
        Credentials(tmp_path).resolve("file:none")
    with pytest.raises(CredentialError, match="empty"):
        Credentials(tmp_path).resolve("file:empty")


def test_an_age_file_is_opened_with_the_identity(tmp_path: Path) -> None:
    mine, other = pyrage.x25519.Identity.generate(), pyrage.x25519.Identity.generate()
    _file(tmp_path, "age-identity", f"# made for a test\n{mine}\n".encode())
    _file(tmp_path, "mine.age", pyrage.encrypt(b"secret", [mine.to_public()]))
    _file(tmp_path, "other.age", pyrage.encrypt(b"secret", [other.to_public()]))
    assert Credentials(tmp_path).resolve("age:mine.age") == "secret"
    with pytest.raises(CredentialError, match="not encrypted to"):
        Credentials(tmp_path).resolve("age:other.age")


def test_an_environment_variable_that_is_not_set_is_told(tmp_path: Path) -> None:
    assert Credentials(tmp_path).resolve("env:PATH") == os.environ["PATH"]
    with pytest.raises(CredentialError, match="not set"):
        Credentials(tmp_path).resolve("env:SECONDLINE_SURELY_NOT_SET")


def test_an_unknown_kind_is_told(tmp_path: Path) -> None:
    with pytest.raises(CredentialError, match="no kind"):
        Credentials(tmp_path).resolve("vault:x")


def test_what_is_no_text_is_told_without_a_byte_of_it(tmp_path: Path) -> None:
    _file(tmp_path, "key", b"\xff\xfe secret")
    with pytest.raises(CredentialError, match="'key' is not text") as told:
        Credentials(tmp_path).resolve("file:key")
    assert "ff" not in str(told.value)


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "key", 0o600)
    with pytest.raises(CredentialError, match="not a file"):
        Credentials(tmp_path).resolve("file:key")
