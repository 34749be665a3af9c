"""Feeds to measure on, made by the service's own publishing: companies of about 700 bytes, three people at each."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from random import Random

from openprospect.server.access.keys import create_key, ensure_default_organization, organization_named
from openprospect.server.access.model import DEFAULT_ORGANIZATION, Scope
from openprospect.server.db.pool import Database
from openprospect.server.feed.model import CompanyId, CompanyRow, ProspectRow
from openprospect.server.feed.writing.publish import MAX_BATCH, Submission, publish
from openprospect.server.feed.writing.withdraw import withdraw
from openprospect.server.searches.create import create_search
from openprospect.server.searches.model import Search

_ACTOR = "bench"
_TRADES = ("Hotel", "Maschinenbau", "Logistik", "Bäckerei", "Software", "Gartenbau", "Elektrotechnik", "Verlag")
_PLACES = ("Berlin", "München", "Köln", "Leipzig", "Hamburg", "Zürich", "Wien", "Graz", "Lübeck", "Jena")
_FIRST = ("Maria", "Jürgen", "Zoë", "Anna", "Lukas", "Emil", "Søren", "Paula", "Ines", "Karl")
_LAST = ("Schmidt", "Müller", "Weiß", "Bauer", "Vogel", "Kaya", "Nowak", "Jansen", "Okafor", "Lindqvist")
_TITLES = ("General Manager", "Head of Procurement", "Chief Operating Officer", "IT Director", "Head of Sales")


def companies(count: int, *, first: int = 0) -> Iterator[CompanyRow]:
    """The same ones every time."""
    for number in range(first, first + count):
        random = Random(number)
        host = f"company-{number}.example"
        yield CompanyRow(
            name=f"{random.choice(_TRADES)} {random.choice(_PLACES)} {number} GmbH",
            website_url=f"https://www.{host}",
            source_id=f"crm-{number}",
            prospects=tuple(_person(random, host, place) for place in range(3)),
        )


async def open_search(database: Database) -> Search:
    await ensure_default_organization(database)
    owner = await organization_named(database, DEFAULT_ORGANIZATION)
    return await create_search(database, "bench", organization_id=owner.id, actor=_ACTOR)


async def new_key(database: Database, name: str) -> str:
    """A key that may read."""
    await ensure_default_organization(database)
    scopes = [Scope.COMPANIES_READ, Scope.PROSPECTS_READ]
    made = await create_key(
        database, name, organization=DEFAULT_ORGANIZATION, scopes=list(scopes), expires_in=None, is_live=False, actor=_ACTOR
    )
    return made.key


async def deliver(database: Database, search: Search, rows: Iterator[CompanyRow]) -> list[CompanyId]:
    """In batches; answers the ids in order."""
    ids: list[CompanyId] = []
    while batch := list(islice(rows, MAX_BATCH)):
        async with database.transaction() as db:
            published = await publish(db, search, Submission(rows=batch, actor=_ACTOR, all_or_nothing=True))
        ids += [outcome.company_id for _, outcome in sorted(published.outcomes.items())]
    return ids


async def churn(database: Database, search: Search, ids: Sequence[CompanyId]) -> None:
    """Deliver each tenth company again with other content, and withdraw another tenth, spread over the feed."""
    again = (replace(row, name=f"{row.name} & Co.") for row in islice(companies(len(ids)), 0, None, 10))
    await deliver(database, search, again)
    withdrawn = ids[5::10]
    for begin in range(0, len(withdrawn), MAX_BATCH):
        async with database.transaction() as db:
            await withdraw(db, search, withdrawn[begin : begin + MAX_BATCH], reason=None, actor=_ACTOR)


def _person(random: Random, host: str, place: int) -> ProspectRow:
    first, last = random.choice(_FIRST), random.choice(_LAST)
    return ProspectRow(first_name=first, last_name=last, email=f"person.{place}@{host}", job_title=random.choice(_TITLES))
