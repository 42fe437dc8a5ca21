"""What stands in the files? The product's and the tests' own sources, read and parsed once."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

__all__ = ["FOLDERS", "TOP", "Source", "product", "sources", "written"]

TOP = Path(__file__).resolve().parents[2]
# From the lowest to the highest: each may import those before it.
FOLDERS = ("inventory", "collectors", "playbooks", "agent", "controller")
_KINDS = {".py", ".md", ".toml", ".yaml", ".yml", ".json", ".html", ".css", ".pl", ".sh", ".ini", ".lock", ""}


@dataclass(frozen=True, slots=True)
class Source:
    """One Python file; `name` is its path below the project's folder."""

    name: str
    text: str
    tree: ast.Module

    @property
    def folder(self) -> str:
        return self.name.partition("/")[0]

    @property
    def imports(self) -> tuple[tuple[int, str], ...]:
        """Line and module of every import: at the top, in functions and under TYPE_CHECKING alike."""
        return _imports(self.name)

    def looked_through(self) -> Iterator[tuple[int, str]]:
        for node in ast.walk(self.tree):
            match node:
                case ast.Import(names):
                    yield from ((node.lineno, alias.name) for alias in names)
                case ast.ImportFrom(module=str(module), names=names, level=0):
                    yield node.lineno, module
                    yield from ((node.lineno, f"{module}.{alias.name}") for alias in names)
                case ast.ImportFrom():
                    yield node.lineno, f"{self.folder}.?"
                case _:
                    pass


@cache
def _imports(name: str) -> tuple[tuple[int, str], ...]:
    return tuple(_source(TOP / name).looked_through())


@cache
def sources(*folders: str) -> tuple[Source, ...]:
    """The Python files of some folders, in the order of their names."""
    found = sorted(path for folder in folders for path in (TOP / folder).rglob("*.py"))
    return tuple(_source(path) for path in found)


@cache
def _source(path: Path) -> Source:
    text = path.read_text(encoding="utf-8")
    return Source(str(path.relative_to(TOP)), text, ast.parse(text))


def product() -> tuple[Source, ...]:
    return sources(*FOLDERS)


_INSTALLED = frozenset({"__pycache__", "node_modules"})


def written() -> Iterator[tuple[str, str]]:
    """Name and text of every text file that is the project's: product, tests and the files at the top."""
    for path in sorted((*TOP.iterdir(), *(p for f in (*FOLDERS, "tests") for p in (TOP / f).rglob("*")))):
        if path.is_file() and path.suffix in _KINDS and not _INSTALLED & {*path.parts}:
            yield str(path.relative_to(TOP)), path.read_text(encoding="utf-8", errors="replace")
