"""`openprospect receipts`: who has what of the feeds, and whether all is well."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from cyclopts import Parameter

from openprospect.cli.output import EXIT_RETRY, Json, answers, stderr
from openprospect.cli.storage import DEFAULT_STORAGE, Storage, on_database
from openprospect.server.console.verdict import State, Tone, state_at, state_of, verdict
from openprospect.server.console.words import counted
from openprospect.server.core.errors import InvalidInput, NotFound
from openprospect.server.core.timestamps import format_timestamp
from openprospect.server.db.pool import Database
from openprospect.server.observability import store
from openprospect.server.observability.model import Feed, LackingCompany, Queue, Standing
from openprospect.server.observability.watch import Watch, load_watch
from openprospect.server.searches.lookup import known_search
from openprospect.server.searches.model import SearchId
from openprospect.server.webhooks.endpoints import consumer_of

# Programs that read the receipts of one search count on these names alone.
_RECEIPT = ("key_name", "delivered_until", "seen_at", "behind_companies", "oldest_unconfirmed_at")
_LACKING = ("company_id", "name", "source_id", "delivered_at", "state")
_PLACE = ("organization", "search", "search_id")

_Line = dict[str, object]


def receipts(
    search_id: UUID | None = None,
    *,
    consumer: str | None = None,
    lacking: Annotated[bool, Parameter(negative="")] = False,
    limit: int = 100,
    check: Annotated[bool, Parameter(negative="")] = False,
    storage: Storage = DEFAULT_STORAGE,
    json: Json = False,
) -> int:
    """Show how far each consumer has confirmed, what it has not, and which searches nobody pulls.

    Parameters
    ----------
    search_id
        The prospect search; without it, all of them.
    consumer
        The name of a key, or `webhook:` and an endpoint's id: of this consumer alone, over all that it takes.
    lacking
        The companies that the consumer has not confirmed of the search, the oldest first; needs both.
    limit
        How many of these.
    check
        For monitors: end with 1 where the answer is "No.", which is when somebody lacks something for longer than it should take.
    """
    if lacking:
        return _show_lacking(search_id, consumer, limit=limit, check=check, storage=storage, json=json)

    async def work(database: Database) -> Watch:
        search = await known_search(database, SearchId(search_id)) if search_id else None
        return await load_watch(database, None, search.id if search else None, consumer=consumer)

    watch = on_database(storage, work)
    if consumer and not (watch.standings or watch.queues):
        raise _never_there(consumer)
    is_for_programs = bool(search_id) and json
    told = () if is_for_programs else ("state",)
    columns = (*(() if search_id else _PLACE), *_RECEIPT, *told)
    lines = (_receipt(standing) for standing in watch.standings) if is_for_programs else _lines(watch)
    answers(({name: line[name] for name in columns} for line in lines), columns=columns, json=json)
    said = verdict(watch, datetime.now(UTC))
    stderr.print(f"Does {consumer or 'everybody'} have everything? {said.answer} {said.reason}", markup=False)
    return EXIT_RETRY if check and said.tone is Tone.BAD else 0


def _show_lacking(search_id: UUID | None, consumer: str | None, *, limit: int, check: bool, storage: Storage, json: bool) -> int:
    if not (search_id and consumer) or check or limit < 1:
        raise InvalidInput(
            "--lacking lists companies of one search and one consumer: SEARCH_ID --consumer NAME, at least 1 of them, not with --check."
        )

    async def work(database: Database) -> tuple[Sequence[Standing], Sequence[LackingCompany]]:
        search = await known_search(database, SearchId(search_id))
        return await store.standings(database, None, search.id, consumer), await store.lacking(database, search.id, consumer, limit=limit)

    standings, companies = on_database(storage, work)
    if not standings:
        raise _never_there(consumer)
    answers(map(_lacking_line, companies), columns=_LACKING, json=json)
    stderr.print(
        f"{consumer} lacks {counted(standings[0].behind_companies, 'company', 'companies')}; {len(companies):,} shown.", markup=False
    )
    return 0


def _never_there(consumer: str) -> NotFound:
    return NotFound(f"No consumer {consumer!r} has pulled anything here. Consumers go by the names of their keys: openprospect keys list.")


def _lacking_line(company: LackingCompany) -> _Line:
    return {
        "company_id": company.id,
        "name": company.name,
        "source_id": company.source_id,
        "delivered_at": format_timestamp(company.delivered_at),
        "state": f"{'removal ' if company.is_removal else ''}{'sent, not confirmed' if company.was_served else 'not sent'}",
    }


def _lines(watch: Watch) -> Iterator[_Line]:
    """The receipts, the endpoints that have never taken anything, and the feeds that nobody takes."""
    queues = {(queue.search_id, consumer_of(queue.webhook_id)): queue for queue in watch.queues}
    for standing in watch.standings:
        queue = queues.pop((standing.search_id, standing.consumer), None)
        yield _receipt(standing) | ({"state": state_at(queue)} if queue else {})
    yield from map(_first_receipt, queues.values())
    yield from map(_nobody, watch.unattended)


def _receipt(standing: Standing) -> _Line:
    return _place(standing) | {
        "key_name": standing.consumer,
        "delivered_until": format_timestamp(standing.confirmed_until),
        "seen_at": format_timestamp(standing.seen_at),
        "behind_companies": standing.behind_companies,
        "oldest_unconfirmed_at": format_timestamp(standing.oldest_unconfirmed_at),
        "state": f"{state_of(standing)}, key expired" if standing.is_expired else state_of(standing),
    }


def _first_receipt(queue: Queue) -> _Line:
    return _place(queue) | {
        "key_name": consumer_of(queue.webhook_id),
        "delivered_until": None,
        "seen_at": None,
        "behind_companies": queue.waiting,
        "oldest_unconfirmed_at": format_timestamp(queue.oldest_at),
        "state": state_at(queue),
    }


def _nobody(feed: Feed) -> _Line:
    return _place(feed) | dict.fromkeys(_RECEIPT) | {"behind_companies": feed.companies, "state": State.UNATTENDED}


def _place(one: Standing | Queue | Feed) -> _Line:
    return {"organization": one.organization, "search": one.search, "search_id": one.search_id}
