"""The people of one company in a table, of whom several rows may tell. What rows say of the company is told elsewhere."""

from dataclasses import dataclass, field

from openprospect.server.core.errors import Fault
from openprospect.server.feed.model import JsonObject, ProspectRow
from openprospect.server.feed.rows.people import Roll, Twin, person_keys
from openprospect.server.feed.rows.row import FaultyRow, parse_prospect
from openprospect.server.intake.member import is_same

_OF_ANYBODY = "several people here have no name, e-mail or id, so they cannot be told apart; add one of these"


@dataclass(slots=True)
class Staff:
    """The people of one company so far, as they will be delivered."""

    records: list[JsonObject] = field(default_factory=list)
    rows: list[ProspectRow] = field(default_factory=list)
    _roll: Roll[str] = field(default_factory=Roll)

    def admit(self, person: JsonObject) -> list[Fault]:
        """Add a row's person, or fill what an earlier row of theirs left blank; the faults where neither can be done."""
        try:
            row = parse_prospect(person)
        except FaultyRow as error:
            return error.faults
        keys = person_keys(row)
        twin = self._roll.find(keys)
        if twin:
            return self._fill(twin, person)
        self._roll.add(keys)
        self.rows.append(row)
        self.records.append(person)
        return []

    def _fill(self, twin: Twin, person: JsonObject) -> list[Fault]:
        known = self.records[twin.index]
        if not twin.field and not (person.get("first_name") or person.get("last_name")):
            return [Fault(field="email", reason=_OF_ANYBODY)]
        for name, value in person.items():
            if name in known and not is_same(name, known[name], value):
                reason = f"contradicts an earlier row of the same person ({twin.reason}); a later row may only fill blanks"
                return [Fault(field=name, reason=reason)]
        self.records[twin.index] = known | {name: value for name, value in person.items() if name not in known}
        self.rows[twin.index] = parse_prospect(self.records[twin.index])
        self._roll.replace(twin.index, person_keys(self.rows[twin.index]))
        return []
