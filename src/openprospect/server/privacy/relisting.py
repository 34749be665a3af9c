"""The suppression lists of a restored database, put as the log leaves them: what was kept out or let in again since the backup."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from uuid import UUID

from openprospect.server.access.model import OrganizationId
from openprospect.server.db.pool import Connection
from openprospect.server.privacy import store
from openprospect.server.privacy.log import Logged, LoggedListing

_Mark = tuple[str, bytes]

Lists = dict[OrganizationId, set[_Mark]]


async def lists_to_complete(db: Connection, entries: Iterable[Logged]) -> Lists:
    """What is on those lists now that the log has complete: it is told before anybody is erased again, who is kept out by more."""
    ids = {OrganizationId(entry.organization_id) for entry in entries if _is_complete(entry)}
    return {number: {(row["kind"], row["hash"]) for row in await store.suppressions(db, number)} for number in ids}


async def relist(db: Connection, entries: Iterable[Logged], *, known: Collection[UUID], listed: Lists) -> None:
    """For each mark the last entry that names it decides; where that is an erasure the database knows, it stands there as it should.

    A complete list decides for whatever else was `listed`, too.
    """
    last = _last(entries, known, listed)
    for organization_id in await store.organizations_among(db, last):
        marks = last[organization_id]
        await store.suppress(db, organization_id, {mark for mark, is_listed in marks.items() if is_listed})
        await store.unsuppress(db, organization_id, {digest for (_, digest), is_listed in marks.items() if is_listed is False})


def _last(entries: Iterable[Logged], known: Collection[UUID], listed: Lists) -> dict[OrganizationId, dict[_Mark, bool | None]]:
    """Whether each mark belongs on its list; None where the database has the last word."""
    last: dict[OrganizationId, dict[_Mark, bool | None]] = defaultdict(dict)
    for organization_id, listed_marks in listed.items():
        last[organization_id] |= dict.fromkeys(listed_marks)
    for entry in entries:
        marks = last[OrganizationId(entry.organization_id)]
        if _is_complete(entry):
            marks |= dict.fromkeys(marks, False)
        marks |= dict.fromkeys(entry.marks, _is_listed(entry, known))
    return last


def _is_complete(entry: Logged) -> bool:
    return isinstance(entry, LoggedListing) and entry.change == "complete"


def _is_listed(entry: Logged, known: Collection[UUID]) -> bool | None:
    if isinstance(entry, LoggedListing):
        return entry.change != "removed"
    return None if entry.id in known else True
