"""The first wall: tried from inside, in processes of its own, because a hook stays for good."""

import json
import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow

_TRY = """
import sys
WALL = {wall}
class WallError(Exception): pass
if WALL:
    from agent.wall import raise_wall, WallError
    wall = raise_wall()
import ctypes, fcntl, gc, json, os, pathlib, signal, socket, subprocess, syslog, threading
told = []
if WALL == "sealed":
    wall.seal(frozenset([("127.0.0.1", {port}), ("::1", {port})]), lambda *said: told.append(said))
def attempt():
    {attempt}
result = "passed"
def run():
    global result
    try:
        attempt()
    except WallError as error:
        result = "held"
    except OSError as error:
        result = "passed: " + type(error).__name__
if {threaded}:
    thread = threading.Thread(target=run); thread.start(); thread.join()
else:
    run()
print(json.dumps([result, told]))
"""

PORT = 47123


def _tried(attempt: str, *, wall: str = "sealed", threaded: bool = False) -> tuple[str, list[list[str]]]:
    code = _TRY.format(wall=repr(wall), port=PORT, attempt=attempt, threaded=threaded)
    done = subprocess.run(
        [sys.executable, "-I", "-c", code], capture_output=True, text=True, timeout=20, check=True
    )
    # Where the attempt became another program, that one says nothing.
    result, told = json.loads(done.stdout or '["passed", []]')
    return result, told


