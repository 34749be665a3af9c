"""The installed command driven from outside: run to its end, or serving until it is stopped or killed."""

import json
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from openprospect.demo.service import COMMAND, clean_environment, free_port
from openprospect.server.db.embedded import EmbeddedPostgres

READ = ("companies:read", "prospects:read")
EVERYTHING = (*READ, "prospect_searches:read", "prospect_searches:write", "deliveries:write", "erasures:write")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a command ended, and what it printed where."""

    code: int
    out: str
    err: str

    @property
    def answers(self) -> list[Any]:
        """Standard output, a JSON document a line: anything else there is a failure."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def answer(self) -> Any:
        (only,) = self.answers
        return only

    @property
    def complaint(self) -> str:
        """Standard error as one line, however it was wrapped."""
        return " ".join(self.err.replace("│", " ").split())


@contextmanager
def open_site() -> Iterator["Site"]:
    """A site whose PostgreSQL stays up, so that its commands need not start one each. It leaves nothing behind."""
    # Not a folder of pytest's: these are closed to others, PostgreSQL's account among them, and the cluster would lie elsewhere.
    site = Site(folder=Path(tempfile.mkdtemp(prefix="openprospect-")))
    site.folder.chmod(0o755)
    try:
        with EmbeddedPostgres(site.data_dir) as site.dsn:
            yield site
    finally:
        shutil.rmtree(site.folder)


@dataclass(slots=True, kw_only=True)
class Site:
    """A folder to work in with an embedded PostgreSQL of its own: its commands, and the services that run on it."""

    folder: Path
    dsn: str = ""
    ran: list[Ended] = field(default_factory=list)

    @property
    def data_dir(self) -> Path:
        return self.folder / "data"

    @property
    def environment(self) -> dict[str, str]:
        return clean_environment(OPENPROSPECT_DATA_DIR=str(self.data_dir))

    def begin(self, *arguments: str, environment: Mapping[str, str] | None = None, **options: Any) -> subprocess.Popen[bytes]:
        """Start a command and go on."""
        streams: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        variables = self.environment if environment is None else dict(environment)
        return subprocess.Popen([COMMAND, *arguments], env=variables, cwd=self.folder, **(streams | options))

    def run(self, *arguments: str, stdin: bytes = b"", expected: int | None = 0, environment: Mapping[str, str] | None = None) -> Ended:
        """A command from its start to its end; fails where it ends otherwise than expected."""
        with self.begin(*arguments, environment=environment, stdin=subprocess.PIPE) as process:
            out, err = process.communicate(stdin, timeout=300)
        ended = Ended(code=process.returncode, out=out.decode(), err=err.decode())
        self.ran.append(ended)
        assert expected in {None, ended.code}, f"openprospect {' '.join(arguments)} ended with {ended.code}:\n{ended.out}{ended.err}"
        return ended

    def json(self, *arguments: str, **options: Any) -> Any:
        """The one answer of a command."""
        return self.run(*arguments, "--json", **options).answer

    def peak_memory_bytes(self, *arguments: str) -> int:
        """The most memory that a command used at once, give or take its last moments."""
        process = self.begin(*arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        # Not the kernel's account at the end (ru_maxrss): that begins with what this process used when it forked.
        most = 0
        while process.poll() is None:
            most = max(most, _peak_memory_bytes(process.pid))
            time.sleep(0.02)
        assert process.returncode == 0, arguments
        return most

    def new_search(self, name: str = "hotels", *options: str) -> str:
        return str(self.json("searches", "create", name, *options)["id"])

    def new_key(self, name: str, *options: str, scopes: tuple[str, ...] = EVERYTHING) -> str:
        return str(self.json("keys", "create", name, *(part for scope in scopes for part in ("--scope", scope)), *options)["key"])

    @contextmanager
    def serving(self, *options: str, environment: Mapping[str, str] | None = None) -> Iterator["Server"]:
        """A service on a port of its own; stopped at the end, where it still runs."""
        server = Server(self, options, environment)
        try:
            server.start()
            yield server
        finally:
            server.end()


class Server:
    """`openprospect serve`, to be stopped or killed and started again at the same address."""

    def __init__(self, site: Site, options: tuple[str, ...], environment: Mapping[str, str] | None) -> None:
        self.site = site
        self._options = options
        self._environment = environment
        self.port = free_port()
        self.base_url = f"http://127.0.0.1:{self.port}"
        self.log = site.folder / f"serve-{self.port}.log"

    def start(self) -> None:
        """Returns once it says that it listens."""
        with self.log.open("ab") as log:
            before = log.tell()
            self.process = self.site.begin(
                "serve", "--port", str(self.port), *self._options, environment=self._environment, stdout=log, stderr=log
            )
        eventually(lambda: self.process.poll() is not None or b"listening on " in self.log.read_bytes()[before:], within_seconds=60)
        assert self.process.poll() is None, self.log.read_text()

    def stop(self) -> int:
        """Ask it to end; answers its exit code."""
        self.process.terminate()
        return self.process.wait(60)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def end(self) -> None:
        if self.process.poll() is None:
            self.stop()

    def client(self, key: str, **options: Any) -> httpx.Client:
        headers = {"Authorization": f"Bearer {key}"}
        return httpx.Client(base_url=f"{self.base_url}/api/v1", headers=headers, timeout=60, trust_env=False, **options)


def pages(client: httpx.Client, search_id: str, *, limit: int = 100, since: str | None = None) -> list[dict[str, Any]]:
    """Every company of a walk, as the delivery page says to fetch them."""
    items: list[dict[str, Any]] = []
    while True:
        parameters: dict[str, Any] = {"limit": limit, "offset": len(items)} | ({"delivered_since": since} if since else {})
        response = client.get(f"/deliveries/{search_id}/companies", params=parameters)
        assert response.status_code == 200, response.text
        items += response.json()["items"]
        if not response.json()["has_more"]:
            return items


def workers_of(pid: int) -> list[int]:
    """The processes that a service with several workers has spawned to serve; the resource tracker is none."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(entry.read_text().rpartition(")")[2].split()[1])
            if parent == pid and b"spawn_main" in (entry.parent / "cmdline").read_bytes():
                found.append(int(entry.parent.name))
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


def eventually(condition: Callable[[], Any], *, within_seconds: float = 20.0) -> Any:
    """What the condition gives, once it gives something."""
    deadline = time.monotonic() + within_seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, f"not within {within_seconds} s"
        time.sleep(0.02)
    return found


def kill_at_random(process: subprocess.Popen[bytes], *, after_seconds: float) -> bool:
    """Kill a command after a while; whether it was still running."""
    try:
        process.wait(after_seconds)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
    process.communicate()
    return process.returncode == -signal.SIGKILL


def _peak_memory_bytes(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0  # it has just ended


def large_feed(site):
    """A search with 3,000 companies, more than a connection's buffers hold."""
    search_id = site.new_search()
    rows = (json.dumps({"source_id": str(number), "name": f"Hotel {number}", "note": "x" * 4_000}) for number in range(3_000))
    site.json("deliver", search_id, "-", stdin="\n".join(rows).encode())
    return search_id
