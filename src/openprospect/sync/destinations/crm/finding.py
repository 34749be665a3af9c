"""Which record of the CRM a delivered company or person is: by its external id, by what we know of it, by domain or e-mail."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from openprospect.sync.destinations.crm.links import Link, Links
from openprospect.sync.destinations.crm.protocol import By, Crm, Kind, Record
from openprospect.sync.destinations.crm.wanted import Wanted


@dataclass(frozen=True, slots=True)
class Found:
    """`is_created`: the record is there because of us."""

    record: Record
    is_created: bool


class Finder:
    """Looks one chunk up, in as few calls as there are ways to be found."""

    def __init__(self, crm: Crm, links: Links, kind: Kind, fields: Sequence[str]) -> None:
        self._crm = crm
        self._links = links
        self._kind = kind
        self._fields = fields

    def find(self, chunk: Sequence[Wanted]) -> dict[tuple[str, str], Found]:
        """By (company id, id); what is missing there is not in the CRM."""
        found: dict[tuple[str, str], Found] = {}
        self._add(found, chunk, By.EXTERNAL_ID, lambda one: one.external_id, lambda one: one.link.is_created)
        self._add(found, chunk, By.RECORD_ID, lambda one: one.link.record_id, lambda one: one.link.is_created)
        known = self._links.of_matches(self._kind, _keys(self._missing(chunk, found), lambda one: one.match))
        self._add(found, chunk, By.RECORD_ID, lambda one: _known(known, one), lambda one: known[one.match or ""].is_created)
        self._add(found, chunk, By.MATCH, lambda one: one.match, lambda _: False)
        return found

    def _add(
        self,
        found: dict[tuple[str, str], Found],
        chunk: Sequence[Wanted],
        by: By,
        key_of: Callable[[Wanted], str | None],
        is_created: Callable[[Wanted], bool],
    ) -> None:
        missing = self._missing(chunk, found)
        keys = _keys(missing, key_of)
        if not keys:
            return
        records = _by_key(self._crm.find(self._kind, by, keys, self._fields), by)
        taken = self._taken(records.values()) if by is By.MATCH else {}
        for one in missing:
            record = records.get(key_of(one) or "")
            if record and not any(_is_other_company(link, one) for link in taken.get(record.id, [])):
                found[one.due.key] = Found(record, is_created(one))

    def _taken(self, records: Iterable[Record]) -> Mapping[str, list[Link]]:
        return self._links.of_records(self._kind, (record.id for record in records))

    def _missing(self, chunk: Sequence[Wanted], found: Mapping[tuple[str, str], Found]) -> list[Wanted]:
        return [one for one in chunk if one.due.key not in found]


def _known(known: Mapping[str, Link], one: Wanted) -> str | None:
    link = known.get(one.match or "")
    return None if link is None or _is_other_company(link, one) else link.record_id


def _is_other_company(link: Link, one: Wanted) -> bool:
    """The feed itself tells two companies of one search apart that share a website: so do we."""
    return link.kind is Kind.COMPANY and link.search_id == one.link.search_id and link.id != one.link.id


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
