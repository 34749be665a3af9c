"""Finding companies in a feed by whatever the reader has at hand: an id, a source id, an e-mail address, a website, a name.

What is indexed is looked up. Names and websites are not: they are looked for stretch by stretch, so that no request takes long.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from openprospect.server.access.model import OrganizationId
from openprospect.server.console import store
from openprospect.server.console.model import Shown
from openprospect.server.db.pool import Database
from openprospect.server.feed import store as feed
from openprospect.server.feed.model import CompanyId
from openprospect.server.feed.rows.company_keys import company_keys
from openprospect.server.feed.rows.identity import bare_email, is_email
from openprospect.server.http.parameters import identifier
from openprospect.server.searches.model import SearchId

STRETCH = 5_000
MOST = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What was found so far; `until` is where to look on, None where everything has been looked through."""

    companies: Sequence[Shown]
    looked_at: int
    until: datetime | None


async def look_up(database: Database, organization_id: OrganizationId, search_id: SearchId, text: str) -> Found:
    """By what is indexed; for an id or an e-mail address that is all there is to know."""
    if wanted := _uuid(text):
        ids = [CompanyId(wanted), *await store.ids_by_prospect(database, search_id, wanted)]
        return await _whole(database, search_id, ids)
    email = bare_email(text)
    if is_email(email):
        digest = (await feed.hasher_of(database, organization_id)).email(email)
        return await _whole(database, search_id, await store.ids_by_email(database, search_id, digest or b""))
    keys = company_keys(source_id=text, website_url=text, name=text)
    exact = await store.ids_by_identity(database, search_id, [key.digest for key in keys])
    return await look_on(database, search_id, text, before=None, looked_at=0, known=exact)


async def look_on(
    database: Database, search_id: SearchId, text: str, *, before: datetime | None, looked_at: int, known: Sequence[CompanyId] = ()
) -> Found:
    """The next stretch, for a text that stands in a name or a website; what is known already comes first."""
    needle = _as_stored(text)
    looked, until, ids = await store.look_through(database, search_id, needle, before=before, stretch=STRETCH, limit=MOST)
    companies = await store.companies_at(database, search_id, list({*known, *ids}))
    is_over = looked < STRETCH or len(companies) >= MOST
    newest_first = sorted(companies, key=lambda shown: shown.delivered_at, reverse=True)
    return Found(companies=newest_first, looked_at=looked_at + looked, until=None if is_over else until)


async def _whole(database: Database, search_id: SearchId, ids: Sequence[CompanyId]) -> Found:
    return Found(companies=await store.companies_at(database, search_id, ids), looked_at=0, until=None)


def _as_stored(text: str) -> str:
    """As it stands in a document: lower case, with JSON's escapes."""
    return text.lower().replace("\\", "\\\\").replace('"', '\\"')


def _uuid(text: str) -> UUID | None:
    try:
        return identifier(text)
    except ValueError:
        return None
