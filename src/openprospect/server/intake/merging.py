"""The rows of one company in a table made into one company: people merged, blanks filled, nothing lost without a word.

Where rows of a company differ in an attribute of it, the first value is the company's, and each person keeps that of their own row.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field

from openprospect.server.core.errors import Fault
from openprospect.server.feed.model import CompanyRow, JsonObject, ProspectRow
from openprospect.server.feed.rows.identity import company_name_key, email_key, host_key, split_website
from openprospect.server.feed.rows.people import Roll, Twin
from openprospect.server.feed.rows.row import COMPANY_FIELDS, FaultyRow, parse_company, parse_prospect
from openprospect.server.intake.outcome import DeliveredRow, Outcome, RejectedRow, Source

_IDENTIFIERS = ("id", "source_id")
# Which no person can have.
_OF_COMPANIES_ALONE = frozenset(COMPANY_FIELDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One row of a company: what it says of the company and of a person."""

    source: Source
    company: JsonObject
    person: JsonObject | None


def merge_company(members: Sequence[Member]) -> Iterator[Outcome]:
    """One company of all rows that are good, and a rejection for each that is not. A fault of the company rejects them all."""
    people = _People()
    faults = _strangers(members)
    own = [member for member in members if member.source.line not in faults]
    differing = _differing(own)
    kept = differing - _OF_COMPANIES_ALONE
    for member in own:
        if found := people.admit(member, keeps=kept) or (kept and _contradictions(member, own, kept)):
            faults[member.source.line] = found
    good = [member for member in own if member.source.line not in faults]
    try:
        row = _company(good or own, people)
    except FaultyRow as error:
        faults = {member.source.line: faults.get(member.source.line, []) + error.faults for member in members}
        good = []
    for member in members:
        if member.source.line in faults:
            yield RejectedRow(line=member.source.line, faults=faults[member.source.line], raw=member.source.raw)
    if good:
        yield DeliveredRow(row=row, sources=tuple([member.source for member in good]), differing=frozenset(differing))


def _strangers(members: Sequence[Member]) -> dict[int, list[Fault]]:
    """A fault for each row that is known by the same as the first company named there, and is another one by all else."""
    first = next((member for member in members if member.company.get("name")), None)
    if first is None:
        return {}
    others = [member for member in members if member.company != first.company]
    found = {member.source.line: _stranger_by_id(member, first) for member in others if _is_identified(member)}
    found |= _strangers_by_website([member for member in others if not _is_identified(member)], first)
    return {line: faults for line, faults in found.items() if faults}


def _stranger_by_id(member: Member, first: Member) -> list[Fault]:
    if _name(member) in ("", _name(first)):
        return []
    one, other = host_key(first.company.get("website_url")), host_key(member.company.get("website_url"))
    if not (one and other) or one == other:
        return []
    field = next(name for name in _IDENTIFIERS if name in member.company)
    reason = f"the one of line {first.source.line} under another name and another website; check which column tells companies apart"
    return [Fault(field=field, reason=reason)]


def _strangers_by_website(members: Sequence[Member], first: Member) -> dict[int, list[Fault]]:
    """Of rows without an identifier, those that have the host of the first company in common, but neither its name nor its page."""
    apart = [member for member in members if _name(member) != _name(first) and _page(member) != _page(first)]
    if not any(map(_name, apart)):
        return {}
    reason = (
        f"another name, or none, on another page of the website of line {first.source.line}; "
        "give each company a source_id, or one company one name"
    )
    return {member.source.line: [Fault(field="name", reason=reason)] for member in apart}


def _differing(members: Sequence[Member]) -> set[str]:
    """In what rows of the company contradict each other."""
    first: JsonObject = {}
    found = set()
    for member in members:
        if member.company == first:
            continue
        for name, value in member.company.items():
            known = first.setdefault(name, value)
            if known != value and _spelling(name, known) != _spelling(name, value):
                found.add(name)
    return found


def _contradictions(member: Member, members: Sequence[Member], kept: Collection[str]) -> list[Fault]:
    """Of a row that names nobody, who could keep what it says otherwise."""
    if member.person is not None:
        return []
    names = [name for name in member.company if name in kept]
    first = {name: next(other for other in members if name in other.company) for name in names}
    return [
        Fault(field=name, reason=f"contradicts line {first[name].source.line}, of the same company; a later row may only fill blanks")
        for name in names
        if _spelling(name, first[name].company[name]) != _spelling(name, member.company[name])
    ]


def _is_identified(member: Member) -> bool:
    return any(name in member.company for name in _IDENTIFIERS)


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

    def admit(self, member: Member, *, keeps: Collection[str]) -> list[Fault]:
        """Add the row's person, or fill what an earlier row of theirs left blank; the faults where neither can be done.

        `keeps`: of what the row says of the company, what stays with the person too.
        """
        if member.person is None:
            return []
        person = {name: member.company[name] for name in keeps if name in member.company} | member.person if keeps else member.person
        try:
            row = parse_prospect(person)
        except FaultyRow as error:
            return error.faults
        twin = self._roll.find(row)
        if twin:
            return self._fill(twin, person)
        self._roll.add(row)
        self.rows.append(row)
        self.records.append(person)
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


_SPELLINGS: dict[str, Callable[[str], object]] = {"email": email_key, "website_url": host_key}


def _spelling(name: str, value: object) -> object:
    if not isinstance(value, str):
        return value
    return _SPELLINGS.get(name, company_name_key)(value)
