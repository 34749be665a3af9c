"""Takes out of the CRM what is no longer delivered: people who were erased or left out, companies that were withdrawn."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from openprospect.sync.destinations.crm.api import slices
from openprospect.sync.destinations.crm.employing import Employing
from openprospect.sync.destinations.crm.emptying import emptied, reason_to_hold, remainder, way_of
from openprospect.sync.destinations.crm.links import DUE_AGAIN, Link
from openprospect.sync.destinations.crm.locating import Leaver, Locator
from openprospect.sync.destinations.crm.log import Log
from openprospect.sync.destinations.crm.mirror import Mirror
from openprospect.sync.destinations.crm.protocol import Crm, Kind, Outcome, Write
from openprospect.sync.destinations.crm.settings import CrmSettings
from openprospect.sync.destinations.crm.upserting import CHUNK
from openprospect.sync.destinations.crm.wanted import Lens

Gone = Mapping[Kind, Sequence[Link]]
_COUNTED = {Kind.CONTACT: "erased", Kind.COMPANY: "withdrawn"}


class Leaving:
    """A link is forgotten once the CRM has done what the settings say; until then it holds the checkpoint back."""

    def __init__(self, crm: Crm, mirror: Mirror, log: Log, settings: CrmSettings, counts: Counter[str], *, run: str) -> None:
        self._crm = crm
        self._mirror = mirror
        self._log = log
        self._settings = settings
        self._counts = counts
        self._run = run
        self._locator = Locator(crm, log, settings)
        self._employing = Employing(crm, mirror, log)

    def begin(self, search_id: str) -> Gone:
        """What need not wait for anything that is delivered, so that no backlog keeps anybody in the CRM; who is left.

        Records that somebody else holds are handed over to them first; then people go whom nobody delivered may be.
        """
        left = {kind: self._hand_over(kind, self._mirror.gone(kind, search_id)) for kind in Kind}
        awaited = {link.place for link in self._mirror.awaited(left[Kind.CONTACT])} if left[Kind.CONTACT] else set()
        self._take_out(Kind.CONTACT, [link for link in left[Kind.CONTACT] if link.place not in awaited])
        return {**left, Kind.CONTACT: [link for link in left[Kind.CONTACT] if link.place in awaited]}

    def finish(self, left: Gone) -> None:
        """Everything else, people before their companies."""
        for kind in (Kind.CONTACT, Kind.COMPANY):
            self._take_out(kind, left[kind])

    def _hand_over(self, kind: Kind, gone: Sequence[Link]) -> list[Link]:
        """Those who hold a record together with one who left it are due again: what that one wrote is theirs to renew.

        What is left are those who held theirs alone.
        """
        heirs = self._mirror.delivered(kind, (link.record_id for link in gone if link.record_id))
        held = {heir.record_id for heir in heirs}
        left = {link.record_id for link in self._part(kind, [link for link in gone if link.record_id in held])}
        with self._log.transaction():
            self._log.links.save(replace(heir, applied=DUE_AGAIN) for heir in heirs if heir.record_id in left)
        return [link for link in gone if link.record_id not in held]

    def _take_out(self, kind: Kind, gone: Sequence[Link]) -> None:
        for part in slices(gone, CHUNK):
            self._take_part_out(kind, part)

    def _take_part_out(self, kind: Kind, gone: Sequence[Link]) -> None:
        leavers = self._locator.locate(kind, gone)
        heirs = {heir.record_id for heir in self._mirror.delivered(kind, (one.record.id for one in leavers))}
        self._part_from_nothing(kind, gone, leavers)
        self._part_from_heirs(kind, [one for one in leavers if one.record.id in heirs])
        alone = [(way_of(one, self._settings), one) for one in leavers if one.record.id not in heirs]
        for way in dict.fromkeys(way for way, _ in alone):
            self._go(kind, way, [one for its_way, one in alone if its_way == way])

    def _part_from_nothing(self, kind: Kind, gone: Sequence[Link], leavers: Sequence[Leaver]) -> None:
        """Whoever is in no record: deleted by hand, or never made."""
        located = {link.place for one in leavers for link in one.links}
        absent = [link for link in gone if link.place not in located]
        self._counts[_COUNTED[kind]] += sum(link.record_id is not None for link in absent)
        self._part(kind, [replace(link, company=None) for link in absent], forgotten=[link.record_id for link in absent])

    def _part_from_heirs(self, kind: Kind, leavers: Sequence[Leaver]) -> None:
        """The record stays theirs, with what is known of those that were merged into it."""
        with self._log.transaction():
            self._log.records.save(one.known for one in leavers)
        self._part(kind, [replace(link, record_id=one.record.id) for one in leavers for link in one.links])

    def _go(self, kind: Kind, way: str, leavers: Sequence[Leaver]) -> None:
        outcomes = list(zip(leavers, self._outcomes(kind, way, leavers), strict=True))
        self._refuse([(link, outcome.reason) for one, outcome in outcomes if outcome.reason for link in one.links])
        done = [one for one, outcome in outcomes if outcome.reason is None]
        links = [replace(link, company=None) for one in done for link in one.links]  # Where it is associated, it stays.
        is_over = way == "delete" or kind is Kind.CONTACT
        forgotten = [key for one in done for key in (one.record.id, *(link.record_id for link in one.links))] if is_over else []
        self._counts[_COUNTED[kind]] += len(self._part(kind, links, forgotten=forgotten))

    def _outcomes(self, kind: Kind, way: str, leavers: Sequence[Leaver]) -> list[Outcome]:
        if way == "keep":
            return [Outcome() for _ in leavers]
        if way == "hold":
            return [Outcome(reason=reason_to_hold(one, self._settings)) for one in leavers]
        if way == "delete":
            return self._deleted(kind, leavers)
        outcomes = self._rewritten(kind, way, leavers)
        lens = Lens(kind, self._settings)
        return [replace(outcome, reason=outcome.reason or remainder(one, lens)) for one, outcome in zip(leavers, outcomes, strict=True)]

    def _deleted(self, kind: Kind, leavers: Sequence[Leaver]) -> list[Outcome]:
        """Emptied first, where the CRM keeps what is deleted for a while; what cannot be emptied is not deleted either."""
        is_emptied = kind is Kind.CONTACT and self._crm.traits.keeps_deleted
        if is_emptied:
            self._intend_to_empty(kind, leavers)
        outcomes = self._rewritten(kind, "anonymise", leavers) if is_emptied else [Outcome() for _ in leavers]
        ready = [one.record.id for one, outcome in zip(leavers, outcomes, strict=True) if outcome.reason is None]
        deleted = iter(self._crm.delete(kind, ready) if ready else [])
        return [next(deleted) if outcome.reason is None else outcome for outcome in outcomes]

    def _intend_to_empty(self, kind: Kind, leavers: Sequence[Leaver]) -> None:
        """Without our id they are still ours to delete, should that be for a later run."""
        emptied_id = {self._settings.of(kind).id_field: None}
        with self._log.transaction():
            self._log.records.save(one.known.intending(emptied_id) for one in leavers)

    def _rewritten(self, kind: Kind, way: str, leavers: Sequence[Leaver]) -> list[Outcome]:
        lens = Lens(kind, self._settings)
        values = {one.record.id: emptied(one, way, lens, self._crm.traits) for one in leavers}
        writes = [Write(external_id=one.links[0].id, record_id=one.record.id, values=values[one.record.id]) for one in leavers]
        writes = [write for write in writes if write.values]
        outcomes = dict(zip((write.record_id for write in writes), self._crm.write(kind, writes) if writes else [], strict=True))
        return [outcomes.get(one.record.id, Outcome()) for one in leavers]

    def _part(self, kind: Kind, links: Sequence[Link], *, forgotten: Iterable[str | None] = ()) -> list[Link]:
        """Those links that are no more, once nobody belongs to a company through them; `forgotten`: records that nobody needs then."""
        kept = self._employing.left(links)
        self._refuse(kept)
        places = {link.place for link, _ in kept}
        parted = [link for link in links if link.place not in places]
        with self._log.transaction():
            self._log.links.forget(parted)
            self._log.records.made(kind, (link.id for link in parted))
            self._log.records.forget(kind, (key for key in forgotten if key))
        return parted

    def _refuse(self, refused: Sequence[tuple[Link, str]]) -> None:
        self._counts["rejected"] += len(refused)
        with self._log.transaction():
            self._log.links.save(link.refused(reason, self._run) for link, reason in refused)
