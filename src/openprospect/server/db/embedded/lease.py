"""The lease that a command holds on the embedded PostgreSQL of its data folder, from any number of processes and threads."""

import contextlib
import json
import logging
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

from openprospect.server.core.errors import Misconfigured, OpenProspectError
from openprospect.server.db.embedded.account import server_account
from openprospect.server.db.embedded.cluster import SETTINGS, access_rules
from openprospect.server.db.embedded.folder import check_version, find_home, make_home, open_data_folder, refuse_to_begin, start_lock
from openprospect.server.db.embedded.home import Home
from openprospect.server.db.embedded.installation import STATE_FOLDER, Installation, environment, find_installation, reachable
from openprospect.server.db.supervisor.plan import Plan

_START_SECONDS = 180.0  # more than the supervisor itself allows PostgreSQL
_STOP_SECONDS = 90.0
_RETRY_SECONDS = 0.1
_LONGEST_RETRY_SECONDS = 10.0
_LOG_TAIL_LINES = 20

# -I -S: neither variables of ours nor site-packages; the first argument is the folder that `openprospect` is in.
_SUPERVISE = "import sys; sys.path.insert(0, sys.argv[1]); from openprospect.server.db.supervisor.process import main; main()"
_SOURCES = Path(__file__).resolve().parents[4]

_READY: dict[str, str] = {}

_logger = logging.getLogger(__name__)


class EmbeddedPostgres:
    """`with EmbeddedPostgres(data_dir) as dsn:` a PostgreSQL runs at `dsn`, shared by all who hold such a lease on the folder.

    The first lease starts it, where the folder is new with an empty database, unless `may_create` is false; the last one to end,
    in whichever way, stops it. Should it or its supervisor die in between, it is back at the same address about a second later.
    """

    is_new = False
    """Whether this lease made the database."""

    def __init__(
        self, data_dir: Path, *, may_create: bool = True, installation: Installation | None = None, state_folder: Path = STATE_FOLDER
    ) -> None:
        self._data_dir = Path(os.path.realpath(data_dir))
        self._may_create = may_create
        self._installation = installation
        self._state_folder = state_folder
        self._leaving = threading.Event()
        self._exchanging = threading.Lock()

    def __enter__(self) -> str:
        with _faults_of(self._data_dir):
            open_data_folder(self._data_dir, may_create=self._may_create)
            home, self._connection = self._take(may_create=self._may_create)
        self._watcher = threading.Thread(target=self._keep, name="embedded-postgres-lease", daemon=True)
        self._watcher.start()
        return home.dsn

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        """Returns once the server has stopped, where this was the last lease."""
        with self._exchanging:
            self._leaving.set()
            _end(self._connection)
        self._watcher.join(_STOP_SECONDS)

    def _keep(self) -> None:
        """Hold the lease, and take a new one whenever the supervisor that gave the present one is gone."""
        while True:
            with self._connection as connection:
                _wait_for_end(connection)
            if not self._renew_until_left():
                return

    def _renew_until_left(self) -> bool:
        retry_seconds = _RETRY_SECONDS
        while not self._leaving.is_set():
            if self._renew():
                return True
            self._leaving.wait(retry_seconds)
            retry_seconds = min(2 * retry_seconds, _LONGEST_RETRY_SECONDS)
        return False

    def _renew(self) -> bool:
        try:
            with _faults_of(self._data_dir):
                _, connection = self._take(may_create=False)
        except OpenProspectError as fault:
            _logger.error("The embedded PostgreSQL has ended and does not start again, which is tried on: %s", fault)
            return False
        with self._exchanging:
            self._connection = connection
            if self._leaving.is_set():
                _end(connection)
        return True

    def _take(self, *, may_create: bool) -> tuple[Home, socket.socket]:
        home = find_home(self._data_dir)
        connection = None if home is None else _join(home)
        if home is not None and connection is not None:
            return home, connection
        with start_lock(self._data_dir):
            home = find_home(self._data_dir) or self._make_home(may_create=may_create)
            return home, _join(home) or self._start(home)

    def _make_home(self, *, may_create: bool) -> Home:
        if not may_create:
            refuse_to_begin(self._data_dir)
        home = make_home(self._data_dir, self._installation or find_installation(), state_folder=self._state_folder)
        self.is_new = True
        return home

    def _start(self, home: Home) -> socket.socket:
        installation = self._installation or find_installation()
        check_version(home, installation)
        server = server_account(home.owner)
        usable = reachable(installation, server, state_folder=self._state_folder)
        ours, theirs = socket.socketpair()
        with theirs:
            plan = Plan(
                home=str(home.path),
                address=str(home.address),
                postgres=str(usable.program("postgres")),
                settings=SETTINGS,
                access_rules=access_rules(home, server),
                environment=environment(),
                server_uid=server.uid,
                server_gid=server.gid,
                first_lease=theirs.fileno(),
            )
            _launch(plan, home)
        answer = _answer(ours, home)
        if answer == _READY:
            return ours
        ours.close()
        reason = "its supervisor ended without a word" if answer is None else answer["error"]
        raise Misconfigured(f"The embedded PostgreSQL did not start: {reason}.{_end_of(home.log)}")


