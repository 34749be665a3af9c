"""The real command, `openprospect serve`, as a child process: start it, wait until it listens, stop it."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import IO, cast

COMMAND = str(Path(sys.executable).with_name("openprospect"))
_READY = "listening on "
_STOP_SECONDS = 30


class ServiceFailed(Exception):
    """The service ended before it listened."""


@contextmanager
def running_service(*, port: int, environment: Mapping[str, str], log: Path) -> Iterator[str]:
    """Run the service for as long as the block lasts; gives its base URL. What it logs goes to `log`."""
    process = subprocess.Popen(
        [COMMAND, "serve", "--port", str(port)],
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,  # Ctrl-C is for us alone: the service is stopped below, in order
    )
    ready: SimpleQueue[str | None] = SimpleQueue()
    reader = Thread(target=_follow, args=(cast("IO[str]", process.stdout), log, ready))
    reader.start()
    try:
        base_url = ready.get()
        if base_url is None:
            raise ServiceFailed(f"The service ended before it listened. What it said, also in {log}:\n{log.read_text(encoding='utf-8')}")
        yield base_url
    finally:
        _stop(process)
        reader.join()


def _follow(output: IO[str], log: Path, ready: SimpleQueue[str | None]) -> None:
    with output, log.open("w", encoding="utf-8", buffering=1) as sink:
        for line in output:
            sink.write(line)
            if _READY in line:
                ready.put(line.split(_READY, 1)[1].split()[0])
    ready.put(None)


def _stop(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def free_port(preferred: int | None = None) -> int:
    """The first free port from the preferred one on; any free port where none is preferred."""
    for port in range(preferred, preferred + 100) if preferred else (0,):
        with socket.socket() as probe, suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return int(probe.getsockname()[1])
    raise ServiceFailed(f"Ports {preferred} to {preferred + 99 if preferred else 0} are all taken; stop what uses them.")


def clean_environment(**settings: str) -> dict[str, str]:
    """This process's environment with these settings, none of the OPENPROSPECT ones that it had, and no proxy before this machine."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("OPENPROSPECT_")}
    direct = {name: ",".join(filter(None, (os.environ.get(name), "127.0.0.1", "localhost"))) for name in ("NO_PROXY", "no_proxy")}
    return inherited | direct | settings
