"""A server as a child process: started, waited for, stopped."""

import os
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.machine import ROOT
from openprospect.demo.service import clean_environment, free_port

_PATIENCE_SECONDS = 60
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    pid: int
    port: int

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def serving(command: Sequence[str | Path], *, environment: Mapping[str, str], log: Path, cwd: Path = ROOT) -> Iterator[Service]:
    """Run a command, in which `{port}` stands for a free port, until the block ends. What it says goes to `log`."""
    port = free_port()
    filled = [str(part).replace("{port}", str(port)) for part in command]
    with log.open("wb") as sink:
        process = subprocess.Popen(
            filled,
            env=clean_environment(**environment, PORT=str(port)),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT,
        )
    try:
        _wait_until_it_answers(process, port, log)
        yield Service(pid=process.pid, port=port)
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def fetch(url: str, headers: Mapping[str, str]) -> bytes:
    """One answer's body, outside all measurements. Raises HTTPError for anything but success."""
    with _DIRECT.open(urllib.request.Request(url, headers=dict(headers)), timeout=60) as answer:
        body: bytes = answer.read()
        return body


def _wait_until_it_answers(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            _DIRECT.open(f"http://127.0.0.1:{port}/health", timeout=5).close()
        except urllib.error.HTTPError:
            return  # any answer will do
        except OSError:
            time.sleep(0.05)
        else:
            return
    said = log.read_text(encoding="utf-8", errors="replace")[-2000:]
    raise SystemExit(f"{process.args!r} did not listen on port {port}{os.linesep}{said}")
