"""What the supervisor asks of the kernel: locks that end with their holder, and processes that end with theirs."""

import contextlib
import ctypes
import fcntl
import os
import signal
import stat
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_OTHERS_MAY_WRITE = stat.S_IWGRP | stat.S_IWOTH
_POLL_SECONDS = 0.01
_libc = ctypes.CDLL(None)


class StillHeld(Exception):
    """A lock that should have become free did not."""


@contextlib.contextmanager
def locked(path: Path, *, patience_seconds: float, while_waiting: Callable[[], object] = lambda: None) -> Iterator[int]:
    """Hold the lock; gives its descriptor. A child that inherits that holds the lock on after us, until it ends too."""
    lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        deadline = time.monotonic() + patience_seconds
        while not _try_lock(lock):
            if time.monotonic() > deadline:
                raise StillHeld(f"{path} is still locked by another process after {patience_seconds:.0f} seconds")
            while_waiting()
            time.sleep(_POLL_SECONDS)
        yield lock
    finally:
        os.close(lock)


def _try_lock(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def interrupted_when_parent_dies(parent: int) -> Callable[[], None]:
    """To be called between fork and exec: the new process gets SIGINT at the death of its parent. Linux only."""

    def arrange() -> None:
        if sys.platform == "linux":
            _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGINT, 0, 0, 0)
            if os.getppid() != parent:  # it died before the call
                os._exit(1)

    return arrange


def works_in(pid: int, folder: Path) -> bool:
    """Whether a process of that number lives and has this working folder, as PostgreSQL has its cluster."""
    try:
        return Path(f"/proc/{pid}/cwd").readlink() == folder
    except OSError:
        return False


def holders(lock: Path, *, working_in: Path) -> Iterator[int]:
    """Those processes in the working folder that inherited the lock; a shell that somebody has there did not."""
    for process in Path("/proc").glob("[0-9]*"):
        if works_in(int(process.name), working_in) and _has_open(process, lock):
            yield int(process.name)


def _has_open(process: Path, file: Path) -> bool:
    try:
        return any(os.path.realpath(descriptor) == str(file) for descriptor in (process / "fd").iterdir())
    except OSError:  # it has just ended
        return False


def is_private_folder(path: Path, *, owner: int) -> bool:
    """Whether it is a folder, not a link to one, in which nobody but the owner (and root) can put anything."""
    found = path.lstat()
    return stat.S_ISDIR(found.st_mode) and found.st_uid == owner and not found.st_mode & _OTHERS_MAY_WRITE
