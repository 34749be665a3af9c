"""PostgreSQL's main process as a child of the supervisor: its start, its end, and what an earlier one left behind."""

import contextlib
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

from openprospect.server.db.supervisor.kernel import holders, interrupted_when_parent_dies, locked, works_in
from openprospect.server.db.supervisor.plan import Plan, sockets_in

_PREDECESSOR_SECONDS = 60.0
_START_SECONDS = 100.0  # recovery after a power cut may read a gigabyte of its log
_FAST_STOP_SECONDS = 60.0
_IMMEDIATE_STOP_SECONDS = 10.0
_BETWEEN_STARTS_SECONDS = 0.5
_POLL_SECONDS = 0.005


class StartFailed(Exception):
    """PostgreSQL does not run; its log says why."""


class Postmaster:
    def __init__(self, plan: Plan, *, log: int) -> None:
        self._plan = plan
        self._log = log
        self._home = Path(plan["home"])
        self._cluster = self._home / "cluster"
        self._lock = self._home / "server.lock"
        self._sockets = sockets_in(Path(plan["address"]))
        self._process: subprocess.Popen[bytes] | None = None
        self._may_start_at = 0.0

    def start(self) -> None:
        """Returns when PostgreSQL takes connections."""
        time.sleep(max(0.0, self._may_start_at - time.monotonic()))
        self._may_start_at = time.monotonic() + _BETWEEN_STARTS_SECONDS
        # PostgreSQL and all its backends inherit the lock, so it is free exactly when none of them is left.
        with locked(self._lock, patience_seconds=_PREDECESSOR_SECONDS, while_waiting=self._end_predecessor) as lock:
            self._remove_stale_traces()
            self._process = self._spawn(lock)
        self._wait_until_ready(self._process)

    def has_died(self) -> bool:
        return self._process is not None and self._process.poll() is not None

    def stop(self) -> None:
        if self._process is None or self.has_died():
            return
        for how, patience_seconds in ((signal.SIGINT, _FAST_STOP_SECONDS), (signal.SIGQUIT, _IMMEDIATE_STOP_SECONDS)):
            self._process.send_signal(how)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(patience_seconds)
                return
        self._process.kill()
        self._process.wait()

    def _spawn(self, lock: int) -> subprocess.Popen[bytes]:
        as_server: dict[str, Any] = {}
        if os.geteuid() != self._plan["server_uid"]:
            as_server = {"user": self._plan["server_uid"], "group": self._plan["server_gid"], "extra_groups": []}
        return subprocess.Popen(
            [self._plan["postgres"], "-D", str(self._cluster), *self._options()],
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
            pass_fds=[lock],
            cwd="/",
            env=self._plan["environment"],
            preexec_fn=interrupted_when_parent_dies(os.getpid()),  # noqa: PLW1509 - unsafe with threads, of which there is one
            **as_server,
        )

    def _options(self) -> list[str]:
        quoted = str(self._sockets).replace('"', '""')
        settings = {
            **self._plan["settings"],
            "unix_socket_directories": f'"{quoted}"',
            **{name.replace(".conf", "_file"): str(self._home / name) for name in self._plan["access_rules"]},
        }
        return [argument for name, value in settings.items() for argument in ("-c", f"{name}={value}")]

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while not self._is_ready(process.pid):
            if self.has_died():
                raise StartFailed(f"PostgreSQL ended with exit status {process.returncode} before it was ready")
            if time.monotonic() > deadline:
                raise StartFailed(f"PostgreSQL was not ready after {_START_SECONDS:.0f} seconds")
            time.sleep(_POLL_SECONDS)

    def _is_ready(self, pid: int) -> bool:
        recorded = self._recorded()
        return recorded[:1] == [str(pid)] and recorded[7:8] == ["ready"]

    def _recorded(self) -> list[str]:
        """The lines of `postmaster.pid`: the process id is the first, the status the eighth."""
        try:
            return [line.strip() for line in (self._cluster / "postmaster.pid").read_text().splitlines()]
        except FileNotFoundError:
            return []

    def _recorded_pid(self) -> int | None:
        """The process `postmaster.pid` names, where it really is a PostgreSQL on this cluster."""
        number = "".join(self._recorded()[:1])
        return int(number) if number.isdigit() and works_in(int(number), self._cluster) else None

    def _end_predecessor(self) -> None:
        """Its backends see that it is gone only once they wait for something; a busy one would hold us up for long."""
        postmaster = self._recorded_pid()
        with contextlib.suppress(ProcessLookupError):
            if postmaster is not None:
                os.kill(postmaster, signal.SIGINT)
            else:
                for backend in holders(self._lock, working_in=self._cluster):
                    os.kill(backend, signal.SIGKILL)

    def _remove_stale_traces(self) -> None:
        """After a power cut their process id may be another process's, and PostgreSQL would refuse to start beside that."""
        if self._recorded_pid() is None:
            (self._cluster / "postmaster.pid").unlink(missing_ok=True)
            for trace in self._sockets.iterdir():
                trace.unlink()
