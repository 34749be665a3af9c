"""The rows of one company in a table made into one company: people merged, blanks filled, nothing lost without a word."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from openprospect.server.core.errors import Fault
from openprospect.server.feed.model import CompanyRow, JsonObject, ProspectRow
from openprospect.server.feed.rows.identity import company_name_key, email_key, split_website
from openprospect.server.feed.rows.people import Roll, Twin
from openprospect.server.feed.rows.row import FaultyRow, parse_company, parse_prospect
from openprospect.server.intake.outcome import DeliveredRow, Outcome, RejectedRow, Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One row of a company: what it says of the company and of a person."""

    source: Source
    company: JsonObject
    person: JsonObject | None


def merge_company(members: Sequence[Member]) -> Iterator[Outcome]:
    """One company of all rows that are good, and a rejection for each that is not. A fault of the company rejects them all."""
    people = _People()
    faults = _others_under_the_website(members)
    faults |= {line: found for member in members if (line := member.source.line) not in faults and (found := people.admit(member))}
    good = [member for member in members if member.source.line not in faults]
    try:
        row = _company(good or members, people)
    except FaultyRow as error:
        faults = {member.source.line: faults.get(member.source.line, []) + error.faults for member in members}
        good = []
    for member in members:
        if member.source.line in faults:
            yield RejectedRow(line=member.source.line, faults=faults[member.source.line], raw=member.source.raw)
    if good:
        yield DeliveredRow(row=row, sources=tuple([member.source for member in good]))


def _others_under_the_website(members: Sequence[Member]) -> dict[int, list[Fault]]:
    """A fault for each row that has its website's host in common with the first company named there, but neither name nor page."""
    if any(member.company.keys() & {"id", "source_id"} for member in members):
        return {}
    rows = {member.source.line: (_name(member), _page(member)) for member in members}
    first, name, page = next(((line, *row) for line, row in rows.items() if row[0]), (0, "", ""))
    apart = {line: other for line, (other, at) in rows.items() if other != name and at != page}
    if not any(apart.values()):
        return {}
    reason = (
        f"another name, or none, on another page of the website of line {first}; give each company a source_id, or one company one name"
    )
    return {line: [Fault(field="name", reason=reason)] for line in apart}


def _name(member: Member) -> str:
    return company_name_key(member.company.get("name", ""))


def _page(member: Member) -> str:
    """What of the website comes after its host; a slash at the end makes no difference."""
    parts = split_website(member.company.get("website_url", ""))
    return parts[2].rstrip("/") if parts else ""


def _company(members: Sequence[Member], people: "_People") -> CompanyRow:
    """The first value that is not blank wins, for each column of the company."""
    company: JsonObject = {}
    for member in reversed(members):
        company |= member.company
    return parse_company(company | {"prospects": people.records}, parsed=people.rows)


@dataclass(slots=True)
class _People:
    """The people of one company so far, as they will be delivered."""

    records: list[JsonObject] = field(default_factory=list)
    rows: list[ProspectRow] = field(default_factory=list)
    _roll: Roll = field(default_factory=Roll)

    def admit(self, member: Member) -> list[Fault]:
        """Add the row's person, or fill what an earlier row of theirs left blank; the faults where neither can be done."""
        if member.person is None:
            return []
        try:
            row = parse_prospect(member.person)
        except FaultyRow as error:
            return error.faults
        twin = self._roll.find(row)
        if twin:
            return self._fill(twin, member.person)
        self._roll.add(row)
        self.rows.append(row)
        self.records.append(member.person)
        return []

    def _fill(self, twin: Twin, person: JsonObject) -> list[Fault]:
        known = self.records[twin.index]
        if not twin.field and not (person.get("first_name") or person.get("last_name")):
            return [
                Fault(
                    field="email", reason="a person without name, e-mail address and id cannot be told from others here; give one of them"
                )
            ]
        for name, value in person.items():
            if name in known and _spelling(name, known[name]) != _spelling(name, value):
                return [
                    Fault(
                        field=name,
                        reason=f"contradicts an earlier row of the same person ({twin.reason}); a later row may only fill blanks",
                    )
                ]
        self.records[twin.index] = known | {name: value for name, value in person.items() if name not in known}
        self.rows[twin.index] = parse_prospect(self.records[twin.index])
        self._roll.replace(twin.index, self.rows[twin.index])
        return []


def _spelling(name: str, value: object) -> object:
    if not isinstance(value, str):
        return value
    return email_key(value) if name == "email" else company_name_key(value)
