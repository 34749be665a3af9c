"""Which waiting batches may share one transaction: those that mean different companies. A pure rule; no storage, no clock."""

from collections.abc import Iterator, Sequence

from openprospect.server.feed.model import CompanyId, CompanyRow
from openprospect.server.feed.rows.company_keys import company_key
from openprospect.server.feed.rows.matching import KnownCompanies


def independent(batches: Sequence[Sequence[CompanyRow]], known: KnownCompanies) -> int:
    """How many batches, from the first on, have nothing to do with each other: published together or in turn, each fares the same."""
    if len(batches) == 1:
        return 1
    claimed: set[CompanyId | bytes] = set()
    for count, rows in enumerate(batches):
        claims = {claim for row in rows for claim in _claims(row, known)}
        if not claimed.isdisjoint(claims):
            return count
        claimed |= claims
    return len(batches)


def _claims(row: CompanyRow, known: KnownCompanies) -> Iterator[CompanyId | bytes]:
    """All that a row may ask about or change: its own id and identity, and every company that it may mean."""
    wanted = company_key(row).digest
    yield wanted
    if row.id:
        yield row.id
    for company in (known.of_id(row.id), known.of_identity(wanted)):
        if company:
            yield company.id