# What it is called when it is told, and the attempt.
HELD = {
    "another port": ("connect", "socket.create_connection(('127.0.0.1', 9))"),
    "another address": ("connect", "socket.socket().connect(('127.0.0.2', 47123))"),
    "a name": ("look-up", "socket.create_connection(('localhost', 47123))"),
    "a name look-up": ("look-up", "socket.gethostbyname('localhost')"),
    "a reverse look-up": ("look-up", "socket.gethostbyaddr('localhost')"),
    "a reverse look-up of an address": ("look-up", "socket.gethostbyaddr('127.0.0.1')"),
    "the name of an address": ("look-up", "socket.getnameinfo(('127.0.0.1', 47123), 0)"),
    "a datagram": ("send", "socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.2', 47123))"),
    "a message": (
        "send",
        "socket.socket(type=socket.SOCK_DGRAM).sendmsg([b'x'], [], 0, ('127.0.0.2', 47123))",
    ),
    "IPv4 in IPv6 clothes": (
        "connect",
        "socket.socket(socket.AF_INET6).connect(('::ffff:127.0.0.1', 47123))",
    ),
    "a zone id": ("connect", "socket.socket(socket.AF_INET6).connect(('::1%1', 47123))"),
    "a zone": ("connect", "socket.socket(socket.AF_INET6).connect(('::1', 47123, 0, 1))"),
    "another spelling": ("connect", "socket.socket().connect(('127.1', 47123))"),
    "a number for an address": ("connect", "socket.socket().connect(('2130706433', 47123))"),
    "hexadecimal": ("connect", "socket.socket().connect(('0x7f.0.0.1', 47123))"),
    "octal": ("connect", "socket.socket().connect(('0177.0.0.1', 47123))"),
    "bytes": ("connect", "socket.socket().connect((b'127.0.0.2', 47123))"),
    "text that lies": (
        "connect",
        (
            "T = type('T', (str,), {'__eq__': lambda *_: True, '__hash__': lambda _: hash(('127.0.0.1'))});"
            " socket.socket().connect((T('127.0.0.2'), 47123))"
        ),
    ),
    "a number that lies": (
        "connect",
        (
            "N = type('N', (int,), {'__eq__': lambda *_: True, '__hash__': lambda _: hash(47123)});"
            " socket.socket().connect(('127.0.0.1', N(9)))"
        ),
    ),
    "a unix socket": ("socket", "socket.socket(socket.AF_UNIX).connect('/run/x')"),
    "an abstract socket": ("socket", "socket.socket(socket.AF_UNIX).connect(b'\\0x')"),
    "a pair of sockets": ("socket", "socket.socketpair()"),
    "a netlink socket": ("socket", "socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)"),
    "a packet socket": ("socket", "socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM)"),
    "a raw socket": ("socket", "socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)"),
    "an echo request": ("socket", "socket.socket(socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_ICMP)"),
    "several paths at once": ("socket", "socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262)"),
    "a listener": ("bind", "socket.socket().bind(('127.0.0.1', 0))"),
    "a process": ("process", "subprocess.run(['true'])"),
    "a shell": ("process", "os.system('true')"),
    "a fork": ("process", "os.fork() or os._exit(0)"),
    "a fork with a terminal": ("process", "os.forkpty()[0] or os._exit(0)"),
    "a spawn": ("process", "os.posix_spawn('/bin/true', ['true'], {})"),
    "an exec": ("process", "os.execv('/bin/true', ['true'])"),
    "a signal": ("signal", "os.kill(os.getppid(), 0)"),
    "a signal to a group": ("signal", "os.killpg(os.getpgid(0), 0)"),
    "whom a socket signals": ("signal", "fcntl.fcntl(socket.socket(), fcntl.F_SETOWN, os.getppid())"),
    "the C library": ("native", "ctypes.CDLL(None)"),
    "ctypes again": ("native", "del sys.modules['ctypes']; import ctypes"),
    "a C function": ("native", "ctypes.pythonapi.Py_IsInitialized"),
    "memory": ("native", "(ctypes.c_char * 1).from_address(id(attempt))"),
    "the system's log": ("native", "syslog.openlog('x')"),
    "a database": ("native", "import sqlite3; sqlite3.connect(':memory:')"),
    "code of one's own": ("native", "attempt.__code__.replace(co_name='x')"),
    "a file to read": ("file", "open('/home/anna/.ssh/id_ed25519')"),
    "a file to read, the long way round": ("file", "open('/etc/../home/x')"),
    "another process's memory": ("file", "open('/proc/1/mem', 'rb')"),
    "a file to write": ("file", "open(os.devnull, 'a')"),
    "a file to write, by number": ("file", "os.open(os.devnull, os.O_RDWR)"),
    "a folder": ("write", "os.mkdir('/nowhere/at/all')"),
    "a file to remove": ("write", "pathlib.Path('/nowhere/at/all').unlink()"),
    "all objects": ("inspect", "gc.get_objects()"),
    "who refers to what": ("inspect", "gc.get_referrers(WallError)"),
    "what others do": ("inspect", "sys._current_frames()"),
    "a tracer": ("inspect", "sys.settrace(None)"),
    "a profiler": ("inspect", "sys.setprofile(None)"),
    "another code for a function": ("inspect", "attempt.__code__ = run.__code__"),
}


@pytest.mark.parametrize(("kind", "attempt"), HELD.values(), ids=HELD.keys())
def test_what_is_outside_the_grant_is_held_and_told(kind: str, attempt: str) -> None:
    result, told = _tried(attempt)
    assert result == "held"
    assert kind in {said for said, _ in told}


@pytest.mark.parametrize(("kind", "attempt"), HELD.values(), ids=HELD.keys())
def test_without_a_wall_nothing_of_it_is_held(kind: str, attempt: str) -> None:
    result, told = _tried(attempt, wall="")
    assert (result != "held", told) == (True, []), kind


def test_another_hook_is_not_added() -> None:
    # Python adds none and says nothing of it.
    assert [kind for kind, _ in _tried("sys.addaudithook(print)")[1]] == ["inspect"]
    assert _tried("sys.addaudithook(print)", wall="") == ("passed", [])


def test_a_wall_is_sealed_once() -> None:
    assert _tried("wall.seal(frozenset(), print)")[0] == "held"


def test_what_waits_for_a_connection_is_held() -> None:
    # The loop's own pair of sockets is made before.
    attempt = (
        "loop.run_until_complete(asyncio.open_connection('127.0.0.2', 47123))\n"
        "import asyncio; loop = asyncio.new_event_loop()"
    )
    code = _TRY.format(wall="'sealed'", port=PORT, attempt=attempt.splitlines()[0], threaded=False)
    code = code.replace("told = []", f"{attempt.splitlines()[1]}; told = []")
    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)[1] == [["connect", "socket.connect: ('127.0.0.2', 47123)"]]


