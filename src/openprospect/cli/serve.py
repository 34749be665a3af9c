"""`openprospect serve` and `openprospect migrate`."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from openprospect.cli.erasure_log import DEFAULT_LOGGED_STORAGE, LoggedStorage, begin_beside_data_folder, log_for_serving
from openprospect.cli.output import Json, answer
from openprospect.cli.service_options import DEFAULT_OPTIONS, ServiceOptions
from openprospect.cli.storage import check_ready, prepare
from openprospect.server.core.vault import Vault
from openprospect.server.db.pool import Database
from openprospect.server.feed.writing.locks import LOCK_SECONDS
from openprospect.server.observability import logs
from openprospect.server.privacy.in_step import catch_up
from openprospect.server.privacy.log import ErasureLog
from openprospect.server.serving import serve_until_stopped


def serve(
    *,
    host: Annotated[str, Parameter(env_var="OPENPROSPECT_HOST")] = "127.0.0.1",
    port: Annotated[int, Parameter(env_var="OPENPROSPECT_PORT", validator=Number(gte=1, lte=65535))] = 8400,
    workers: Annotated[int, Parameter(env_var="OPENPROSPECT_WORKERS", validator=Number(gte=1))] = 1,
    migrate: bool = True,
    options: ServiceOptions = DEFAULT_OPTIONS,
    storage: LoggedStorage = DEFAULT_LOGGED_STORAGE,
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
    """
    # All of it is looked at before a database is begun, or brought to this version.
    settings = options.settings()
    logs.configure(settings.log_format)
    with storage.dsn(may_begin=True) as dsn:
        secret_keys = storage.secret_keys()
        asyncio.run(prepare(dsn, Vault(secret_keys)) if migrate else check_ready(dsn))
        log = asyncio.run(_log_in_step(dsn, storage, deadline=timedelta(days=settings.erasure_deadline_days)))
        found = replace(settings, erasure_log=str(log.path), secret_keys=secret_keys)
        serve_until_stopped(dsn, found, host=host, port=port, workers=workers)


async def _log_in_step(dsn: str, storage: LoggedStorage, *, deadline: timedelta) -> ErasureLog:
    """The log of the database, which lacks nothing of it from then on."""
    async with await Database.open(dsn, size=1, lock_seconds=LOCK_SECONDS) as database:
        log = await log_for_serving(database, storage)
        await catch_up(database, log, deadline=deadline)
        return log


def migrate(*, storage: LoggedStorage = DEFAULT_LOGGED_STORAGE, json: Json = False) -> None:
    """Bring the database to this version's schema."""

    async def run(dsn: str) -> str:
        version = await prepare(dsn, Vault(storage.secret_keys()))
        async with await Database.open(dsn, size=1) as database:
            await begin_beside_data_folder(database, storage)
        return version

    with storage.dsn(may_begin=True) as dsn:
        answer({"version": asyncio.run(run(dsn))}, json=json)
