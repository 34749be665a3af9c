"""Which company is which: pure rules that hold delivered rows against what the feed knows already. No storage, no clock."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from openprospect.server.core.errors import Fault
from openprospect.server.core.ids import new_id
from openprospect.server.feed.model import CompanyId, CompanyRow
from openprospect.server.feed.rows.company_keys import company_key


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownCompany:
    """A company that the feed knows; `content_hash` is None where it is withdrawn."""

    id: CompanyId
    identity: bytes
    source_id: str | None
    position: int
    content_hash: bytes | None
    prospects: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A row and the company that it is: a known one, or a new one of this id. `kept`: how many of its people the feed named."""

    index: int
    row: CompanyRow
    company_id: CompanyId
    known: KnownCompany | None
    source_id: str | None
    identity: bytes
    kept: int = 0

    def keeping_people(self) -> "Match":
        """The same, though the row may not name everybody."""
        return replace(self, row=replace(self.row, keeps_people=True))


class KnownCompanies:
    """The companies that some rows may mean."""

    def __init__(self, companies: Iterable[KnownCompany]) -> None:
        listed = list(companies)
        self._by_id = {company.id: company for company in listed}
        self._by_identity = {company.identity: company for company in listed}

    def of_id(self, company_id: CompanyId | None) -> KnownCompany | None:
        return self._by_id.get(company_id) if company_id else None

    def of_identity(self, identity: bytes) -> KnownCompany | None:
        return self._by_identity.get(identity)


@dataclass(frozen=True, slots=True, kw_only=True)
class Matching:
    """The rows that know their company, the faults of the others by index, and the known companies that these others may be about."""

    matches: list[Match]
    faults: dict[int, list[Fault]]
    disputed: frozenset[CompanyId]


def match_companies(rows: Sequence[CompanyRow], known: KnownCompanies, *, places: Sequence[str] = ()) -> Matching:
    """The company of each row; one that is two at once, or the second of one, is faulty, and disputes whatever it may be about.

    `places`: where the producer finds each row, for the faults; else its index tells.
    """
    matches: list[Match] = []
    faults: dict[int, list[Fault]] = {}
    disputed: set[CompanyId] = set()
    taken: dict[bytes | CompanyId, Match] = {}
    for index, row in enumerate(rows):
        match = _match(index, row, known)
        owner = known.of_identity(match.identity)
        earlier = taken.get(match.company_id, taken.get(match.identity))
        if owner is not None and owner.id != match.company_id:
            reason = "belongs to another company than the id does; deliver each with its own, or leave the id out"
            faults[index] = [Fault(field=company_key(row).field, reason=reason)]
            disputed |= {owner.id, match.company_id}
        elif earlier is not None:
            place = places[earlier.index] if places else f"row {earlier.index} of this batch"
            reason = f"the same company as {place}; put all of a company into one row, or under one id"
            faults[index] = [Fault(field="id" if row.id == match.company_id else company_key(row).field, reason=reason)]
            disputed |= {earlier.company_id, match.company_id}
        else:
            taken[match.company_id] = taken[match.identity] = match
            matches.append(match)
    return Matching(matches=matches, faults=faults, disputed=frozenset(disputed))


def _match(index: int, row: CompanyRow, companies: KnownCompanies) -> Match:
    wanted = company_key(row).digest
    known = companies.of_id(row.id) or companies.of_identity(wanted)
    # A source id once given stays until another takes its place: without it the company would come twice.
    keeps_source_id = known is not None and known.source_id is not None and row.source_id is None
    return Match(
        index=index,
        row=row,
        company_id=known.id if known else row.id or CompanyId(new_id()),
        known=known,
        source_id=known.source_id if known and keeps_source_id else row.source_id,
        identity=known.identity if known and keeps_source_id else wanted,
    )
