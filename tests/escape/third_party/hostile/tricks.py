"""The wall itself is the target: its hook, its state, its code, the interpreter's list, the channel to the agent."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import os
import socket
import stat
import struct
import sys
import types
from collections.abc import Iterator
from pathlib import Path

from collectors import Resolver
from tests.escape.third_party.hostile.native import C, place
from tests.escape.third_party.hostile.way import At, attempt


def _reach(at: At) -> None:
    line = socket.socket()
    line.settimeout(1)
    line.connect((at.spot.other, 22))


def _wall_modules() -> Iterator[types.ModuleType]:
    """Everything that is loaded of the agent's walls, whatever it is called."""
    for name, module in tuple(sys.modules.items()):
        if name.startswith("agent.wall") or name in {"__main__", "agent.nursery", "agent.worker"}:
            yield module


def _walls() -> Iterator[object]:
    """Every object of a class of the wall's modules: from modules, from frames, from the collector of garbage."""
    seen: dict[int, object] = {}
    frames = list(sys._current_frames().values())
    for module in _wall_modules():
        seen |= {id(item): item for item in vars(module).values()}
    while frames:
        frame = frames.pop()
        seen |= {id(item): item for item in frame.f_locals.values()}
        if frame.f_back:
            frames.append(frame.f_back)
    seen |= {id(item): item for item in gc.get_objects()}
    for item in seen.values():
        if str(getattr(type(item), "__module__", "")).startswith("agent.wall"):
            yield item


class _Everywhere(frozenset[object]):
    """A set that holds whatever is asked for."""

    def __contains__(self, item: object) -> bool:
        return True


@attempt("a hook of one's own, in the hope to come before the wall's")
def own_hook(at: At) -> None:
    inside = False

    def hook(event: str, _: tuple[object, ...]) -> None:
        nonlocal inside
        if event.startswith("socket.") and not inside:
            inside = True
            _reach(at)

    sys.addaudithook(hook)
    _reach(at)


@attempt("the wall's doors are widened in its own object")
def widened(at: At) -> None:
    for wall in _walls():
        for name in (*getattr(type(wall), "__slots__", ()), *getattr(wall, "__dict__", ())):
            with contextlib.suppress(Exception):
                if isinstance(getattr(wall, name), (frozenset, set, dict, tuple)):
                    object.__setattr__(wall, name, _Everywhere())
    _reach(at)


@attempt("the wall is sealed a second time, with another door")
def sealed_again(at: At) -> None:
    for wall in _walls():
        with contextlib.suppress(Exception):
            wall.seal(frozenset({(at.spot.other, 22)}), print)  # type: ignore[attr-defined]
    _reach(at)


def _nothing(*_: object, **__: object) -> bool:
    return True


@attempt("the code of every function of the wall is exchanged")
def exchanged_code(at: At) -> None:
    for module in _wall_modules():
        if not module.__name__.startswith("agent.wall"):
            continue
        for item in tuple(vars(module).values()):
            inside = vars(item).values() if isinstance(item, type) else (item,)
            for function in inside:
                if isinstance(function, types.FunctionType) and not function.__closure__:
                    function.__code__ = _nothing.__code__
    _reach(at)


@attempt("every function of the wall's modules is replaced by name")
def replaced(at: At) -> None:
    for module in _wall_modules():
        if module.__name__.startswith("agent.wall"):
            for name, item in tuple(vars(module).items()):
                if isinstance(item, types.FunctionType):
                    setattr(module, name, _nothing)
                elif isinstance(item, type):
                    for inner, what in tuple(vars(item).items()):
                        if isinstance(what, types.FunctionType):
                            with contextlib.suppress(Exception):
                                setattr(item, inner, _nothing)
    _reach(at)


@attempt("the interpreter's list of hooks is emptied, in its memory")
def emptied_list(at: At) -> None:
    for where in _HOOKS:
        # Its size, which stands behind its count of references and its type.
        none = bytes(8)
        _memcpy(where + 16, place(none), 8)
    _reach(at)


_memcpy = C.memcpy
_memcpy.argtypes = (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t)


def _hooks() -> list[int]:
    """Where the list lies: hidden from the collector of garbage, but the interpreter's state points to it."""
    ctypes.pythonapi.PyInterpreterState_Get.restype = ctypes.c_void_p
    state = ctypes.pythonapi.PyInterpreterState_Get()
    readable, found = _readable(), []
    callables = {id(types.FunctionType), id(types.MethodType)}
    for offset in range(0, 1 << 16, 8):
        if not _lies_in(readable, state + offset):
            break
        pointer = _word(state + offset)
        if pointer % 8 or not _lies_in(readable, pointer) or not _lies_in(readable, pointer + 32):
            continue
        kind, size, items = (_word(pointer + 8 * number) for number in (1, 2, 3))
        if kind != id(list) or not 0 < size < 10 or not _lies_in(readable, items):
            continue
        if all(_kind_at(readable, _word(items + 8 * number)) in callables for number in range(size)):
            found.append(pointer)
    return found


def _kind_at(readable: list[tuple[int, int]], where: int) -> int:
    return _word(where + 8) if where % 8 == 0 and _lies_in(readable, where) else 0


def _word(where: int) -> int:
    return ctypes.c_uint64.from_address(where).value


