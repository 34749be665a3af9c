"""Which record of the CRM a delivered company or person is: by its external id, by what we know of it, by domain or e-mail."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from openprospect.sync.destinations.crm.links import Links
from openprospect.sync.destinations.crm.protocol import By, Crm, Kind, Record
from openprospect.sync.destinations.crm.wanted import Wanted


@dataclass(frozen=True, slots=True)
class Found:
    """`is_created`: the record is there because of us."""

    record: Record
    is_created: bool


class Finder:
    """Looks one chunk of a search up, in as few calls as there are ways to be found."""

    def __init__(self, crm: Crm, links: Links, kind: Kind, search_id: str, fields: Sequence[str]) -> None:
        self._crm = crm
        self._links = links
        self._kind = kind
        self._search_id = search_id
        self._fields = fields

    def find(self, chunk: Sequence[Wanted]) -> dict[tuple[str, str], Found]:
        """By (company id, id); what is missing there is not in the CRM."""
        found: dict[tuple[str, str], Found] = {}
        self._add(found, chunk, By.EXTERNAL_ID, lambda one: one.external_id, lambda one: one.link.is_created)
        self._add(found, chunk, By.RECORD_ID, lambda one: one.link.record_id, lambda one: one.link.is_created)
        known = self._links.of_matches(self._kind, _keys(_missing(chunk, found), lambda one: one.match))
        known_ids = {match: link.record_id for match, link in known.items()}
        self._add(
            found,
            chunk,
            By.RECORD_ID,
            lambda one: known_ids.get(one.match or ""),
            lambda one: known[one.match or ""].is_created,
            is_guess=True,
        )
        self._add(found, chunk, By.MATCH, lambda one: one.match, lambda _: False, is_guess=True)
        return found

    def _add(
        self,
        found: dict[tuple[str, str], Found],
        chunk: Sequence[Wanted],
        by: By,
        key_of: Callable[[Wanted], str | None],
        is_created: Callable[[Wanted], bool],
        *,
        is_guess: bool = False,
    ) -> None:
        missing = _missing(chunk, found)
        keys = _keys(missing, key_of)
        if not keys:
            return
        records = _by_key(self._crm.find(self._kind, by, keys, self._fields), by)
        pairs = [(one, record) for one in missing if (record := records.get(key_of(one) or ""))]
        for one, record in self._told_apart(found, pairs) if is_guess and self._kind is Kind.COMPANY else pairs:
            found[one.due.key] = Found(record, is_created(one))

    def _told_apart(
        self, found: Mapping[tuple[str, str], Found], pairs: Sequence[tuple[Wanted, Record]]
    ) -> Iterator[tuple[Wanted, Record]]:
        """Each record for the first company only: the feed itself tells two of one search apart that share a website."""
        logged = self._links.of_records(self._kind, (record.id for _, record in pairs))
        holders = {record_id: link.id for record_id, links in logged.items() for link in links if link.search_id == self._search_id}
        holders |= {one.record.id: company_id for (company_id, _), one in found.items()}
        for one, record in pairs:
            if holders.setdefault(record.id, one.external_id) == one.external_id:
                yield one, record


def _missing(chunk: Sequence[Wanted], found: Mapping[tuple[str, str], Found]) -> list[Wanted]:
    return [one for one in chunk if one.due.key not in found]


def _keys(chunk: Iterable[Wanted], key_of: Callable[[Wanted], str | None]) -> list[str]:
    return list(dict.fromkeys(key for one in chunk if (key := key_of(one))))


def _by_key(records: Iterable[Record], by: By) -> dict[str, Record]:
    """The oldest record of each key: a CRM may hold doubles of its own."""
    found: dict[str, Record] = {}
    for record in records:
        key = {By.EXTERNAL_ID: record.external_id, By.RECORD_ID: record.id, By.MATCH: record.match}[by]
        if key:
            found.setdefault(key, record)
    return found
