"""The suppression lists of a restored database, put as the log leaves them: what was kept out or let in again since the backup."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from operator import attrgetter
from uuid import UUID

from openprospect.server.access.model import OrganizationId
from openprospect.server.db.pool import Connection
from openprospect.server.privacy import store
from openprospect.server.privacy.log import Logged, LoggedListing

_Mark = tuple[str, bytes]


async def relist(db: Connection, entries: Iterable[Logged], *, known: Collection[UUID]) -> None:
    """For each mark the last entry that names it decides; where that is an erasure the database knows, it stands there as it should."""
    last = _last(entries, known)
    for organization_id in await store.organizations_among(db, last):
        marks = last[organization_id]
        await store.suppress(db, organization_id, {mark for mark, is_listed in marks.items() if is_listed})
        await store.unsuppress(db, organization_id, {digest for (_, digest), is_listed in marks.items() if is_listed is False})


def _last(entries: Iterable[Logged], known: Collection[UUID]) -> dict[OrganizationId, dict[_Mark, bool | None]]:
    """Whether each mark belongs on its list; None where the database has the last word."""
    last: dict[OrganizationId, dict[_Mark, bool | None]] = defaultdict(dict)
    for entry in sorted(entries, key=attrgetter("at")):
        last[OrganizationId(entry.organization_id)] |= dict.fromkeys(entry.marks, _is_listed(entry, known))
    return last


def _is_listed(entry: Logged, known: Collection[UUID]) -> bool | None:
    if isinstance(entry, LoggedListing):
        return entry.change == "added"
    return None if entry.id in known else True
