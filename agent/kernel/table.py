"""Which calls may a worker make? What a Python process needs to compute, to wait, and to talk on its sockets.

What stands in no list is answered by the porter with "no such call": newer C libraries try calls that older kernels
lack, and do without them.
"""

from __future__ import annotations

import fcntl
import socket
import termios
from collections.abc import Iterator

__all__ = ["ALLOWED", "GUARDED", "HOSTILE", "UNKNOWN", "UNWANTED", "Check"]

# Argument, mask, value: of the argument, what the mask leaves must be the value.
Check = tuple[int, int, int]


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.split())


ALLOWED = _names(
    """
    read write readv writev pread64 close close_range lseek fstat stat lstat newfstatat statx access faccessat
    faccessat2 readlink readlinkat getcwd open openat getdents64 dup dup2 dup3 pipe pipe2 eventfd2
    mmap munmap mprotect mremap madvise brk membarrier
    rt_sigaction rt_sigprocmask rt_sigreturn sigaltstack restart_syscall
    futex set_robust_list rseq set_tid_address exit exit_group sched_yield
    epoll_create epoll_create1 epoll_ctl epoll_wait epoll_pwait epoll_pwait2 poll ppoll select pselect6
    getsockname getpeername getsockopt recvfrom recvmsg shutdown
    clock_gettime clock_getres clock_nanosleep nanosleep gettimeofday time times getrusage
    getpid getppid gettid getuid geteuid getgid getegid getresuid getresgid getgroups getpgrp getpgid
    sched_getaffinity sched_getparam sched_getscheduler sched_get_priority_max sched_get_priority_min
    getrandom uname sysinfo getcpu getrlimit
    """
)

# In the kernel at once, without the porter: C libraries try it for every thread, and then take the older call.
UNKNOWN = ("clone3",)
# Files are never changed. That needs no telling: libraries try it, and Landlock refuses the rest in silence, too.
UNWANTED = _names(
    """
    mkdir mkdirat rmdir unlink unlinkat rename renameat renameat2 link linkat symlink symlinkat mknod mknodat creat
    truncate ftruncate fallocate chmod fchmod fchmodat fchmodat2 chown fchown lchown fchownat utime utimes utimensat
    futimesat setxattr lsetxattr fsetxattr removexattr lremovexattr fremovexattr setpriority sched_setaffinity
    """
)

# What no worker ever does unless somebody else has taken it over: it is told, and the worker is ended.
HOSTILE = frozenset(
    _names("""
    socket connect bind listen accept accept4 sendto sendmsg sendmmsg setsockopt socketpair
    execve execveat fork vfork clone
    ptrace process_vm_readv process_vm_writev process_madvise process_mrelease kcmp pidfd_open pidfd_getfd
    pidfd_send_signal kill tkill tgkill rt_sigqueueinfo rt_tgsigqueueinfo
    io_uring_setup io_uring_enter io_uring_register io_setup io_submit
    bpf perf_event_open userfaultfd seccomp keyctl add_key request_key
    unshare setns mount umount2 pivot_root chroot move_mount open_tree fsopen fsmount open_by_handle_at
    fanotify_init init_module finit_module delete_module kexec_load kexec_file_load reboot swapon swapoff
    memfd_create memfd_secret prlimit64 shmget shmat shmctl msgget msgsnd msgrcv semget semop mq_open migrate_pages move_pages
    setpgid setsid setuid setgid setreuid setregid setresuid setresgid setgroups capset
    """)
)

_INT = 0xFFFFFFFF
_TYPE = _INT & ~(socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK)

# A thread of this process, and no process: memory, files and signals are shared, and nothing is made anew.
_VM, _FS, _FILES, _SIGHAND, _THREAD, _SYSVSEM = 0x100, 0x200, 0x400, 0x800, 0x10000, 0x40000
_SHARED = _VM | _FS | _FILES | _SIGHAND | _THREAD | _SYSVSEM
_MADE_ANEW = 0x7E020080 | 0x2000 | 0x4000 | 0x8000

_FCNTL = (
    fcntl.F_DUPFD,
    fcntl.F_GETFD,
    fcntl.F_SETFD,
    fcntl.F_GETFL,
    fcntl.F_SETFL,
    fcntl.F_DUPFD_CLOEXEC,
)
_IOCTL = (termios.FIONBIO, termios.FIONREAD, termios.FIOCLEX, termios.FIONCLEX, termios.TCGETS)
_PRCTL = (15, 16)  # The name of a thread.
_SETSOCKOPT = {
    socket.SOL_SOCKET: (
        socket.SO_KEEPALIVE,
        socket.SO_LINGER,
        socket.SO_OOBINLINE,
        socket.SO_RCVBUF,
        socket.SO_RCVLOWAT,
        socket.SO_RCVTIMEO,
        socket.SO_REUSEADDR,
        socket.SO_SNDBUF,
        socket.SO_SNDTIMEO,
    ),
    socket.IPPROTO_TCP: (
        socket.TCP_CORK,
        socket.TCP_KEEPCNT,
        socket.TCP_KEEPIDLE,
        socket.TCP_KEEPINTVL,
        socket.TCP_NODELAY,
        socket.TCP_QUICKACK,
        socket.TCP_SYNCNT,
        socket.TCP_USER_TIMEOUT,
    ),
    # That errors are told; whether packets may be cut up; kinds of traffic. None of them turns a packet elsewhere.
    socket.IPPROTO_IP: (socket.IP_TOS, 10, 11),
    socket.IPPROTO_IPV6: (socket.IPV6_V6ONLY, socket.IPV6_TCLASS, 23, 25),
}


def _guarded() -> Iterator[tuple[str, tuple[Check, ...]]]:
    own = {socket.SOCK_STREAM: socket.IPPROTO_TCP, socket.SOCK_DGRAM: socket.IPPROTO_UDP}
    for family in (socket.AF_INET, socket.AF_INET6):
        for kind, protocol in own.items():
            for number in (0, protocol):
                yield "socket", ((0, _INT, family), (1, _TYPE, kind), (2, _INT, number))
    yield "socketpair", ((0, _INT, socket.AF_UNIX),)
    # No address: to whom the socket is connected already.
    yield "sendto", ((4, 0xFFFFFFFFFFFFFFFF, 0),)
    yield "clone", ((0, _SHARED | _MADE_ANEW, _SHARED),)
    # Asking for a limit of its own, not for another process's, and not setting one.
    yield "prlimit64", ((0, _INT, 0), (2, 0xFFFFFFFFFFFFFFFF, 0))
    for name, argument, known in (("fcntl", 1, _FCNTL), ("ioctl", 1, _IOCTL), ("prctl", 0, _PRCTL)):
        for word in known:
            yield name, ((argument, _INT, word),)
    for level, options in _SETSOCKOPT.items():
        for option in options:
            yield "setsockopt", ((1, _INT, level), (2, _INT, option))


GUARDED = tuple(_guarded())