def _readable() -> list[tuple[int, int]]:
    spans = []
    for line in Path("/proc/self/maps").read_text("ascii").splitlines():
        place_of, rights, *_ = line.split()
        if rights.startswith("rw"):
            first, _, last = place_of.partition("-")
            spans.append((int(first, 16), int(last, 16)))
    return spans


def _lies_in(spans: list[tuple[int, int]], where: int) -> bool:
    return any(first <= where < last - 8 for first, last in spans)


# Found while it was imported, when everything may still be looked at; and only where there is a wall to take out.
_PROGRAM = getattr(getattr(sys.modules["__main__"], "__spec__", None), "name", "")
_HOOKS = _hooks() if _PROGRAM == "tests.escape.nursery" else []


@attempt("the function that a socket calls is taken from the C library instead of Python", over=Resolver)
def other_module(at: At) -> None:
    import _socket  # noqa: PLC0415 - as an attacker would.

    line = _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM)
    line.settimeout(1)
    _socket.socket.connect(line, (at.spot.other, 22))


@attempt("an address whose text changes when it is looked at twice")
def two_faced_text(at: At) -> None:
    class Text(str):
        __slots__ = ()

        def __str__(self) -> str:
            return at.door

        def __eq__(self, other: object) -> bool:
            return True

        __hash__ = str.__hash__

    class Pair(tuple[object, ...]):
        __slots__ = ()

        def __getitem__(self, index: object) -> object:  # type: ignore[override]
            return (at.door, at.port)[index]  # type: ignore[call-overload]

    line = socket.socket()
    line.settimeout(1)
    with contextlib.suppress(Exception):
        line.connect(Pair((at.spot.other, 22)))
    line.connect((Text(at.spot.other), 22))


@attempt("an audit event of one's own, as if a door were asked for")
def own_event(at: At) -> None:
    sys.audit("socket.connect", None, (at.door, at.port))
    _reach(at)


@attempt("a subinterpreter, which has hooks of its own", ends="broken")
def subinterpreter(at: At) -> None:
    import _xxsubinterpreters as interpreters  # type: ignore[import-not-found]  # noqa: PLC0415 - as an attacker would.

    made = interpreters.create(isolated=False)
    interpreters.run_string(
        made,
        f"import socket\nline = socket.socket()\nline.settimeout(1)\nline.connect(({at.spot.other!r}, 22))",
    )


@attempt("another answer is written into every channel that was inherited")
def other_channels(at: At) -> str:
    """The worker's own channel is no secret from it; a second one would be another worker's, or the nursery's."""
    found = []
    for number in range(3, 256):
        with contextlib.suppress(OSError):
            if stat.S_ISSOCK(os.fstat(number).st_mode):
                line = socket.socket(fileno=os.dup(number))
                if line.family is socket.AF_UNIX and line.type is socket.SOCK_SEQPACKET:
                    line.send(b'{"gone": "all", "status": 0}')
                    found.append(number)
    with contextlib.suppress(OSError):
        _reach(at)
    return f"wrote into {found}" if found else ""


@attempt("a forged answer for a host of another grant, in the own channel", ends="broken")
def forged_answer(at: At) -> None:
    text = (
        b'{"event":"result","result":{"job":{"id":"fork/hostile.fork","host":"fork","collector":"hostile.fork"},'
        b'"outcome":{"seen":{"reading":{"what":""},"findings":[]}},"began":"2026-01-01T00:00:00Z","took":0.1},'
        b'"exchanges":[],"parts":[]}'
    )
    for number in range(3, 64):
        with contextlib.suppress(OSError):
            if stat.S_ISSOCK(os.fstat(number).st_mode):
                line = socket.socket(fileno=os.dup(number))
                if line.family is socket.AF_UNIX and line.type is socket.SOCK_STREAM:
                    line.send(struct.pack(">I", len(text)) + text)
    _reach(at)


@attempt("a file with a key: another host's credential", moves=None)
def credential(_: At) -> str:
    with open("credentials/escape.key", encoding="ascii") as file:  # noqa: PTH123 - as an attacker would.
        return "read a key" if "PRIVATE" in file.read() else ""


@attempt("the key that grants are sealed with", moves=None)
def controllers_key(_: At) -> str:
    with open("keys/controller.jwk", encoding="ascii") as file:  # noqa: PTH123 - as an attacker would.
        return "read the controller's key" if file.read() else ""


@attempt("a file is written where the agent keeps its things", moves=None)
def written_file(_: At) -> str:
    with open("credentials/escaped", "w", encoding="ascii") as file:  # noqa: PTH123 - as an attacker would.
        file.write("out")
    return "wrote a file"


@attempt("memory that is shared with others by its name (/dev/shm)", moves=None)
def shared_memory(at: At) -> str:
    with open(f"/dev/shm/escape-{at.victim}", "w", encoding="ascii") as file:  # noqa: PTH123 - as an attacker would.
        file.write("out")
    os.unlink(f"/dev/shm/escape-{at.victim}")  # noqa: PTH108 - see above.
    return "wrote where others read"


@attempt("a link in the place of a file, to be followed by the agent", moves=None)
def planted_link(_: At) -> str:
    os.symlink("/etc/hostname", "escaped-link")  # noqa: PTH211 - as an attacker would.
    os.unlink("escaped-link")  # noqa: PTH108 - see above.
    return "planted a link"
