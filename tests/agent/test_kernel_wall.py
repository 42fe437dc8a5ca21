"""The second wall: tried from inside, past Python, with the first one absent. Whoever leaves is counted outside."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.kernel.standing import standing
from tests.agent.firing import Range

pytestmark = pytest.mark.slow

# What would be sent somewhere. What is told of it -> the attempt.
LEAVING = {
    "connect to 127.0.0.78": "return sys_call('connect', opened(), inet(THERE, THERE_PORT), 16)",
    "connect to 127.0.0.77": "return sys_call('connect', opened(), inet(HERE, OTHER_PORT), 16)",
    "connect to ::1": """
        sock = socket.socket(socket.AF_INET6)
        return sys_call('connect', sock.fileno(), inet6('::1', SIX_PORT), 28)
    """,
    "connect to ::ffff:7f00:4e": """
        sock = socket.socket(socket.AF_INET6)
        return sys_call('connect', sock.fileno(), inet6('::ffff:' + THERE, THERE_PORT), 28)
    """,
    "connect to ::ffff:7f00:4d": """
        sock = socket.socket(socket.AF_INET6)
        return sys_call('connect', sock.fileno(), inet6('::ffff:' + HERE, OTHER_PORT), 28)
    """,
    "connect to 127.0.0.78 port ": """
        # As a C library does it.
        return _LIBC.connect(opened(), inet(THERE, THERE_PORT), 16)
    """,
    "connect to 127.0.0.78  ": """
        sock = socket.socket(type=socket.SOCK_DGRAM)
        sock.connect((THERE, THERE_PORT))
        return sock.send(b'x')
    """,
    "sendto 127.0.0.78": "return socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', (THERE, THERE_PORT))",
    "sendto 127.0.0.78 port": """
        # A first packet that carries data: no connect before it.
        sock = socket.socket()
        try:
            sock.sendto(b'x', 0x20000000, (THERE, THERE_PORT))
        finally:
            sock.setblocking(True)
        return 1
    """,
    "sendmsg to 127.0.0.78": """
        head, kept = message(inet(THERE, THERE_PORT), b'x')
        return sys_call('sendmsg', opened(2, 2), head, 0)
    """,
    "sendmmsg": """
        head, kept = message(inet(THERE, THERE_PORT), b'x')
        return sys_call('sendmmsg', opened(2, 2), head + bytes(8), 1, 0)
    """,
    "socket of family 1,": "sock = socket.socket(socket.AF_UNIX); sock.connect(NAME); return 1",
    "protocol 262": """
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262)
        sock.connect((THERE, THERE_PORT))
        return 1
    """,
}

# Other calls, and whether the tests' user can make them without the wall: those must succeed there.
_NOBODY = "ctypes.create_string_buffer(256)"
HOSTILE = {
    "memfd_create": "return sys_call('memfd_create', b'x\\0', 0)",
    "prlimit64": "return sys_call('prlimit64', os.getppid(), 7, 0, 0)",
    "connect to the local socket": """
        # The only local sockets that a worker can make are two that are connected with each other.
        one, two = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        return sys_call('connect', one.fileno(), struct.pack('=H', 1) + NAME, 2 + len(NAME)) or 1
    """,
    "socket of family 2, type 3, protocol 1": "return sys_call('socket', 2, 3, 1)",
    "socket of family 2, type 3, protocol 255": "return sys_call('socket', 2, 3, 255)",
    "socket of family 2, type 2, protocol 1": "return sys_call('socket', 2, 2, 1)",
    "socket of family 10, type 3": "return sys_call('socket', 10, 3, 58)",
    "socket of family 16": "return sys_call('socket', 16, 3, 0)",
    "socket of family 17": "return sys_call('socket', 17, 3, 0)",
    "socket of family 38": "return sys_call('socket', 38, 5, 0)",
    "socket of family 40": "return sys_call('socket', 40, 1, 0)",
    "socket of family 2, type 5": "return sys_call('socket', 2, 5, 132)",
    "socketpair (0x2": "return sys_call('socketpair', 2, 1, 0, bytes(8))",
    "bind": "return sys_call('bind', opened(), inet(HERE, 0), 16)",
    "listen": "return sys_call('listen', opened(), 1)",
    "accept": "return sys_call('accept', 0, 0, 0)",
    "accept4": "return sys_call('accept4', 0, 0, 0, 0)",
    "setsockopt 4 of level 0": "return sys_call('setsockopt', opened(), 0, 4, bytes(4), 4)",
    "setsockopt 57 of level 41": """
        return sys_call('setsockopt', opened(10), 41, 57, bytes([59, 2, 2, 1]) + bytes(20), 24)
    """,
    "setsockopt 35 of level 0": "return sys_call('setsockopt', opened(), 0, 35, bytes(12), 12)",
    "setsockopt 25 of level 1": "return sys_call('setsockopt', opened(), 1, 25, b'lo', 2)",
    "setsockopt 36 of level 1": "return sys_call('setsockopt', opened(), 1, 36, bytes(4), 4)",
    "setsockopt 31 of level 6": "return sys_call('setsockopt', opened(), 6, 31, b'tls', 3)",
    "sendmsg with options or descriptors": """
        one, two = socket.socketpair()
        return one.sendmsg([b'x'], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, struct.pack('i', 0))])
    """,
    "fork": "return sys_call('fork') or os._exit(0)",
    "clone": "return sys_call('clone', 17, 0, 0, 0, 0) or os._exit(0)",
    "clone (0x7e020011": "return sys_call('clone', 0x7e020011, 0, 0, 0, 0) or os._exit(0)",
    "clone (0x4111": "return os.posix_spawn('/bin/true', ['true'], {})",
    "execve of '/bin/true'": "return sys_call('execve', b'/bin/true\\0', 0, 0)",
    "execveat": "return sys_call('execveat', -100, b'/bin/true\\0', 0, 0, 0)",
    "ptrace": "return sys_call('ptrace', 16, -1, 0, 0)",
    "process_vm_readv": "return sys_call('process_vm_readv', os.getppid(), 0, 0, 0, 0, 0)",
    "process_vm_writev": "return sys_call('process_vm_writev', os.getppid(), 0, 0, 0, 0, 0)",
    "pidfd_open": "return sys_call('pidfd_open', os.getppid(), 0)",
    "pidfd_getfd": "return sys_call('pidfd_getfd', -1, 0, 0)",
    "pidfd_send_signal": "return sys_call('pidfd_send_signal', -1, 0, 0, 0)",
    "kcmp": "return sys_call('kcmp', os.getpid(), os.getppid(), 1, 0, 0)",
    "kill": "return sys_call('kill', os.getppid(), 0)",
    "kill (0x0": "return sys_call('kill', 0, 0)",
    "tgkill": "return sys_call('tgkill', os.getppid(), os.getppid(), 0)",
    "tkill": "return sys_call('tkill', os.getppid(), 0)",
    "rt_sigqueueinfo": "return sys_call('rt_sigqueueinfo', os.getppid(), 0, bytes(128))",
    "io_uring_setup": f"return sys_call('io_uring_setup', 4, {_NOBODY})",
    "io_uring_enter": "return sys_call('io_uring_enter', -1, 0, 0, 0, 0, 0)",
    "io_uring_register": "return sys_call('io_uring_register', -1, 0, 0, 0)",
    "io_setup": f"return sys_call('io_setup', 1, {_NOBODY})",
    "bpf": "return sys_call('bpf', -1, bytes(64), 64)",
    "perf_event_open": "return sys_call('perf_event_open', bytes(128), 0, -1, -1, 0)",
    "userfaultfd": "return sys_call('userfaultfd', 1)",
    "seccomp": "return sys_call('seccomp', 2, 0, struct.pack('I', 0x7fff0000))",
    "keyctl": "return sys_call('keyctl', 0, -3, 0)",
    "add_key": "return sys_call('add_key', 0, 0, 0, 0, 0)",
    "unshare": "return sys_call('unshare', 0)",
    "unshare (0x400": "return sys_call('unshare', 0x400)",
    "setns": "return sys_call('setns', -1, 0)",
    "mount": "return sys_call('mount', 0, 0, 0, 0, 0)",
    "chroot": "return sys_call('chroot', 0)",
    "open_by_handle_at": "return sys_call('open_by_handle_at', -1, 0, 0)",
    "shmget": "return sys_call('shmget', 0, 4096, 0o1600)",
    "msgget": "return sys_call('msgget', -1, 0)",
    "mq_open": "return sys_call('mq_open', 0, 0, 0, 0)",
    "setpgid": "return sys_call('setpgid', 0, 0)",
    "setsid": "return sys_call('setsid')",
    "setuid": "return sys_call('setuid', os.getuid())",
    "another table of call numbers": "return _LIBC.syscall(0x40000000 + 39)",
}

# What fails and needs no telling: libraries try it, and nothing leaves by it. What comes back -> the attempt.
QUIET = {
    "a file of the machine": ("PermissionError EACCES", "return len(open('/etc/passwd').read())"),
    "a folder of others": ("PermissionError EACCES", "return os.listdir('/tmp')"),
    "its own memory": ("PermissionError EACCES", "return open('/proc/self/mem', 'r+b').fileno()"),
    "its porter's memory": (
        "PermissionError EACCES",
        "return open(f'/proc/{os.getppid()}/mem', 'rb').fileno()",
    ),
    "its porter's surroundings": (
        "PermissionError EACCES",
        "return len(open(f'/proc/{os.getppid()}/environ', 'rb').read()) or 1",
    ),
    "a file to write": (
        "PermissionError EACCES",
        "return os.open('/tmp/second-line', os.O_CREAT | os.O_RDWR)",
    ),
    "a nameless file": ("PermissionError EACCES", "return os.open('/tmp', os.O_TMPFILE | os.O_RDWR)"),
    "a folder": ("PermissionError EPERM", "return os.mkdir(f'/tmp/second-line-{os.getpid()}')"),
    "a file to remove": ("PermissionError EPERM", "return os.unlink('/tmp/second-line-not-there')"),
    "other rights": ("PermissionError EPERM", "return os.chmod('/tmp/second-line-not-there', 0)"),
    "a file to move": ("PermissionError EPERM", "return os.rename('/tmp/second-line-not-there', '/tmp/x')"),
    "a process, in the new way": (-38, "return sys_call('clone3', bytes(88), 88) or os._exit(0)"),
    "no connection any more": (-1, "return sys_call('connect', opened(), bytes(16), 16)"),
    "whom a socket signals": (-38, "return sys_call('fcntl', opened(), 8, os.getppid())"),
    "a terminal's input": (-38, "return sys_call('ioctl', 0, 0x5412, b'x')"),
    "its own limits": (-38, f"return sys_call('prlimit64', 0, 7, {_NOBODY}, 0)"),
    "its name to others": (-38, "return sys_call('prctl', 4, 0, 0, 0, 0)"),
}


@pytest.fixture(scope="module")
def here() -> Iterator[Range]:
    with Range() as ready:
        yield ready


@pytest.fixture(scope="module", autouse=True)
def _stands() -> None:
    assert not standing().missing, "what these tests try cannot stand on this machine"


@pytest.mark.parametrize(("told", "attempt"), LEAVING.items(), ids=LEAVING.keys())
def test_nothing_leaves_but_to_the_doors(here: Range, told: str, attempt: str) -> None:
    free = here.tried(attempt, wall=False)
    assert (free.reached, free.status, free.breach) == (1, 0, ""), "without the wall it arrives"
    held = here.tried(attempt)
    assert (held.reached, held.result) == (0, None)
    assert told.strip() in held.breach
    assert held.status == 128 + 9, "the worker is ended, and never learns what came of it"


@pytest.mark.parametrize(("told", "attempt"), HOSTILE.items(), ids=HOSTILE.keys())
def test_what_no_worker_does_is_told_and_ends_it(here: Range, told: str, attempt: str) -> None:
    free = here.tried(attempt, wall=False)
    assert (free.status, free.breach) == (0, ""), "without the wall the kernel decides, and nobody is ended"
    held = here.tried(attempt)
    assert told in held.breach
    assert held.result is None
    assert held.status in {128 + 9, 128 + 31}


@pytest.mark.parametrize(("comes_back", "attempt"), QUIET.values(), ids=QUIET.keys())
def test_what_is_only_refused(here: Range, comes_back: object, attempt: str) -> None:
    free = here.tried(attempt, wall=False)
    assert free.result != comes_back, "without the wall it is otherwise"
    held = here.tried(attempt)
    assert (held.result, held.status, held.breach) == (comes_back, 0, "")


# --- What must go on.

# How a door is used -> what comes back behind the wall, as without it.
OPEN = {
    "a connection": "sock = socket.create_connection((HERE, PORT), 5); return sock.getpeername()[1] == PORT",
    "a connection that does not wait": """
        sock = socket.socket()
        sock.setblocking(False)
        first = sock.connect_ex((HERE, PORT))
        select.select((), (sock,), (), 5)
        return [errno.errorcode.get(first), sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)]
    """,
    "a connection by a C library": "return _LIBC.connect(opened(), inet(HERE, PORT), 16)",
    "a connection by number": "return sys_call('connect', opened(), inet(HERE, PORT), 16)",
    "IPv6": "sock = socket.create_connection(('::1', PORT), 5); return sock.getpeername()[1] == PORT",
    "IPv6 by number": "return sys_call('connect', opened(10), inet6('::1', PORT), 28)",
    "IPv6 by number, the old short address": "return sys_call('connect', opened(10), inet6('::1', PORT), 24)",
    "datagrams, connected": """
        sock = socket.socket(type=socket.SOCK_DGRAM)
        sock.connect((HERE, PORT))
        return [sock.send(b'x'), sock.send(b'')]
    """,
    "datagrams, each with its address": """
        return socket.socket(type=socket.SOCK_DGRAM).sendto(b'x' * 9000, (HERE, PORT))
    """,
    "a message": """
        sock = socket.create_connection((HERE, PORT), 5)
        return sock.sendmsg([b'one', b'', b'two'])
    """,
    "a message with its address": """
        return socket.socket(type=socket.SOCK_DGRAM).sendmsg([b'one'], [], 0, (HERE, PORT))
    """,
    "a datagram that is too long": """
        return socket.socket(type=socket.SOCK_DGRAM).sendto(b'x' * 70000, (HERE, PORT))
    """,
    "an address of the other family": "return sys_call('connect', opened(10), inet(HERE, PORT), 16)",
    "no socket": "return sys_call('connect', 0, inet(HERE, PORT), 16)",
    "no descriptor": "return sys_call('connect', 999, inet(HERE, PORT), 16)",
    "an address out of nowhere": "return sys_call('connect', opened(), 8, 16)",
    "twenty threads": """
        socks, threads = [], []
        for _ in range(20):
            thread = threading.Thread(target=lambda: socks.append(socket.create_connection((HERE, PORT), 5)))
            thread.start()
            threads.append(thread)
        for thread in threads:
            thread.join()
        return len(socks)
    """,
    "asyncio": """
        import asyncio
        async def talk():
            _, writer = await asyncio.open_connection(HERE, PORT)
            writer.write(b'x' * 100)
            await writer.drain()
            writer.close()
            return 'written'
        return asyncio.run(talk())
    """,
    "options": """
        sock = socket.socket()
        sock.settimeout(2)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        return sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    """,
    "a library that is loaded late": "import xml.dom.minidom, _elementtree, zoneinfo; return str(zoneinfo.ZoneInfo('UTC'))",
    "chance": "return len(os.urandom(8)) + len(open('/dev/urandom', 'rb').read(8))",
    "a signal to itself": "os.kill(os.getpid(), 0); return sys_call('tgkill', os.getpid(), os.getpid(), 0)",
    "how busy the machine is": "return len(open('/proc/stat').read()) > 100",
}


@pytest.mark.parametrize("attempt", OPEN.values(), ids=OPEN.keys())
def test_a_door_is_used_as_if_there_were_no_wall(here: Range, attempt: str) -> None:
    held, free = here.tried(attempt), here.tried(attempt, wall=False)
    assert (held.result, held.status, held.breach) == (free.result, 0, "")
    assert held.result is not None


def test_who_waits_for_one_door_keeps_nobody_from_another(here: Range) -> None:
    # A listener that takes no more connections: whoever tries waits for the kernel's next try, a second or more.
    attempt = f"""
        def wait():
            sock = socket.socket()
            sock.settimeout(None)
            order.append('waits')
            sock.connect((HERE, {here.targets.slow}))
            order.append('is let in')
        order = []
        threading.Thread(target=wait, daemon=True).start()
        while not order:
            time.sleep(0.01)
        time.sleep(0.2)
        socket.create_connection((HERE, PORT), 5)
        order.append('another is let in')
        return order
    """
    with here.targets.crowded():
        held = here.tried(attempt)
    assert (held.result, held.breach) == (["waits", "another is let in"], "")


def test_an_address_that_changes_while_it_is_looked_at_leads_nowhere_else(here: Range) -> None:
    """The classic: a second thread writes another address between the look and the call."""
    attempt = """
        place = ctypes.create_string_buffer(inet(HERE, PORT), 16)
        door, other = inet(HERE, PORT), inet(THERE, THERE_PORT)
        def flip():
            while True:
                ctypes.memmove(place, other, 16)
                ctypes.memmove(place, door, 16)
        threading.Thread(target=flip, daemon=True).start()
        for _ in range(100):
            with socket.socket(type=socket.SOCK_DGRAM) as sock:
                _LIBC.connect(sock.fileno(), place, 16)
                sock.send(b'x')
            time.sleep(0.0005)
        return 'through'
    """
    free = here.tried(attempt, wall=False)
    assert free.reached > 0, "without the wall it arrives"
    held = [here.tried(attempt) for _ in range(10)]
    assert sum(one.reached for one in held) == 0
    assert any("connect to 127.0.0.78" in one.breach for one in held)


def test_a_worker_has_its_channel_and_nothing_else(here: Range) -> None:
    attempt = """
        def is_open(number):
            try:
                os.fstat(number)
            except OSError:
                return False
            return True
        return [number for number in range(3, 1024) if is_open(number)]
    """
    held = here.tried(attempt)
    assert len(held.result) == 1


def test_what_it_writes_to_the_terminal_nobody_sees(here: Range) -> None:
    assert here.tried("return os.readlink('/proc/self/fd/2')", wall=False).result == "/dev/null"


def test_credentials_and_evidence_beside_the_project_are_not_read(here: Range, tmp_path: Path) -> None:
    secret = tmp_path / "fleet.key"
    secret.write_text("Gelb-42-Kran")
    attempt = f"return open({str(secret)!r}).read()"
    assert here.tried(attempt, wall=False).result == "Gelb-42-Kran"
    assert here.tried(attempt).result == "PermissionError EACCES"


def test_a_machine_says_which_walls_stand_on_it() -> None:
    walls = standing()
    assert (walls.audit_hook, walls.notices, walls.missing) == (True, True, ())
    assert str(walls).startswith(f"python, seccomp, landlock {walls.landlock}")
