"""Real commands that hold a lease, as root and as an ordinary user, and a look at the processes behind them."""

import os
import pwd
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from openprospect.server.db.embedded import EmbeddedPostgres, binary

SOURCES = Path(__file__).parents[3] / "src"
PACKAGES = sysconfig.get_path("purelib")

HOLD = """
import sys
from pathlib import Path
from openprospect.server.core.errors import Misconfigured
from openprospect.server.db.embedded import EmbeddedPostgres
try:
    with EmbeddedPostgres(Path(sys.argv[1]), state_folder=Path(sys.argv[2])) as dsn:
        print(dsn, flush=True)
        sys.stdin.read()
except Misconfigured as fault:
    print("refused:", fault, flush=True)
"""


def eventually(condition: Callable[[], Any], *, within_seconds: float = 10.0) -> Any:
    deadline = time.monotonic() + within_seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, f"not within {within_seconds} s: {condition}"
        time.sleep(0.01)
    return found


def query(dsn: str, sql: str, *, user: str | None = None) -> str:
    """What psql prints for the statement; raises `CalledProcessError` where it fails."""
    options: dict[str, Any] = {} if user is None else {"user": user, "extra_groups": []}
    command: list[str | Path] = [binary("psql"), "-XAtq", "-v", "ON_ERROR_STOP=1", "-c", sql, dsn]
    printed: str = subprocess.run(command, check=True, capture_output=True, text=True, cwd="/", **options).stdout
    return printed.strip()


def answers(dsn: str) -> bool:
    try:
        return query(dsn, "SELECT 1") == "1"
    except subprocess.CalledProcessError:
        return False


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def parent_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def server_of(data_dir: Path) -> int:
    """The process id of PostgreSQL's postmaster, or 0 where none runs."""
    try:
        pid = int((data_dir / "postgresql/cluster/postmaster.pid").read_text().split()[0])
    except (FileNotFoundError, IndexError):
        return 0
    return pid if is_running(pid) else 0


def supervisor_of(data_dir: Path) -> int:
    return parent_of(server_of(data_dir))


class Command:
    """A process that holds a lease until it is told to end, or is killed."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        assert process.stdout is not None
        self._output = process.stdout

    def said(self) -> str:
        """Its address, or why it was refused one."""
        return self._output.read() if self.process.poll() is not None else self._output.readline().strip()

    def end(self) -> None:
        self.process.communicate(timeout=30)

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()


class Stage:
    """A folder that everybody can pass through, and commands run there by one user."""

    def __init__(self, folder: Path, user: str | None) -> None:
        self.folder = folder
        self.user = user
        self.state_folder = folder / "state"
        self.data_dir = folder / "data"
        self.commands: list[Command] = []
        if user is not None:
            os.chown(folder, pwd.getpwnam(user).pw_uid, pwd.getpwnam(user).pw_gid)

    def begin(self, data_dir: Path | None = None, *, user: str | None = None, python_of: str | None = None, packages: str = "") -> Command:
        """Start a command without waiting for its lease."""
        user = user or self.user
        options: dict[str, Any] = {} if user in {None, "root"} else {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []}
        process = subprocess.Popen(
            [interpreter(python_of or user), "-c", HOLD, data_dir or self.data_dir, self.state_folder],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd="/",
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [packages, str(SOURCES), PACKAGES]))},
            start_new_session=True,
            **options,
        )
        self.commands.append(Command(process))
        return self.commands[-1]

    def hold(self, data_dir: Path | None = None, **options: Any) -> tuple[Command, str]:
        command = self.begin(data_dir, **options)
        said = command.said()
        assert said.startswith("postgresql://"), said
        return command, said

    def lease(self) -> EmbeddedPostgres:
        """A lease of this process's own."""
        return EmbeddedPostgres(self.data_dir, state_folder=self.state_folder)

    def clear(self) -> None:
        """End whatever runs here."""
        for command in self.commands:
            command.kill()
        self.commands.clear()
        eventually(lambda: not processes_in(self.folder))

    def close(self) -> None:
        self.clear()
        shutil.rmtree(self.folder)


def processes_in(folder: Path) -> list[int]:
    """Supervisors and servers of the homes in this folder."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = entry.read_bytes()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if os.fsencode(f"{folder}/") in words and int(entry.parent.name) != os.getpid() and is_running(int(entry.parent.name)):
            found.append(int(entry.parent.name))
    return found


def interpreter(user: str | None) -> str:
    """A Python of our version that this user may run: ours may lie in root's home."""
    if user in {None, "root"}:
        return sys.executable
    for candidate in (sys.executable, f"/usr/bin/python3.{sys.version_info.minor}"):
        if subprocess.run(["test", "-x", candidate], user=user, extra_groups=[], check=False).returncode == 0:
            return candidate
    pytest.skip(f"the user {user} can run no Python 3.{sys.version_info.minor}")


def new_stage(user: str | None) -> Stage:
    if user is not None and os.geteuid() != 0:
        pytest.skip("another user is there for root alone")
    folder = Path(tempfile.mkdtemp(prefix="embedded-", dir="/tmp"))
    folder.chmod(0o755)
    return Stage(folder, user)


@pytest.fixture
def stage() -> Iterator[Stage]:
    """Commands of the user who runs the tests, and no data folder yet."""
    made = new_stage(None)
    yield made
    made.close()


@pytest.fixture(params=[None, "nobody"], ids=["ourselves", "nobody"])
def any_stage(request: pytest.FixtureRequest) -> Iterator[Stage]:
    """The same, then commands of an ordinary user."""
    made = new_stage(request.param)
    yield made
    made.close()


@pytest.fixture(scope="session")
def used_stages() -> Iterator[Callable[[str | None], Stage]]:
    """A stage for each user whose data folder, once made, serves many tests: most are not about the first start."""
    made: dict[str | None, Stage] = {}

    def of(user: str | None) -> Stage:
        if user not in made:
            made[user] = new_stage(user)
            command, _ = made[user].hold()
            command.end()
        return made[user]

    yield of
    for stage in made.values():
        stage.close()


@pytest.fixture
def used_stage(used_stages: Callable[[str | None], Stage]) -> Iterator[Stage]:
    """Commands of the user who runs the tests, on a data folder that was used before."""
    stage = used_stages(None)
    yield stage
    stage.clear()


@pytest.fixture(params=[None, "nobody"], ids=["ourselves", "nobody"])
def any_used_stage(request: pytest.FixtureRequest, used_stages: Callable[[str | None], Stage]) -> Iterator[Stage]:
    """The same, then commands of an ordinary user."""
    stage = used_stages(request.param)
    yield stage
    stage.clear()


@pytest.fixture
def users_stage(used_stages: Callable[[str | None], Stage]) -> Iterator[Stage]:
    """Commands of an ordinary user alone, on a data folder that was used before."""
    stage = used_stages("nobody")
    yield stage
    stage.clear()


@pytest.fixture
def look() -> SimpleNamespace:
    """Ways to look at what runs, for test files that import nothing of each other."""
    return SimpleNamespace(
        answers=answers,
        eventually=eventually,
        is_running=is_running,
        parent_of=parent_of,
        processes_in=processes_in,
        query=query,
        server_of=server_of,
        supervisor_of=supervisor_of,
        kill=lambda pid: os.kill(pid, signal.SIGKILL),
    )
