"""The supervising process: one PostgreSQL, and the leases that keep it running.

A lease is a connection to the control socket. The supervisor says one line on it, `{}` once PostgreSQL is ready or
`{"error": …}`; from the other side comes nothing but the end, which the kernel sends however a command ends.
"""

import contextlib
import json
import os
import selectors
import signal
import socket
import sys
from pathlib import Path

from openprospect.server.db.supervisor.kernel import StillHeld, is_private_folder, locked
from openprospect.server.db.supervisor.log import open_log, trim
from openprospect.server.db.supervisor.plan import Plan, control_socket_in, sockets_in
from openprospect.server.db.supervisor.postmaster import Postmaster, StartFailed

_PREDECESSOR_SECONDS = 80.0  # longer than it may need to stop PostgreSQL
_HOUSEKEEPING_SECONDS = 60.0
_READY = "{}"


class Supervisor:
    def __init__(self, plan: Plan, *, first_lease: socket.socket, log: int) -> None:
        self._plan = plan
        self._log = log
        self._address = Path(plan["address"])
        self._postmaster = Postmaster(plan, log=log)
        self._selector = selectors.DefaultSelector()
        self._leases: set[socket.socket] = set()
        self._last_to_leave: socket.socket | None = None
        self._listener = socket.socket(socket.AF_UNIX)
        self._told_to_stop = False
        self._add(first_lease)

    def run(self) -> None:
        # Also keeps a second supervisor out where the control socket cannot be seen, as from another container.
        with locked(Path(self._plan["home"]) / "supervisor.lock", patience_seconds=_PREDECESSOR_SECONDS):
            self._supervise()

    def _supervise(self) -> None:
        self._prepare_folders()
        self._watch_signals()
        self._listen()
        try:
            self._postmaster.start()
            for lease in self._leases:
                _tell(lease, _READY)
            while self._is_wanted():
                self._wait()
        finally:
            # In this order: whoever comes now is turned away, starts another supervisor, and that one waits for our lock.
            self._listener.close()
            self._postmaster.stop()
            self._remove_sockets()

    def _prepare_folders(self) -> None:
        for name, content in self._plan["access_rules"].items():
            (Path(self._plan["home"]) / name).write_text(content)
        self._address.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, exist_ok=True)
        if not is_private_folder(self._address, owner=os.geteuid()):
            raise StartFailed(f"{self._address} is not a private folder of ours")
        sockets = sockets_in(self._address)
        sockets.mkdir(mode=0o700, exist_ok=True)
        sockets.chmod(0o700)
        os.chown(sockets, self._plan["server_uid"], self._plan["server_gid"], follow_symlinks=False)

    def _remove_sockets(self) -> None:
        control_socket_in(self._address).unlink(missing_ok=True)
        if self._address != Path(self._plan["home"]):
            with contextlib.suppress(OSError):  # what PostgreSQL left there when it was killed, the next start removes
                sockets_in(self._address).rmdir()
                self._address.rmdir()

    def _watch_signals(self) -> None:
        """Make the death of a child, and a request to stop, end the wait for leases."""
        woken, waker = socket.socketpair()
        woken.setblocking(False)
        waker.setblocking(False)
        signal.set_wakeup_fd(waker.detach())
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for asking in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(asking, self._stop)
        self._selector.register(woken, selectors.EVENT_READ, lambda: woken.recv(4096))

    def _stop(self, *_: object) -> None:
        self._told_to_stop = True

    def _listen(self) -> None:
        path = control_socket_in(self._address)
        path.unlink(missing_ok=True)
        self._listener.bind(str(path))
        self._listener.listen(128)
        self._listener.setblocking(False)
        self._selector.register(self._listener, selectors.EVENT_READ, self._accept)

    def _is_wanted(self) -> bool:
        if self._last_to_leave is not None:
            self._accept()  # somebody may have come as the last one left
            if self._leases:
                self._last_to_leave.close()
                self._last_to_leave = None
        return bool(self._leases) and not self._told_to_stop

    def _wait(self) -> None:
        for key, _ in self._selector.select(_HOUSEKEEPING_SECONDS):
            key.data()
        if self._postmaster.has_died():
            self._postmaster.start()
        trim(self._log)

    def _accept(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while True:
                lease, _ = self._listener.accept()
                self._add(lease)
                _tell(lease, _READY)

    def _add(self, lease: socket.socket) -> None:
        lease.setblocking(False)
        self._leases.add(lease)
        self._selector.register(lease, selectors.EVENT_READ, lambda: self._read(lease))

    def _read(self, lease: socket.socket) -> None:
        with contextlib.suppress(ConnectionError):
            if lease.recv(64):
                return
        self._selector.unregister(lease)
        self._leases.discard(lease)
        if self._leases:
            lease.close()
        else:
            self._last_to_leave = lease  # closed by our end: the command learns that the server has stopped


def _tell(lease: socket.socket, line: str) -> None:
    with contextlib.suppress(OSError):  # it may have ended by now
        lease.send(line.encode() + b"\n")


def main() -> None:
    plan: Plan = json.loads(sys.argv[2])
    if os.fork() != 0:  # init becomes our parent, so the command need not stay to see us end
        os._exit(0)
    first_lease = socket.socket(fileno=plan["first_lease"])
    try:
        os.umask(0o022)
        log = open_log(Path(plan["home"]))
        trim(log)
        os.dup2(log, sys.stderr.fileno())
        Supervisor(plan, first_lease=first_lease, log=log).run()
    except (StartFailed, StillHeld, OSError) as failure:
        _tell(first_lease, json.dumps({"error": str(failure)}))
        raise SystemExit(1) from None
