"""Which records those who left the feed are in: their own, the one that it was merged into, or one that only looks like it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from openprospect.sync.destinations.crm.finding import by_key
from openprospect.sync.destinations.crm.links import Link
from openprospect.sync.destinations.crm.log import Log
from openprospect.sync.destinations.crm.protocol import By, Crm, Kind, Record
from openprospect.sync.destinations.crm.records import Known
from openprospect.sync.destinations.crm.settings import CrmSettings
from openprospect.sync.destinations.crm.wanted import Lens

Place = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Leaver:
    """A record, and the links that leave it. `is_likeness`: it has the e-mail of one that is not there any more, and that is all."""

    record: Record
    known: Known
    links: list[Link]
    is_likeness: bool


class Locator:
    def __init__(self, crm: Crm, log: Log, settings: CrmSettings) -> None:
        self._crm = crm
        self._log = log
        self._settings = settings

    def locate(self, kind: Kind, gone: Sequence[Link]) -> list[Leaver]:
        """Each record once; links that are in none of them are in no record."""
        fields = self._fields(kind, gone)
        found: dict[Place, Record] = {}

        def look(by: By, keys: Mapping[Place, str | None]) -> None:
            missing = {place: key for place, key in keys.items() if key and place not in found}
            records = by_key(self._crm.find(kind, by, list(dict.fromkeys(missing.values())), fields), by) if missing else {}
            found.update({place: records[key] for place, key in missing.items() if key in records})

        look(By.RECORD_ID, {link.place: link.record_id for link in gone})
        look(By.EXTERNAL_ID, {link.place: link.id for link in gone})
        certain = set(found)
        if kind is Kind.CONTACT:
            look(By.MATCH, {link.place: link.match for link in gone if link.record_id})
        return self._grouped(kind, [(link, found[link.place]) for link in gone if link.place in found], certain)

    def _grouped(self, kind: Kind, pairs: Sequence[tuple[Link, Record]], certain: Collection[Place]) -> list[Leaver]:
        leavers: dict[str, Leaver] = {}
        for (link, record), known in zip(pairs, self._log.records.known(kind, pairs), strict=True):
            leaver = leavers.setdefault(record.id, Leaver(record, known, [], link.place not in certain))
            leaver.links.append(link)
        return list(leavers.values())

    def _fields(self, kind: Kind, gone: Sequence[Link]) -> list[str]:
        """Everything that may have to be emptied: what is mapped, what is a person's, and what we wrote under other mappings."""
        traits = self._crm.traits
        personal = [*traits.personal, *([traits.company_field] if traits.company_field else [])] if kind is Kind.CONTACT else []
        return list(dict.fromkeys([*Lens(kind, self._settings).asked_fields(*personal), *self._log.records.written_fields(kind, gone)]))
