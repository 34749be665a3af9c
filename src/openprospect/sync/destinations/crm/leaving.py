"""Takes out of the CRM what is no longer delivered: people who were erased or left out, companies that were withdrawn."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from openprospect.sync.destinations.crm.links import Link, Links
from openprospect.sync.destinations.crm.mapping import Values, ours
from openprospect.sync.destinations.crm.mirror import Mirror
from openprospect.sync.destinations.crm.protocol import By, Crm, Kind, Outcome, Record, Write
from openprospect.sync.destinations.crm.settings import CrmSettings
from openprospect.sync.destinations.crm.upserting import CHUNK
from openprospect.sync.destinations.crm.wanted import Lens


class Leaving:
    """A link is forgotten once the CRM has done what the settings say; until then it holds the position back."""

    def __init__(self, crm: Crm, mirror: Mirror, links: Links, settings: CrmSettings, counts: Counter[str], *, run: str) -> None:
        self._crm = crm
        self._mirror = mirror
        self._links = links
        self._settings = settings
        self._counts = counts
        self._run = run

    def run(self, search_id: str) -> None:
        """People before their companies."""
        for kind in (Kind.CONTACT, Kind.COMPANY):
            gone = self._mirror.gone(kind, search_id)
            for start in range(0, len(gone), CHUNK):
                self._chunk(kind, gone[start : start + CHUNK])

    def _chunk(self, kind: Kind, gone: Sequence[Link]) -> None:
        links = self._still_alone(kind, self._with_records(kind, gone))
        for way in dict.fromkeys(map(self._way, links)):
            self._take_out(kind, way, [link for link in links if self._way(link) == way])

    def _with_records(self, kind: Kind, gone: Sequence[Link]) -> list[Link]:
        """With the records of those that a kill kept from being logged; forgotten where the CRM has none."""
        unknown = [link.id for link in gone if link.record_id is None]
        records = self._crm.find(kind, By.EXTERNAL_ID, unknown, []) if unknown else []
        found = {record.external_id: record.id for record in records}
        links = [link if link.record_id else replace(link, record_id=found.get(link.id)) for link in gone]
        self._links.forget(link for link in links if link.record_id is None)
        return [link for link in links if link.record_id is not None]

    def _still_alone(self, kind: Kind, gone: Sequence[Link]) -> list[Link]:
        """Without those whose record is also somebody's who is still delivered: there, only the link is forgotten."""
        linked = self._links.of_records(kind, (link.record_id or "" for link in gone))
        leaving = {(link.search_id, *link.key) for link in gone}
        shared = [link for link in gone if any((o.search_id, *o.key) not in leaving for o in linked.get(link.record_id or "", []))]
        self._links.forget(shared)
        return [link for link in gone if link not in shared]

    def _way(self, link: Link) -> str:
        if link.kind is Kind.CONTACT:
            return self._settings.contacts.gone if link.is_created else self._settings.contacts.gone_existing
        told = self._settings.companies
        way = "mark" if told.gone == "delete" and not link.is_created else told.gone
        return "keep" if way == "mark" and not told.removed_field else way

    def _take_out(self, kind: Kind, way: str, links: Sequence[Link]) -> None:
        if way == "keep":
            outcomes = [Outcome(record_id=link.record_id) for link in links]
        elif way == "delete":
            outcomes = self._deleted(kind, links)
        else:
            outcomes = self._rewritten(kind, way, links)
        done = [link for link, outcome in zip(links, outcomes, strict=True) if outcome.reason is None]
        refused = [(link, outcome.reason) for link, outcome in zip(links, outcomes, strict=True) if outcome.reason is not None]
        self._links.save(link.refused(reason, self._run) for link, reason in refused)
        self._links.forget(done)
        self._counts["rejected"] += len(refused)
        self._counts["erased" if kind is Kind.CONTACT else "withdrawn"] += len(done)

    def _deleted(self, kind: Kind, links: Sequence[Link]) -> list[Outcome]:
        """Emptied first, where the CRM keeps what is deleted for a while; what cannot be emptied is not deleted either."""
        is_emptied = kind is Kind.CONTACT and self._crm.traits.keeps_deleted
        outcomes = self._rewritten(kind, "anonymise", links) if is_emptied else [Outcome() for _ in links]
        ready = [link.record_id or "" for link, outcome in zip(links, outcomes, strict=True) if outcome.reason is None]
        deleted = iter(self._crm.delete(kind, ready) if ready else [])
        return [next(deleted) if outcome.reason is None else outcome for outcome in outcomes]

    def _rewritten(self, kind: Kind, way: str, links: Sequence[Link]) -> list[Outcome]:
        """Records that are not there any more need nothing."""
        lens = Lens(kind, self._settings)
        fields = [*lens.asked_fields(), *(self._crm.traits.personal if way == "anonymise" else ())]
        found = self._crm.find(kind, By.RECORD_ID, [link.record_id or "" for link in links], list(dict.fromkeys(fields)))
        records = {record.id: record for record in found}
        present = [link for link in links if link.record_id in records]
        writes = [
            Write(external_id=link.id, record_id=link.record_id, values=self._rewrite(lens, way, link, records[link.record_id or ""]))
            for link in present
        ]
        outcomes = dict(zip((link.key for link in present), self._crm.write(kind, writes) if writes else [], strict=True))
        return [outcomes.get(link.key, Outcome()) for link in links]

    def _rewrite(self, lens: Lens, way: str, link: Link, record: Record) -> Values:
        if way == "mark":
            return {lens.removed_field or "": datetime.now(UTC).date().isoformat()}
        names: Iterable[str] = [*lens.fields, *self._crm.traits.personal] if way == "anonymise" else ours(record.values, link.written)
        emptied = {name: self._crm.traits.required.get(name) for name in names if record.values.get(name) is not None}
        return {**emptied, lens.id_field: None} if record.external_id in {None, link.id} else emptied
