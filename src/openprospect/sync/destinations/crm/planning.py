"""What is to be written into the record of one delivered company or person, and who of several waits for the others. No I/O."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from openprospect.sync.destinations.crm.finding import Found
from openprospect.sync.destinations.crm.mapping import Values, changes
from openprospect.sync.destinations.crm.mirror import Due
from openprospect.sync.destinations.crm.protocol import Write
from openprospect.sync.destinations.crm.wanted import Lens, Wanted


@dataclass(frozen=True, slots=True)
class Plan:
    wanted: Wanted
    found: Found | None
    values: Values
    """What is to be written; empty where the record has it all."""

    @property
    def key(self) -> tuple[str, str]:
        return self.wanted.due.key

    @property
    def write(self) -> Write | None:
        if self.found is None or self.values:
            record_id = self.found.record.id if self.found else None
            return Write(external_id=self.wanted.external_id, record_id=record_id, values=self.values)
        return None

    def given(self, lens: Lens) -> Values:
        """What the record gets from us, and keeps until it leaves: what was delivered, and our id."""
        made = {lens.id_field: self.wanted.external_id} if self.found is None else {}
        return {name: value for name, value in self.values.items() if name != lens.removed_field} | made


def plan_of(lens: Lens, one: Wanted, found: Found | None, *, leads: bool, company_field: str | None) -> Plan:
    """`leads`: of all who are linked to the record and still delivered it is the first, who alone may renew what we wrote."""
    wanted = one.values | ({company_field: one.company} if company_field else {})
    if found is None:
        return Plan(one, None, wanted)
    values = changes(wanted, found.record.values, found.known.written if leads else {}, lens.fields)
    if found.record.external_id is None:
        values[lens.id_field] = one.external_id
    if lens.removed_field and found.record.values.get(lens.removed_field) is not None:
        values[lens.removed_field] = None
    return Plan(one, found, values)


def without_doubles(chunk: Sequence[Wanted], found: Mapping[tuple[str, str], Found]) -> tuple[list[Wanted], list[Due]]:
    """Of several with one record, or new ones with one e-mail or id, only the first goes now; the others will find its work."""
    taken: set[str] = set()
    now: list[Wanted] = []
    waiting: list[Due] = []
    for one in chunk:
        known = found.get(one.due.key)
        identities = {known.record.id} if known else one.identities
        if taken & identities:
            waiting.append(one.due)
            continue
        taken |= identities
        now.append(one)
    return now, waiting
