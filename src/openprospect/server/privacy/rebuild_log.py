"""Rebuilds the erasure log from the erasures and lists that the database still has, where the log was lost."""

from datetime import UTC, datetime

from openprospect.server.db.pool import Connection, Row
from openprospect.server.privacy import store
from openprospect.server.privacy.log import Logged, LoggedErasure, LoggedListing

_ACTOR = "the database, as its log was lost"


async def what_is_known(db: Connection) -> list[Logged]:
    """Every erasure, by whom it named and the ids that it found; then every list as it stands."""
    erasures = [_erasure(row) for row in await store.known_erasures(db)]
    # The database dates erasures, and this machine may be behind it: the lists are what they are after all of them.
    now = max([datetime.now(UTC), *(erasure.at for erasure in erasures)])
    return [*erasures, *(_list(row, now) for row in await store.known_lists(db))]


def _erasure(row: Row) -> LoggedErasure:
    return LoggedErasure(**{**row, "marks": [(kind, row["subject_hash"]) for kind in row["marks"]]})


def _list(row: Row, now: datetime) -> LoggedListing:
    marks = list(zip(row["kinds"], row["hashes"], strict=True))
    return LoggedListing(organization_id=row["organization_id"], at=now, actor=_ACTOR, change="complete", marks=marks)
