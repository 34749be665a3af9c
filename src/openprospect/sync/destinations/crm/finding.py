"""Which record of the CRM a delivered company or person is: by its external id, by what we know of it, by domain or e-mail."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from openprospect.sync.destinations.crm.log import Log
from openprospect.sync.destinations.crm.protocol import By, Crm, Kind, Record
from openprospect.sync.destinations.crm.records import Known
from openprospect.sync.destinations.crm.wanted import Wanted


@dataclass(frozen=True, slots=True)
class Found:
    record: Record
    known: Known


class Finder:
    """Looks one chunk of a search up, in as few calls as there are ways to be found."""

    def __init__(self, crm: Crm, log: Log, kind: Kind, search_id: str, fields: Sequence[str]) -> None:
        self._crm = crm
        self._log = log
        self._kind = kind
        self._search_id = search_id
        self._fields = fields

    def find(self, chunk: Sequence[Wanted]) -> dict[tuple[str, str], Found]:
        """By (company id, id); what is missing there is not in the CRM."""
        found: dict[tuple[str, str], Record] = {}
        self._add(found, chunk, By.EXTERNAL_ID, lambda one: one.external_id)
        self._add(found, chunk, By.RECORD_ID, lambda one: one.link.record_id)
        linked = self._log.links.of_matches(self._kind, _keys(_missing(chunk, found), lambda one: one.match))
        known_ids = {match: link.record_id for match, link in linked.items()}
        self._add(found, chunk, By.RECORD_ID, lambda one: known_ids.get(one.match or ""), is_guess=True)
        self._add(found, chunk, By.MATCH, lambda one: one.match, is_guess=True)
        pairs = [(one, found[one.due.key]) for one in chunk if one.due.key in found]
        known = self._log.records.known(self._kind, [(one.link, record) for one, record in pairs])
        return {one.due.key: Found(record, told) for (one, record), told in zip(pairs, known, strict=True)}

    def _add(
        self,
        found: dict[tuple[str, str], Record],
        chunk: Sequence[Wanted],
        by: By,
        key_of: Callable[[Wanted], str | None],
        *,
        is_guess: bool = False,
    ) -> None:
        missing = _missing(chunk, found)
        keys = _keys(missing, key_of)
        if not keys:
            return
        records = by_key(self._crm.find(self._kind, by, keys, self._fields), by)
        pairs = [(one, record) for one in missing if (record := records.get(key_of(one) or ""))]
        for one, record in self._told_apart(found, pairs) if is_guess and self._kind is Kind.COMPANY else pairs:
            found[one.due.key] = record

    def _told_apart(
        self, found: Mapping[tuple[str, str], Record], pairs: Sequence[tuple[Wanted, Record]]
    ) -> Iterator[tuple[Wanted, Record]]:
        """Each record for the first company only: the feed itself tells two of one search apart that share a website."""
        logged = self._log.links.of_records(self._kind, (record.id for _, record in pairs))
        holders = {record_id: link.id for record_id, links in logged.items() for link in links if link.search_id == self._search_id}
        holders |= {record.id: company_id for (company_id, _), record in found.items()}
        for one, record in pairs:
            if holders.setdefault(record.id, one.external_id) == one.external_id:
                yield one, record


def by_key(records: Iterable[Record], by: By) -> dict[str, Record]:
    """The oldest record of each key: a CRM may hold doubles of its own."""
    found: dict[str, Record] = {}
    for record in records:
        for key in _keys_of(record, by):
            found.setdefault(key, record)
    return found


def _keys_of(record: Record, by: By) -> Sequence[str]:
    if by is By.RECORD_ID:
        return (record.id, *record.former_ids)
    return [key for key in ((record.external_id,) if by is By.EXTERNAL_ID else (record.match, *record.other_matches)) if key]


def _missing(chunk: Sequence[Wanted], found: Mapping[tuple[str, str], Record]) -> list[Wanted]:
    return [one for one in chunk if one.due.key not in found]


def _keys(chunk: Iterable[Wanted], key_of: Callable[[Wanted], str | None]) -> list[str]:
    return list(dict.fromkeys(key for one in chunk if (key := key_of(one))))
