"""One sync in a process of its own, to be killed or measured. Prints its peak memory in MiB."""

import os
import signal
import sys
from contextlib import closing
from pathlib import Path

from openprospect.sync.batch import Batch
from openprospect.sync.client import Client
from openprospect.sync.destinations.base import Applied, Destination
from openprospect.sync.destinations.opening import open_destination
from openprospect.sync.engine import run


def kill_after(destination: Destination, batches: int) -> None:
    """Let the process die right after it committed so many batches."""
    apply, done = destination.apply, iter(range(1, batches + 1))

    def counted(batch: Batch) -> Applied:
        applied = apply(batch)
        if next(done) == batches:
            os.kill(os.getpid(), signal.SIGKILL)
        return applied

    destination.apply = counted  # type: ignore[method-assign]


def main(arguments: list[str]) -> None:
    to, server, search_id, batch_companies, kill_after_batches, full = arguments
    with Client(server, "opk_test_sync") as client, closing(open_destination(to)) as destination:
        if int(kill_after_batches):
            kill_after(destination, int(kill_after_batches))
        for summary in run([search_id], destination, client, full=[search_id] if int(full) else (), batch_companies=int(batch_companies)):
            if summary.error:
                raise summary.error
    print(peak_memory_kibibytes() // 1024)


def peak_memory_kibibytes() -> int:
    """Not the kernel's account at the end (ru_maxrss): that begins with what the test run had used when it forked."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:"))


if __name__ == "__main__":
    main(sys.argv[1:])
