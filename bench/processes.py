"""What processes cost, from /proc: CPU seconds and resident memory of a process and everything below it."""

import os
from collections.abc import Iterator
from pathlib import Path

TICK_SECONDS = 1 / os.sysconf("SC_CLK_TCK")
"""What CPU time is counted in."""

_PAGES_A_MEBIBYTE = 2**20 // os.sysconf("SC_PAGE_SIZE")
# After the command's closing bracket: the parent, then user and system time of the process and of its children that have ended.
_PARENT, _TIMES = 1, slice(11, 15)


def cpu_seconds(pid: int) -> float:
    """User and system time of a tree of processes, those that have ended included."""
    return sum(sum(map(int, fields[_TIMES])) for fields in _tree(pid)) * TICK_SECONDS


def resident_mebibytes(pid: int) -> float:
    """Memory of a tree; what its processes share counts once for each."""
    pages = 0
    for process in _pids(pid):
        try:
            pages += int(Path(f"/proc/{process}/statm").read_text(encoding="ascii").split()[1])
        except OSError:  # it has just ended
            continue
    return pages / _PAGES_A_MEBIBYTE


def memory_mebibytes(pid: int, field: str, *, with_children: bool = False) -> float:
    """`VmRSS`, or `RssAnon` for what a process shares with none, of a process, or of all of its tree."""
    kibibytes = 0
    for process in _pids(pid) if with_children else [pid]:
        try:
            lines = Path(f"/proc/{process}/status").read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:  # it has just ended
            continue
        kibibytes += sum(int(line.split()[1]) for line in lines if line.startswith(f"{field}:"))
    return kibibytes / 1024


def open_files(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/fd"))  # noqa: PTH208  # only how many


def workers(pid: int) -> list[int]:
    """The processes that a service has spawned to serve, in the order of their ids; itself where it serves alone."""
    spawned = [child for child in _pids(pid) if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()]
    return sorted(spawned) or [pid]


def parent_of(pid: int) -> int:
    fields = _fields(pid)
    if fields is None:
        raise SystemExit(f"Process {pid} has ended; its log says why.")
    return int(fields[_PARENT])


def _tree(root: int) -> Iterator[list[str]]:
    for pid in _pids(root):
        fields = _fields(pid)
        if fields:
            yield fields


def _pids(root: int) -> list[int]:
    children: dict[int, list[int]] = {}
    for entry in os.listdir("/proc"):  # noqa: PTH208  # a name is all that is wanted, many times a second
        if entry.isdecimal() and (fields := _fields(int(entry))):
            children.setdefault(int(fields[_PARENT]), []).append(int(entry))
    found = [root]
    for pid in found:  # grows while it is walked
        found.extend(children.get(pid, ()))
    return found


def _fields(pid: int) -> list[str] | None:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return None