def _join(home: Home) -> socket.socket | None:
    """A lease from the supervisor that is there; nothing where there is none, or it is about to end."""
    home.check_address()
    connection = socket.socket(socket.AF_UNIX)
    with contextlib.suppress(FileNotFoundError, ConnectionError):
        connection.connect(str(home.control_socket))
        if _answer(connection, home) == _READY:
            return connection
    connection.close()
    return None


def _launch(plan: Plan, home: Home) -> None:
    # A session of its own, and none of our descriptors but the lease: Ctrl-C passes it by, and pipes of ours can end.
    command = [sys.executable, "-I", "-S", "-c", _SUPERVISE, str(_SOURCES), json.dumps(plan)]
    try:
        subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=[plan["first_lease"]],
            start_new_session=True,
            cwd="/",
            env=environment(),
            check=False,
            **home.owner.options(),
        )
    except PermissionError:
        raise Misconfigured(
            f"The database in {home.path} belongs to the user `{home.owner.name}`, who may not run {sys.executable}. "
            "Run this command as that user, with an OpenProspect that is installed for it."
        ) from None


def _answer(connection: socket.socket, home: Home) -> dict[str, str] | None:
    """What the supervisor says of its server; nothing where it ended instead."""
    connection.settimeout(_START_SECONDS)
    try:
        with connection.makefile() as lines:
            line = lines.readline()
    except ConnectionError:
        return None
    except TimeoutError:
        raise Misconfigured(
            f"The supervisor of {home.path} has not answered for {_START_SECONDS:.0f} seconds.{_end_of(home.log)}"
        ) from None
    connection.settimeout(None)
    answer: dict[str, str] | None = json.loads(line) if line else None
    return answer


def _wait_for_end(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while connection.recv(64):
            pass


def _end(connection: socket.socket) -> None:
    """For every copy of the descriptor too: a child that was forked while we held it does not keep the lease."""
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_WR)


def _end_of(log: Path) -> str:
    try:
        lines = log.read_text(errors="replace").splitlines()[-_LOG_TAIL_LINES:]
    except FileNotFoundError:
        return ""
    return "\n".join([f" The end of its log, {log}:", *lines])


@contextlib.contextmanager
def _faults_of(data_dir: Path) -> Iterator[None]:
    try:
        yield
    except OSError as fault:
        where = f" ({fault.filename})" if fault.filename else ""
        raise Misconfigured(
            f"The data folder {data_dir} cannot be used: {fault.strerror or fault}{where}. "
            "Mend that, or name another folder in OPENPROSPECT_DATA_DIR."
        ) from fault
