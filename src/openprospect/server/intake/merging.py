"""The rows of one company in a table made into one company: people merged, blanks filled, nothing lost without a word.

Where rows of a company differ in an attribute that may be about people, the first value is the company's, and each person keeps that of
their own row. Where a row is rejected, nobody is taken for gone: whoever was there and is in none of the others may be in that one.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from openprospect.server.core.errors import Fault
from openprospect.server.feed.model import CompanyRow, JsonObject
from openprospect.server.feed.rows.row import COMPANY_FIELDS, MAX_PROSPECTS, FaultyRow, parse_company
from openprospect.server.intake.member import Member, Said, is_same, said_by
from openprospect.server.intake.misgrouped import find_misgrouped
from openprospect.server.intake.outcome import DeliveredRow, IntakeResult, RejectedRow
from openprospect.server.intake.staff import Staff

_TOO_MANY = Fault(field="prospects", reason=f"more than {MAX_PROSPECTS:,} people; no company can have more")


def merge_company(members: Sequence[Member], *, may_be_of_people: Collection[str], is_whole: bool) -> Iterator[IntakeResult]:
    """One company of all rows that are good, and a rejection for each that is not. A fault of the company rejects them all.

    `may_be_of_people`: the attributes that people keep. `is_whole`: whether no row but these may be of the company.
    """
    faults = find_misgrouped(members)
    own = [member for member in members if member.line not in faults]
    said = said_by(own)
    kept = said.differing & set(may_be_of_people)
    staff = Staff()
    try:
        for member in own:
            if found := member.faults or _contradictions(member, said, kept) or _admit(staff, member, kept):
                faults[member.line] = found
        row = _company(own, staff)
    except FaultyRow as error:
        faults = {member.line: faults.get(member.line, []) + error.faults for member in members}
    for member in members:
        if member.line in faults:
            yield RejectedRow(line=member.line, faults=faults[member.line], raw=member.source.raw)
    sources = tuple([member.source for member in members if member.line not in faults])
    if sources:
        row = row if is_whole and not faults else replace(row, keeps_people=True)
        yield DeliveredRow(row=row, sources=sources, differing=frozenset(said.differing & {*COMPANY_FIELDS, *kept}))


def _admit(staff: Staff, member: Member, kept: Collection[str]) -> list[Fault]:
    """Put the row's person on the staff, with what of the company they keep; raises FaultyRow where the company cannot have so many."""
    if member.person is None:
        return []
    faults = staff.admit({name: member.company[name] for name in kept if name in member.company} | member.person)
    if len(staff.rows) > MAX_PROSPECTS:
        raise FaultyRow([_TOO_MANY])
    return faults


def _contradictions(member: Member, said: Said, kept: Collection[str]) -> list[Fault]:
    """In what attributes the row says another thing than the company has, and names nobody who could keep it."""
    names = [name for name in member.company if name in said.differing and name not in COMPANY_FIELDS]
    return [
        Fault(field=name, reason=f"contradicts line {said.first[name].line}, of the same company; a later row may only fill blanks")
        for name in names
        if (member.person is None or name not in kept) and not is_same(name, said.value(name), member.company[name])
    ]


def _company(members: Sequence[Member], staff: Staff) -> CompanyRow:
    """The first value that is not blank wins, for each column of the company, also where its row is rejected for something else."""
    company: JsonObject = {}
    for member in reversed(members):
        company |= member.company
    if unread := [member.line for member in members if member.spoils]:
        raise FaultyRow([Fault(field="", reason=f"line {unread[0]} says something of the company that cannot be read")])
    return parse_company(company | {"prospects": staff.records}, parsed=staff.rows)