@pytest.mark.parametrize("which", ["another port", "a process"])
def test_it_holds_in_every_thread(which: str) -> None:
    assert _tried(HELD[which][1], threaded=True)[0] == "held"


TAKEN_OUT = {
    "the wall's state": "wall._sealed = False; wall._porters = ALL",
    "its class": "type(wall).closed = lambda *_: None",
    "its tables": "r.NEVER = r.REACH = {}",
    "its rules": "r.rules_for = r._door_rule = lambda *_: None",
    "its module": "sys.modules.pop('agent.wall'); sys.modules.pop('agent.wall_rules')",
    "built-in functions": """
    import builtins as b
    kept = b.type, b.tuple, b.str, b.frozenset
    b.type, b.tuple, b.str, b.frozenset = lambda _: str, list, list, lambda *_: ALL
    try: socket.socket().connect(('127.0.0.2', 47123))
    finally: b.type, b.tuple, b.str, b.frozenset = kept""",
    "its error": "w.WallError.__init__ = lambda *_: None; w.WallError.__str__ = None",
    "its frame": """
    try: socket.socket().connect(('127.0.0.2', 47123))
    except WallError as error:
        # The first frame is this one.
        trace, frames = error.__traceback__.tb_next, []
        while trace:
            frames.append(trace.tb_frame)
            trace = trace.tb_next
        for frame in frames:
            for name, value in dict(frame.f_locals).items():
                try: frame.f_locals[name] = ALL if isinstance(value, frozenset) else None
                except Exception: pass""",
}


@pytest.mark.parametrize("way", TAKEN_OUT.values(), ids=TAKEN_OUT.keys())
def test_it_is_not_taken_out_from_inside(way: str) -> None:
    first = "import agent.wall as w, agent.wall_rules as r; ALL = frozenset({('127.0.0.2', 47123)})"
    tried = f"try: {way}\n    except AttributeError: pass" if "\n" not in way else way.strip()
    attempt = f"{first}\n    {tried}\n    socket.socket().connect(('127.0.0.2', 47123))"
    assert _tried(attempt)[0] == "held"


def test_the_granted_door_is_open() -> None:
    assert (
        _tried(f"socket.create_connection(('127.0.0.1', {PORT}), 1)")[0] == "passed: ConnectionRefusedError"
    )
    assert _tried(f"socket.create_connection(('::1', {PORT}), 1)")[0].startswith("passed")
    assert _tried(f"socket.socket(socket.AF_INET6).connect(('::1', {PORT}, 0, 0))")[0].startswith("passed")
    assert _tried(f"socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', {PORT}))")[0] == "passed"


def test_reading_importing_and_threads_go_on() -> None:
    work = (
        "import xml.dom.minidom, _elementtree, concurrent.futures as c;"
        "open(json.__file__).close(); c.ThreadPoolExecutor().submit(len, '').result()"
    )
    assert _tried(work) == ("passed", [])


def test_before_it_is_sealed_nothing_is_open() -> None:
    closed = "closed"
    assert _tried(f"socket.create_connection(('127.0.0.1', {PORT}), 1)", wall=closed)[0] == "held"
    assert _tried("subprocess.run(['true'])", wall=closed)[0] == "held"
    assert _tried(HELD["a listener"][1], wall=closed)[0] == "held"
    assert _tried("socket.gethostbyname('localhost')", wall=closed)[0] == "held"


def test_a_porter_reaches_its_doors_and_nothing_else() -> None:
    admitted = f"wall.admit(frozenset([('127.0.0.1', {PORT})])); "
    door = f"socket.create_connection(('127.0.0.1', {PORT}), 1)"
    assert _tried(admitted + door, wall="closed")[0] == "passed: ConnectionRefusedError"
    assert _tried(admitted + HELD["another port"][1], wall="closed")[0] == "held"
