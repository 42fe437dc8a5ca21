"""Shall all work stop? Kill switches that need neither the controller nor a network: files in the agent's folder.

`stop` stops everything, `stop-CUSTOMER` one customer. That a file is there is what counts, whatever is in it: what
it says is shown as the reason. A folder that cannot be looked at counts as stopped.
"""

from __future__ import annotations

from pathlib import Path

__all__ = ["resume", "throw", "thrown"]

_LONGEST = 200


def thrown(folder: Path, customer: str) -> str:
    """Why work for a customer is stopped here, '' when it is not."""
    for file in (folder / "stop", folder / f"stop-{customer}"):
        try:
            file.lstat()
        except FileNotFoundError:
            continue
        except OSError as error:
            return f"{file} cannot be looked at: {error.strerror}"
        return f"{file.name}: {_said(file)}" if _said(file) else file.name
    return "" if folder.is_dir() else f"{folder} is gone"


def all_thrown(folder: Path) -> tuple[str, ...]:
    """The names of all switches that are thrown here."""
    return tuple(
        sorted(file.name for file in folder.glob("stop*") if file.name == "stop" or file.name[4] == "-")
    )


def _said(file: Path) -> str:
    try:
        text = file.read_bytes()[:_LONGEST].decode("utf-8", "replace") if file.is_file() else ""
    except OSError:
        return ""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())


def throw(folder: Path, customer: str, why: str) -> Path:
    """Stop one customer, or everything where it is ''. Raises OSError."""
    file = _file(folder, customer)
    file.write_text(f"{why}\n", encoding="utf-8")
    return file


def resume(folder: Path, customer: str) -> bool:
    """Let work go on; False when it was not stopped in this way. Raises OSError."""
    file = _file(folder, customer)
    try:
        file.unlink()
    except FileNotFoundError:
        return False
    return True


def _file(folder: Path, customer: str) -> Path:
    return folder / (f"stop-{customer}" if customer else "stop")
