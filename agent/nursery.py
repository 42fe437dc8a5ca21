"""Where do workers come from? One small process that has everything imported and forks a worker a grant.

Started as `python -I -m agent.nursery FD`. The wall stands before any library is imported. The control
socket carries one JSON message a packet: `{"spawn": id}` with the worker's channel as a file descriptor
comes in, `{"spawned": id, "pid": n}` and `{"gone": id, "status": n}` go out. When the control socket ends,
every worker is killed and the nursery ends: nobody outlives the agent.
"""

from agent.wall import raise_wall

WALL = raise_wall()

import gc  # noqa: E402 - the wall comes first.

# What is imported here is kept for good and shared by all workers: it is never looked through.
gc.disable()

import contextlib  # noqa: E402
import json  # noqa: E402
import os  # noqa: E402
import selectors  # noqa: E402
import signal  # noqa: E402
import socket  # noqa: E402
import sys  # noqa: E402

from agent import worker  # noqa: E402

__all__ = ["main"]


def main() -> int:
    """Serve the control socket until it ends."""
    gc.freeze()
    gc.enable()
    control = socket.socket(fileno=int(sys.argv[1]))
    workers: dict[int, str] = {}
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    os.set_blocking(woken, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake)
    # A Ctrl-C in the terminal goes to the whole group; ending is the agent's decision.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # An agent that ends early, with our messages unread, ends the control socket in its own way.
    with contextlib.suppress(ConnectionError):
        _serve(control, workers, (woken, wake))
    return _end(workers)


def _serve(control: socket.socket, workers: dict[int, str], pipe: tuple[int, int]) -> None:
    with selectors.DefaultSelector() as selector:
        selector.register(control, selectors.EVENT_READ)
        selector.register(pipe[0], selectors.EVENT_READ)
        control.send(json.dumps({"ready": os.getpid()}).encode())
        while True:
            ready = {key.fileobj for key, _ in selector.select()}
            if pipe[0] in ready:
                with contextlib.suppress(BlockingIOError):
                    os.read(pipe[0], 4096)
                _reap(control, workers)
            if control in ready and not _obey(control, workers, pipe):
                return


def _obey(control: socket.socket, workers: dict[int, str], pipe: tuple[int, int]) -> bool:
    """Fork one worker as asked; False when nobody asks any more."""
    message, descriptors, _, _ = socket.recv_fds(control, 4096, 1)
    if not message:
        return False
    name = json.loads(message)["spawn"]
    pid = os.fork()
    if pid == 0:
        _become_worker(control, pipe, descriptors[0])
    os.close(descriptors[0])
    # Here as well as in the child: whoever hears of the worker can end its group at once.
    os.setpgid(pid, pid)
    workers[pid] = name
    control.send(json.dumps({"spawned": name, "pid": pid}).encode())
    return True


def _become_worker(control: socket.socket, pipe: tuple[int, int], channel: int) -> None:
    """Never returns: the child is a worker, a leader of its own process group, and nothing else."""
    status = 70
    try:
        os.setpgid(0, 0)
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        control.close()
        os.close(pipe[0])
        os.close(pipe[1])
        status = worker.main(channel, WALL)
    finally:
        os._exit(status)


def _reap(control: socket.socket, workers: dict[int, str]) -> None:
    """Tell of every worker whose process is gone."""
    while workers:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        _kill_group(pid)
        name = workers.pop(pid, "")
        with contextlib.suppress(OSError):
            control.send(json.dumps({"gone": name, "status": os.waitstatus_to_exitcode(status)}).encode())


def _end(workers: dict[int, str]) -> int:
    for pid in workers:
        _kill_group(pid)
    return 0


def _kill_group(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main())
