"""`openprospect serve` and `openprospect migrate`."""

import asyncio
from typing import Annotated

from cyclopts import Parameter

from openprospect.cli.output import Json, answer
from openprospect.cli.storage import DEFAULT_STORAGE, Storage, prepare
from openprospect.server.serving import serve_until_stopped
from openprospect.server.settings import DEFAULTS, Settings


def serve(
    *,
    host: Annotated[str, Parameter(env_var="OPENPROSPECT_HOST")] = "127.0.0.1",
    port: Annotated[int, Parameter(env_var="OPENPROSPECT_PORT")] = 8400,
    workers: Annotated[int, Parameter(env_var="OPENPROSPECT_WORKERS")] = 1,
    migrate: bool = True,
    erasure_deadline_days: Annotated[int, Parameter(env_var="OPENPROSPECT_ERASURE_DEADLINE_DAYS")] = DEFAULTS.erasure_deadline_days,
    storage: Storage = DEFAULT_STORAGE,
) -> None:
    """Run the delivery service until SIGTERM or Ctrl-C; requests under way are finished first.

    Parameters
    ----------
    host
        The address to listen on.
    port
        The port to listen on.
    workers
        How many processes share the work.
    migrate
        Bring the database to this version's schema first.
    erasure_deadline_days
        How many days recipients have to confirm an erasure.
    """
    settings = Settings(erasure_deadline_days=erasure_deadline_days)
    with storage.dsn() as dsn:
        if migrate:
            asyncio.run(prepare(dsn))
        serve_until_stopped(dsn, settings, host=host, port=port, workers=workers)


def migrate(*, storage: Storage = DEFAULT_STORAGE, json: Json = False) -> None:
    """Bring the database to this version's schema."""
    with storage.dsn() as dsn:
        answer({"version": asyncio.run(prepare(dsn))}, json=json)
