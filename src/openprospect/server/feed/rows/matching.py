"""Who is who: pure rules that hold delivered rows against what the feed knows already. No storage, no clock."""

from collections import defaultdict, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from openprospect.server.core.errors import Fault
from openprospect.server.core.ids import new_id
from openprospect.server.feed.model import CompanyId, CompanyRow, ProspectId, ProspectRow
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
class KnownPerson:
    """Somebody the feed knows at a company, or knew."""

    id: ProspectId
    email_hash: bytes | None
    name_hash: bytes
    has_left: bool


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


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveredPerson:
    """A delivered person with what they are known by, once their company is known."""

    row: ProspectRow
    email_hash: bytes | None
    name_hash: bytes


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


def match_companies(rows: Sequence[CompanyRow], known: KnownCompanies) -> tuple[list[Match], dict[int, list[Fault]]]:
    """The company of each row, and the faults of those rows that are two at once or the second of one."""
    matches: list[Match] = []
    faults: dict[int, list[Fault]] = {}
    taken: dict[bytes | CompanyId, int] = {}
    for index, row in enumerate(rows):
        match = _match(index, row, known)
        owner = known.of_identity(match.identity)
        earlier = taken.get(match.company_id, taken.get(match.identity))
        if owner is not None and owner.id != match.company_id:
            reason = "belongs to another company than the id does; deliver each with its own, or leave the id out"
            faults[index] = [Fault(field=company_key(row).field, reason=reason)]
        elif earlier is not None:
            reason = f"the same company as row {earlier} of this batch; put all of a company into one row"
            faults[index] = [Fault(field="id" if row.id == match.company_id else company_key(row).field, reason=reason)]
        else:
            taken[match.company_id] = taken[match.identity] = index
            matches.append(match)
    return matches, faults


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


def match_people(people: Sequence[DeliveredPerson], known: Sequence[KnownPerson]) -> list[ProspectId]:
    """The id of each person: by id, else by e-mail, else by name where one side has no e-mail; a fresh one for the rest.

    Those who are still there come before those who left, and nobody is matched twice.
    """
    if not known:
        return [person.row.id or ProspectId(new_id()) for person in people]
    roll = _Roll(sorted(known, key=lambda person: person.has_left))
    found: dict[int, ProspectId] = {}
    for take in (roll.take_by_id, roll.take_by_email, roll.take_by_name):
        for index, person in enumerate(people):
            if index not in found and (match := take(person)) is not None:
                found[index] = match
    taken = {person.id for person in known} | set(found.values())
    return [found.get(index) or _fresh_id(person, taken) for index, person in enumerate(people)]


class _Roll:
    """Known people, each to be taken once."""

    def __init__(self, known: Iterable[KnownPerson]) -> None:
        self._free: set[ProspectId] = set()
        self._by_email: dict[bytes, deque[ProspectId]] = defaultdict(deque)
        self._by_name: dict[bytes, deque[ProspectId]] = defaultdict(deque)
        self._by_name_alone: dict[bytes, deque[ProspectId]] = defaultdict(deque)
        for person in known:
            self._free.add(person.id)
            self._by_name[person.name_hash].append(person.id)
            if person.email_hash is None:
                self._by_name_alone[person.name_hash].append(person.id)
            else:
                self._by_email[person.email_hash].append(person.id)

    def take_by_id(self, person: DeliveredPerson) -> ProspectId | None:
        return self._take(deque([person.row.id])) if person.row.id else None

    def take_by_email(self, person: DeliveredPerson) -> ProspectId | None:
        return self._take(self._by_email[person.email_hash]) if person.email_hash else None

    def take_by_name(self, person: DeliveredPerson) -> ProspectId | None:
        candidates = self._by_name_alone if person.email_hash else self._by_name
        return self._take(candidates[person.name_hash])

    def _take(self, candidates: deque[ProspectId]) -> ProspectId | None:
        while candidates:
            candidate = candidates.popleft()
            if candidate in self._free:
                self._free.remove(candidate)
                return candidate
        return None


def _fresh_id(person: DeliveredPerson, taken: set[ProspectId]) -> ProspectId:
    wanted = person.row.id
    return wanted if wanted is not None and wanted not in taken else ProspectId(new_id())
