"""Running the application: sockets, workers, signals. What it answers is `app.py`'s."""

import ctypes
import gc
import logging
import multiprocessing
import os
import resource
import signal
import socket
import sys
import threading
import time
import urllib.error
import urllib.request

import msgspec
import uvicorn
from litestar.types import ASGIApp
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess

from openprospect.server.app import create_app
from openprospect.server.core.errors import Misconfigured, Unavailable
from openprospect.server.core.garbage import collect_rarely
from openprospect.server.http.connection import BoundedConnection
from openprospect.server.observability import logs
from openprospect.server.observability.multiprocess import shared_counts, take_place
from openprospect.server.settings import Settings

logger = logging.getLogger(__name__)

_DSN_VARIABLE = "OPENPROSPECT_INTERNAL_DSN"
_SETTINGS_VARIABLE = "OPENPROSPECT_INTERNAL_SETTINGS"
_DRAIN_SECONDS = 30
_PR_SET_PDEATHSIG = 1
_MOST_FILES = 1 << 16
_OTHER_FILES = 200


def serve_until_stopped(dsn: str, settings: Settings, *, host: str, port: int, workers: int) -> None:
    """Listen until SIGTERM or SIGINT, then finish what is under way."""
    _check_free(host, port)
    # Workers are processes of their own; an argument list would show the password to `ps`.
    os.environ[_DSN_VARIABLE] = dsn
    os.environ[_SETTINGS_VARIABLE] = msgspec.json.encode(settings).decode()
    for number in (signal.SIGTERM, signal.SIGINT):
        # uvicorn raises the signal once more after a clean stop, which would turn it into a failure.
        signal.signal(number, lambda *_: None)
    threading.Thread(target=_announce, args=(host, port), daemon=True).start()
    config = uvicorn.Config(
        "openprospect.server.serving:worker_app",
        factory=True,
        host=host,
        port=port,
        workers=workers,
        loop="uvloop",
        http=BoundedConnection,
        limit_concurrency=_bounded_by_system(settings.connections),
        ws="none",
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=True,
        timeout_graceful_shutdown=_DRAIN_SECONDS,
        timeout_keep_alive=30,
    )
    with shared_counts(workers):
        has_started = _run_workers(config) if workers > 1 else _run(config)
    if not has_started:
        raise Unavailable("The service could not start; its log says why.")


def _run(config: uvicorn.Config) -> bool:
    server = uvicorn.Server(config)
    server.run()
    return server.started


def _run_workers(config: uvicorn.Config) -> bool:
    """False where a worker could not start, be it the successor of one that died: uvicorn then ends them all."""
    supervisor = Multiprocess(config, sockets=[config.bind_socket()])
    supervisor.run()
    return all(process.exitcode != STARTUP_FAILURE for process in supervisor.processes)


def worker_app() -> ASGIApp:
    """The application of one worker, which ends with the process that started it."""
    settings = msgspec.json.decode(os.environ[_SETTINGS_VARIABLE], type=Settings)
    logs.configure(settings.log_format)
    parent = multiprocessing.parent_process()
    if parent is not None and sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent.pid:
            sys.exit(1)  # it died before it could be heard
    take_place()
    app = create_app(os.environ[_DSN_VARIABLE], settings)
    # What is here now stays to the end: to look through all of it for garbage, again and again, takes tens of milliseconds.
    gc.collect()
    gc.freeze()
    collect_rarely()
    return app


def _bounded_by_system(connections: int) -> int:
    """As many connections as wanted, or as few as the system allows after all that else is open; raises that bound as far as it may."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    files = hard if hard != resource.RLIM_INFINITY else _MOST_FILES
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(files, _MOST_FILES), hard))
    return max(1, min(connections, min(files, _MOST_FILES) - _OTHER_FILES))


def _check_free(host: str, port: int) -> None:
    """Raises Misconfigured where somebody else listens already."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise Misconfigured(f"Cannot listen on {host}:{port}: {error.strerror}; choose another with --port or --host.") from None


def _announce(host: str, port: int) -> None:
    """Say where the service listens, once it answers."""
    reachable = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  # compared, not bound
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while True:
        try:
            with direct.open(f"http://{_in_url(reachable)}:{port}/health", timeout=5):
                logger.info("listening on http://%s:%d", _in_url(host), port)
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host
