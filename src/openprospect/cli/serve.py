"""`openprospect serve` and `openprospect migrate`."""

import asyncio
import os
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter
from cyclopts.validators import Number

from openprospect.cli.erasure_log import DEFAULT_LOGGED_STORAGE, LoggedStorage, begin_beside_data_folder, log_for_serving
from openprospect.cli.output import Json, answer
from openprospect.cli.storage import ErasureDeadlineDays, check_ready, prepare
from openprospect.server.access.limits.counting import checked_redis_url
from openprospect.server.core.vault import Vault
from openprospect.server.db.pool import Database
from openprospect.server.observability.tracing.wanted import wants_traces
from openprospect.server.serving import serve_until_stopped
from openprospect.server.settings import DEFAULTS, Settings


def serve(
    *,
    host: Annotated[str, Parameter(env_var="OPENPROSPECT_HOST")] = "127.0.0.1",
    port: Annotated[int, Parameter(env_var="OPENPROSPECT_PORT", validator=Number(gte=1, lte=65535))] = 8400,
    workers: Annotated[int, Parameter(env_var="OPENPROSPECT_WORKERS", validator=Number(gte=1))] = 1,
    migrate: bool = True,
    erasure_deadline_days: ErasureDeadlineDays = DEFAULTS.erasure_deadline_days,
    rate_limit: Annotated[int | None, Parameter(env_var="OPENPROSPECT_RATE_LIMIT")] = DEFAULTS.rate_limit,
    rate_limit_free: Annotated[int, Parameter(env_var="OPENPROSPECT_RATE_LIMIT_FREE")] = DEFAULTS.rate_limit_free,
    rate_limit_pro: Annotated[int, Parameter(env_var="OPENPROSPECT_RATE_LIMIT_PRO")] = DEFAULTS.rate_limit_pro,
    rate_limit_enterprise: Annotated[int, Parameter(env_var="OPENPROSPECT_RATE_LIMIT_ENTERPRISE")] = DEFAULTS.rate_limit_enterprise,
    redis_url: Annotated[str | None, Parameter(env_var="OPENPROSPECT_REDIS_URL", show_default=False)] = DEFAULTS.redis_url,
    webhook_allow_private: Annotated[bool, Parameter(env_var="OPENPROSPECT_WEBHOOK_ALLOW_PRIVATE")] = DEFAULTS.webhook_allow_private,
    webhook_attempt_days: Annotated[int, Parameter(env_var="OPENPROSPECT_WEBHOOK_ATTEMPT_DAYS")] = DEFAULTS.webhook_attempt_days,
    webhook_failed_attempt_days: Annotated[
        int, Parameter(env_var="OPENPROSPECT_WEBHOOK_FAILED_ATTEMPT_DAYS")
    ] = DEFAULTS.webhook_failed_attempt_days,
    connections: Annotated[int, Parameter(env_var="OPENPROSPECT_CONNECTIONS")] = DEFAULTS.connections,
    read_seconds: Annotated[float, Parameter(env_var="OPENPROSPECT_READ_SECONDS")] = DEFAULTS.read_seconds,
    log_format: Annotated[Literal["text", "json"], Parameter(env_var="OPENPROSPECT_LOG_FORMAT")] = "text",
    metrics_token: Annotated[str | None, Parameter(env_var="OPENPROSPECT_METRICS_TOKEN", show_default=False)] = DEFAULTS.metrics_token,
    stop_notice_seconds: Annotated[float, Parameter(env_var="OPENPROSPECT_STOP_NOTICE_SECONDS")] = DEFAULTS.stop_notice_seconds,
    read_database_urls: Annotated[
        tuple[str, ...], Parameter(env_var="OPENPROSPECT_READ_DATABASE_URLS", show_default=False)
    ] = DEFAULTS.read_database_urls,
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
    erasure_deadline_days
        How many days recipients have to confirm an erasure.
    rate_limit
        How many requests an hour a key without a tier may make; unlimited where nothing is said.
    rate_limit_free
        How many a key of the tier free may make.
    rate_limit_pro
        How many a key of the tier pro may make.
    rate_limit_enterprise
        How many a key of the tier enterprise may make.
    redis_url
        The Redis in which requests are counted; without it, the database.
    webhook_allow_private
        Let webhooks go to loopback and private addresses, and over plain http.
    webhook_attempt_days
        How many days webhook attempts that were accepted stay in the log.
    webhook_failed_attempt_days
        How many days those that failed stay.
    connections
        How many connections a process holds; beyond that, those with nothing under way give way to newcomers.
    read_seconds
        How long the database may take over a page, or over any other single read; what takes longer is answered 503.
    log_format
        text, or json for one object a line, each request among them.
    metrics_token
        What a scraper of /metrics must send as its bearer token; without it, only this machine may scrape, and not by a proxy.
    stop_notice_seconds
        How long, after SIGTERM, /ready says 503 before anything else stops: the time that a load balancer needs to notice.
    read_database_urls
        Streaming replicas of your PostgreSQL, with blanks between them in the environment: feeds are read from those that are not behind.
    """
    # All of it is looked at before a database is begun, or brought to this version.
    settings = Settings(
        erasure_deadline_days=erasure_deadline_days,
        rate_limit=rate_limit,
        rate_limit_free=rate_limit_free,
        rate_limit_pro=rate_limit_pro,
        rate_limit_enterprise=rate_limit_enterprise,
        redis_url=checked_redis_url(redis_url),
        webhook_allow_private=webhook_allow_private,
        webhook_attempt_days=webhook_attempt_days,
        webhook_failed_attempt_days=webhook_failed_attempt_days,
        connections=connections,
        read_seconds=read_seconds,
        log_format=log_format,
        metrics_token=metrics_token or None,  # compose.yaml hands over an empty one
        stop_notice_seconds=stop_notice_seconds,
        read_database_urls=read_database_urls,
        is_traced=wants_traces(os.environ),
    )
    with storage.dsn(may_begin=True) as dsn:
        secret_keys = storage.secret_keys()
        asyncio.run(prepare(dsn, Vault(secret_keys)) if migrate else check_ready(dsn))
        found = replace(settings, erasure_log=str(asyncio.run(_erasure_log(dsn, storage))), secret_keys=secret_keys)
        serve_until_stopped(dsn, found, host=host, port=port, workers=workers)


async def _erasure_log(dsn: str, storage: LoggedStorage) -> Path:
    async with await Database.open(dsn, size=1) as database:
        return (await log_for_serving(database, storage)).path


def migrate(*, storage: LoggedStorage = DEFAULT_LOGGED_STORAGE, json: Json = False) -> None:
    """Bring the database to this version's schema."""

    async def run(dsn: str) -> str:
        version = await prepare(dsn, Vault(storage.secret_keys()))
        async with await Database.open(dsn, size=1) as database:
            await begin_beside_data_folder(database, storage)
        return version

    with storage.dsn(may_begin=True) as dsn:
        answer({"version": asyncio.run(run(dsn))}, json=json)
