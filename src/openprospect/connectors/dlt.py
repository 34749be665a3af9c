"""A dlt source of a search's companies and prospects, which ends with exactly what is delivered: removals included.

    pipeline = dlt.pipeline("prospects", destination="snowflake", dataset_name="crm")
    pipeline.run(delivered_companies("5f0c…", base_url="https://delivery.example.com"))  # key: SOURCES__OPENPROSPECT__API_KEY

dlt commits its place in the feed with the load: a run that is killed repeats, and skips nothing. The warehouse must merge by
`delete-insert`, as every one does that speaks SQL; for Delta and Iceberg there is `openprospect sync --to dlt:delta`.
"""

from collections.abc import Iterable, Iterator
from itertools import takewhile
from typing import Any

import dlt
import pyarrow as pa
from dlt.extract import DltResource

from openprospect.sync.access import canonical_id
from openprospect.sync.client import Client, FeedPage
from openprospect.sync.destinations.dlt.rows import KEYS, REMOVED, RUN, removals, table_of
from openprospect.sync.destinations.frames import COMPANIES, PROSPECTS, company_frame, prospect_frame
from openprospect.sync.instances import mended_by
from openprospect.sync.wire import Company

_MERGE: Any = {"disposition": "merge", "strategy": "delete-insert"}
_REMOVAL: Any = {REMOVED: {"hard_delete": True}}
_INSTANCE = "instance"
_RELOAD = 'Load one search alone with pipeline.run(…, refresh="drop_sources"), which empties the dataset, and then all of them as ever.'


@dlt.source(name="openprospect", section="openprospect")
def delivered_companies(
    prospect_search_id: str, base_url: str = "http://127.0.0.1:8400", api_key: str = dlt.secrets.value
) -> Iterator[DltResource]:
    """Two flat tables, `companies` and `prospects`, from one walk. Places are kept by search: load as many as you please."""
    search_id = canonical_id(prospect_search_id)

    # No primary key: delivered_since is exclusive, so that there is no boundary to look back over.
    @dlt.resource(name=f"feed_{search_id}", selected=False)
    def feed(delivered: Any = dlt.sources.incremental("delivered_at", primary_key=())) -> Iterator[list[dict[str, Any]]]:  # noqa: B008
        known, since = dlt.current.resource_state(), delivered.last_value
        with mended_by(_RELOAD), Client(base_url, api_key) as client:
            pages = client.pages(search_id, delivered_since=since, expected_instance=known.get(_INSTANCE) if since else None)
            yield from _each_once(_noted(pages, known))

    @dlt.transformer(
        data_from=feed,
        name=f"companies_{search_id}",
        table_name=COMPANIES,
        write_disposition=_MERGE,
        primary_key=KEYS[COMPANIES],
        columns=_REMOVAL,
    )
    def companies(items: list[dict[str, Any]]) -> pa.Table:
        live, removed = _told_apart(items)
        rows = table_of(COMPANIES, company_frame(search_id, live), 0)
        return pa.concat_tables([rows, removals(COMPANIES, "id", search_id, removed)]).drop_columns([RUN])

    @dlt.transformer(
        data_from=feed,
        name=f"prospects_{search_id}",
        table_name=PROSPECTS,
        write_disposition=_MERGE,
        merge_key=KEYS[PROSPECTS],
        columns=_REMOVAL,
    )
    def prospects(items: list[dict[str, Any]]) -> pa.Table:
        live, _ = _told_apart(items)
        rows = table_of(PROSPECTS, prospect_frame(search_id, live), 0)
        # One row for every company, so that of one that has nobody left nobody is left.
        emptied = removals(PROSPECTS, "company_id", search_id, [item["company"].id for item in items])
        return pa.concat_tables([rows, emptied]).drop_columns([RUN])

    yield companies
    yield prospects


def _noted(pages: Iterable[FeedPage], known: dict[str, Any]) -> Iterator[FeedPage]:
    """The same pages. Whose place it is stands beside it, and is committed with it."""
    for page in pages:
        if page.instance:
            known[_INSTANCE] = page.instance
        yield page


def _each_once(pages: Iterable[FeedPage]) -> Iterator[list[dict[str, Any]]]:
    """As far as no company comes again: one that is delivered anew meanwhile ends the walk, and begins the next run."""
    seen: set[str] = set()
    for page in pages:
        first_seen = list(takewhile(lambda company: company.id not in seen, page.companies))
        seen.update(company.id for company in first_seen)
        yield [{"delivered_at": company.delivered_at, "company": company} for company in first_seen]
        if len(first_seen) < len(page.companies):
            return


def _told_apart(items: list[dict[str, Any]]) -> tuple[list[Company], list[str]]:
    """Companies that are delivered, and ids of those that were taken back."""
    companies: list[Company] = [item["company"] for item in items]
    return [company for company in companies if not company.removed_at], [company.id for company in companies if company.removed_at]
