"""`openprospect sync` and `openprospect status`: the consumer's half, which needs nothing of the service but its address."""

import logging
import sys
from datetime import UTC, datetime
from typing import Annotated

from cyclopts import Parameter

from openprospect.cli.durations import duration
from openprospect.cli.output import EXIT_BUSY, EXIT_RETRY, Json, answer, answers, stderr
from openprospect.sync.client import Client
from openprospect.sync.destinations.base import Held
from openprospect.sync.destinations.opening import held_in, when_free
from openprospect.sync.errors import Busy, FixNeeded
from openprospect.sync.freshness import too_old
from openprospect.sync.progress import live_progress
from openprospect.sync.retry import Retry, until
from openprospect.sync.schedule import stop_on_signals
from openprospect.sync.schedule import sync as run_sync
from openprospect.sync.summary import Summary

To = Annotated[
    str,
    Parameter(
        help="duckdb:///file.duckdb, postgresql://…, sqlite:///file.db, parquet:///folder, dlt:snowflake;"
        " CRMs: hubspot:///log.db, salesforce:///log.db, tryton:///log.db."
    ),
]


def sync(
    search_id: str,
    *more_search_ids: str,
    to: To,
    every: str | None = None,
    full: Annotated[bool, Parameter(negative="")] = False,
    base_url: Annotated[str, Parameter(env_var="OPENPROSPECT_BASE_URL")] = "http://127.0.0.1:8400",
    api_key: Annotated[str | None, Parameter(env_var="OPENPROSPECT_API_KEY", show_default=False)] = None,
    json: Json = False,
) -> int:
    """Bring a destination up to date with one or more prospect searches.

    Parameters
    ----------
    search_id
        The prospect search.
    more_search_ids
        More of them.
    to
        Where the companies and prospects go.
    every
        Run again and again, as 15m or 6h, until SIGTERM or Ctrl-C.
    full
        Read everything again, and remove what is no longer in the feed.
    base_url
        The service.
    api_key
        A key with companies:read and prospects:read; better in the environment, where `ps` does not show it.
    """
    logging.basicConfig(level=logging.WARNING, format="%(message)s", stream=sys.stderr)
    if not api_key:
        raise FixNeeded("A key is needed: set OPENPROSPECT_API_KEY to one with companies:read and prospects:read.")
    seconds = duration(every, option="--every").total_seconds() if every else None

    def emit(summary: Summary) -> None:
        for warning in summary.warnings:
            stderr.print(f"Note: {warning}", style="yellow", markup=False)
        if json:
            answer(summary.document(), json=True)
            if summary.error:
                stderr.print(summary.line(), markup=False)
        else:
            print(summary.line(), flush=True)

    with (
        stop_on_signals() as stop,
        Client(base_url, api_key, retry=Retry(sleep=until(stop))) as client,
        live_progress() as watch,
    ):
        return run_sync([search_id, *more_search_ids], to, client, every_seconds=seconds, full=full, emit=emit, watch=watch, stop=stop)


def status(*, to: To, max_age: str | None = None, json: Json = False) -> int:
    """Show what a destination holds, and up to when.

    Parameters
    ----------
    to
        The destination.
    max_age
        End with 1 where the last run of a search that came to its end is longer ago, as 2h; with 3 where another process has the file.
    """
    oldest = duration(max_age, option="--max-age") if max_age else None
    try:
        found = when_free(lambda: held_in(to))
    except Busy as error:
        stderr.print(f"{error} What it holds cannot be read until then.", markup=False)
        return EXIT_BUSY
    if json:
        answers((held.document() for held in found), columns=(), json=True)
    else:
        _show(found)
    late = too_old(found, now=datetime.now(UTC), max_age=oldest) if oldest else []
    for sentence in late:
        stderr.print(sentence, markup=False)
    return EXIT_RETRY if late else 0


def _show(found: list[Held]) -> None:
    columns = ("search_id", "companies", "prospects", "delivered_until", "synced_at", "server")
    answers((held.document() for held in found), columns=columns, json=False)
    rejected = [refusal for held in found for refusal in held.rejected or ()]
    if rejected:
        print(f"\n{len(rejected):,} rejected; every run tries them again:")
        answers((refusal.document() for refusal in rejected), columns=("kind", "company_id", "id", "reason", "tried_at"), json=False)
