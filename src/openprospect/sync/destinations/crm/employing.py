"""Lets contacts belong to their companies, where the CRM keeps that beside the contact; where it is a field, nothing happens here."""

from collections.abc import Sequence

from openprospect.sync.destinations.crm.links import Link
from openprospect.sync.destinations.crm.log import Log
from openprospect.sync.destinations.crm.mirror import Mirror
from openprospect.sync.destinations.crm.protocol import Crm, Kind
from openprospect.sync.destinations.crm.wanted import Wanted


class Employing:
    def __init__(self, crm: Crm, mirror: Mirror, log: Log) -> None:
        self._crm = crm
        self._mirror = mirror
        self._log = log

    def moved(self, people: Sequence[tuple[Wanted, str | None]]) -> dict[tuple[str, str], str]:
        """Whoever is new, or whose company is another record now, belongs there; the reasons why not, by (company id, id)."""
        moving = [(one, (record_id, one.company)) for one, record_id in people if record_id and one.company]
        moving = [(one, pair) for one, pair in moving if one.company != one.link.company]
        reasons = self._crm.associate([pair for _, pair in moving]) if moving else []
        return {one.due.key: reason for (one, _), reason in zip(moving, reasons, strict=True) if reason}

    def left(self, links: Sequence[Link]) -> list[tuple[Link, str]]:
        """Contacts that we made belong to no company through these links any more; where the CRM refuses that, the reason.

        Who associated a contact that the CRM had is not known.
        """
        places, record_ids = {link.place for link in links}, {link.record_id for link in links if link.record_id and link.company}
        made = self._log.records.created(Kind.CONTACT, record_ids)
        others = self._mirror.delivered(Kind.CONTACT, made)
        kept = {(other.record_id, other.company) for other in others if other.place not in places}
        pairs = [(link, link.record_id or "", link.company or "") for link in links if link.company and link.record_id in made]
        leaving = [(link, (record_id, company)) for link, record_id, company in pairs if (record_id, company) not in kept]
        reasons = self._crm.dissociate([pair for _, pair in leaving]) if leaving else []
        return [(link, reason) for (link, _), reason in zip(leaving, reasons, strict=True) if reason]
