"""Is everything written as the house writes? What no linter knows: one broad except, one maker of leaves."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator

import pytest

from tests.house.source import FOLDERS, TOP, Source, product, sources, written

_BROAD = {"Exception", "BaseException"}
_FORBIDDEN_CALLS = {
    "eval",
    "exec",
    "compile",
    "__import__",
    "os.system",
    "os.popen",
    "subprocess.getoutput",
    "subprocess.getstatusoutput",
    "asyncio.create_subprocess_shell",
    "yaml.load",
    "yaml.load_all",
    "yaml.unsafe_load",
    "yaml.full_load",
}
_FORBIDDEN_MODULES = {"pickle", "cPickle", "dill", "marshal", "shelve", "pty", "commands"}
_LONGEST_FILE = 400
_LONGEST_FUNCTION = 60
_LONGEST_PAGE = 80
# Put together from pieces, so that this file may be looked at as well.
_MACHINE = re.compile(r"(?<![\w.*}-])/(?:" + "|".join(("wo" + "rk", "ro" + "ot")) + r")/")
_REGISTRY = re.compile(
    r"\b(?:"
    + "|".join(("py" + r"pi\.", "pythonho" + "sted", "npm" + "js", "crates" + r"\.io", "arti" + "factory"))
    + ")",
    re.IGNORECASE,
)
# What hosts once answered: the paths in there are theirs.
_RECORDED = re.compile(r"tests/collectors/\w+/[\w-]+/[^/]+\.(toml|json|txt)")


def _name(node: ast.expr | None) -> str:
    return ast.unparse(node) if node is not None else ""


def _found(wrong: Callable[[ast.AST], bool]) -> list[str]:
    """Where a node of the product is wrong."""
    return [
        f"{file.name}:{getattr(node, 'lineno', 0)}"
        for file in product()
        for node in ast.walk(file.tree)
        if wrong(node)
    ]


def test_there_is_exactly_one_broad_except() -> None:
    """A handler that only tidies up and raises again swallows nothing, and does not count."""

    def swallows(node: ast.AST) -> bool:
        match node:
            case ast.ExceptHandler(type=kind, body=body):
                named = {_name(n) for n in ast.walk(kind) if isinstance(n, ast.expr)} if kind else _BROAD
                return bool(_BROAD & named) and not _always_raises(body)
            case ast.Call(func=func, args=args) if _name(func).endswith("suppress"):
                return bool(_BROAD & {_name(arg) for arg in args})
            case _:
                return False

    assert [place.partition(":")[0] for place in _found(swallows)] == ["agent/patient.py"]


def _always_raises(body: list[ast.stmt]) -> bool:
    """Whether no way through these statements ends in anything but a raise."""
    match body[-1]:
        case ast.Raise():
            return True
        case ast.If(body=yes, orelse=[_, *_] as no):
            return _always_raises(yes) and _always_raises(no)
        case ast.Match(cases=[*_, ast.match_case(pattern=ast.MatchAs(pattern=None), guard=None)] as cases):
            return all(_always_raises(case.body) for case in cases)
        case _:
            return False


def test_nothing_is_asserted_and_nothing_global_is_changed_in_the_product() -> None:
    assert not _found(lambda node: isinstance(node, ast.Assert | ast.Global))


def test_no_text_is_run_as_code_or_by_a_shell() -> None:
    def runs_text(node: ast.AST) -> bool:
        match node:
            case ast.Call(func=func, keywords=keywords):
                shell = any(k.arg == "shell" and _name(k.value) != "False" for k in keywords)
                return shell or _name(func) in _FORBIDDEN_CALLS
            case _:
                return False

    assert not _found(runs_text)


def test_no_format_is_read_that_runs_code() -> None:
    assert not [
        f"{file.name}:{line}"
        for file in product()
        for line, module in file.imports
        if module.partition(".")[0] in _FORBIDDEN_MODULES
    ]


def test_only_a_verified_grant_makes_a_leave() -> None:
    makes = [
        file.name
        for file in product()
        for node in ast.walk(file.tree)
        if isinstance(node, ast.Call) and _name(node.func).rpartition(".")[2] == "Leave"
    ]
    assert makes == ["inventory/grant.py"]


def test_public_names_exist() -> None:
    missing = [f"{file.name}: {name}" for file in product() for name in _public(file) - _defined(file)]
    assert not missing


def test_every_module_with_public_names_says_what_it_is_for() -> None:
    assert not [file.name for file in product() if _public(file) and not ast.get_docstring(file.tree)]


def _public(file: Source) -> set[str]:
    for node in file.tree.body:
        match node:
            case ast.Assign(targets=[ast.Name("__all__")], value=value):
                return set(ast.literal_eval(value))
            case _:
                pass
    return set()


def _defined(file: Source) -> set[str]:
    """Names that a module binds at its top."""
    found: set[str] = set()
    for node in file.tree.body:
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                found.add(name)
            case ast.Import(names=names) | ast.ImportFrom(names=names):
                found |= {(alias.asname or alias.name).partition(".")[0] for alias in names}
            case ast.Assign() | ast.AnnAssign():
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                found |= {n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name)}
            case _:
                pass
    return found


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_folder_explains_itself_on_one_page(folder: str) -> None:
    assert (TOP / folder / "README.md").is_file()
    for page in (TOP / folder).rglob("README.md"):
        assert len(page.read_text(encoding="utf-8").splitlines()) <= _LONGEST_PAGE, page


def test_files_are_short() -> None:
    long = {
        f.name: f.text.count("\n")
        for f in (*product(), *sources("tests"))
        if f.text.count("\n") > _LONGEST_FILE
    }
    assert not long


def test_functions_are_short() -> None:
    assert not list(_long_functions())


def _long_functions() -> Iterator[str]:
    for file in (*product(), *sources("tests")):
        for node in ast.walk(file.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > _LONGEST_FUNCTION:
                    yield f"{file.name}:{node.lineno} {node.name}: {lines} lines"


def test_no_file_speaks_of_the_machine_it_was_written_on() -> None:
    found = [
        f"{name}:{number} {line.strip()[:80]}"
        for name, text in written()
        if not _RECORDED.match(name)
        for number, line in enumerate(text.splitlines(), 1)
        if _MACHINE.search(line) or _REGISTRY.search(line)
    ]
    assert not found
