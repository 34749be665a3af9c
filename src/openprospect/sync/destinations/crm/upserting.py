"""Brings delivered companies and people into the CRM, chunk by chunk, and logs what became of each."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from openprospect.sync.destinations.crm.finding import Finder, Found
from openprospect.sync.destinations.crm.links import Link, Links
from openprospect.sync.destinations.crm.mapping import Values, changes, digests
from openprospect.sync.destinations.crm.mirror import Due, Mirror
from openprospect.sync.destinations.crm.protocol import Crm, Kind, Outcome, Write
from openprospect.sync.destinations.crm.settings import CrmSettings
from openprospect.sync.destinations.crm.wanted import Lens, Wanted

CHUNK = 200
_NO_COMPANY = "Its company is not in the CRM, which refused it."


@dataclass(frozen=True, slots=True)
class _Plan:
    wanted: Wanted
    found: Found | None
    values: Values
    """What is to be written; empty where the record has it all."""


class Upserting:
    def __init__(self, crm: Crm, mirror: Mirror, links: Links, settings: CrmSettings, counts: Counter[str]) -> None:
        self._crm = crm
        self._mirror = mirror
        self._links = links
        self._settings = settings
        self._counts = counts

    def run(self, search_id: str) -> None:
        """Everything that is due: companies first, so that their people find them."""
        for kind in Kind:
            lens = Lens(kind, self._settings)
            queue = self._mirror.due(kind, search_id)
            while queue:
                chunk, queue = queue[:CHUNK], queue[CHUNK:]
                queue = self._chunk(lens, search_id, chunk) + queue

    def _chunk(self, lens: Lens, search_id: str, dues: Sequence[Due]) -> list[Due]:
        """Those of the chunk that have to wait for others of it."""
        items = self._mirror.items(lens.kind, search_id, (due.company_id for due in dues))
        links = self._links.among(lens.kind, search_id, [due.key for due in dues])
        companies = self._companies(lens.kind, search_id, dues)
        chunk = [
            lens.wanted(search_id, due, items[due.key], links.get(due.key), company=companies.get(due.company_id))
            for due in dues
            if due.key in items
        ]
        if lens.kind is Kind.CONTACT:
            self._refuse([one for one in chunk if one.company is None])
            chunk = [one for one in chunk if one.company is not None]
        company_field = self._crm.traits.company_field if lens.kind is Kind.CONTACT else None
        found = Finder(self._crm, self._links, lens.kind, search_id, lens.asked_fields(company_field)).find(chunk)
        now, waiting = _without_doubles(lens.kind, chunk, found)
        self._write(lens, [self._plan(lens, one, found.get(one.due.key), company_field) for one in now])
        return waiting

    def _companies(self, kind: Kind, search_id: str, dues: Sequence[Due]) -> dict[str, str]:
        """The record of each company, by id, for people on their way."""
        if kind is Kind.COMPANY:
            return {}
        ids = {due.company_id for due in dues}
        links = self._links.among(Kind.COMPANY, search_id, [(company_id, company_id) for company_id in ids])
        return {company_id: link.record_id for (company_id, _), link in links.items() if link.record_id and link.applied}

    def _plan(self, lens: Lens, one: Wanted, found: Found | None, company_field: str | None) -> _Plan:
        wanted = one.values | ({company_field: one.company} if company_field else {})
        if found is None:
            return _Plan(one, None, wanted)
        values = changes(wanted, found.record.values, one.link.written, lens.fields)
        if found.record.external_id is None:
            values[lens.id_field] = one.external_id
        if lens.removed_field and found.record.values.get(lens.removed_field) is not None:
            values[lens.removed_field] = None
        return _Plan(one, found, values)

    def _write(self, lens: Lens, plans: Sequence[_Plan]) -> None:
        """Intents, then the records, then their companies, then the log."""
        self._links.save(replace(plan.wanted.link, is_created=True) for plan in plans if plan.found is None)
        writes = [plan for plan in plans if plan.found is None or plan.values]
        outcomes = (
            dict(zip(map(_key, writes), self._crm.write(lens.kind, [_write_of(plan) for plan in writes]), strict=True)) if writes else {}
        )
        outcomes |= {_key(plan): Outcome(record_id=plan.found.record.id) for plan in plans if plan.found and not plan.values}
        if lens.kind is Kind.CONTACT and self._crm.traits.company_field is None:
            outcomes = self._associated(plans, outcomes)
        self._links.save(self._logged(lens, plan, outcomes[_key(plan)]) for plan in plans)

    def _associated(self, plans: Sequence[_Plan], outcomes: Mapping[tuple[str, str], Outcome]) -> dict[tuple[str, str], Outcome]:
        """The outcomes once new contacts belong to their companies."""
        pairs = {
            _key(plan): (outcome.record_id, plan.wanted.company)
            for plan in plans
            if (outcome := outcomes[_key(plan)]).record_id and plan.wanted.company and plan.wanted.link.applied is None
        }
        reasons = self._crm.associate([(contact, company) for contact, company in pairs.values()]) if pairs else []
        refused = {key: Outcome(reason=reason) for key, reason in zip(pairs, reasons, strict=True) if reason is not None}
        return {**outcomes, **refused}

    def _logged(self, lens: Lens, plan: _Plan, outcome: Outcome) -> Link:
        one = plan.wanted
        if outcome.reason is not None:
            self._counts["rejected"] += 1
            link = replace(one.link, is_created=plan.found is None or plan.found.is_created)
            return link.refused(outcome.reason, self._mirror.attempt(one.due))
        self._counts["created" if plan.found is None else "updated" if plan.values else "unchanged"] += 1
        ours = {name: value for name, value in plan.values.items() if name not in {lens.id_field, lens.removed_field}}
        return replace(
            one.link,
            record_id=outcome.record_id,
            is_created=plan.found is None or plan.found.is_created,
            applied=one.due.mark,
            written=one.link.written | digests(ours),
            match=one.match,
            reason=None,
            tried=None,
            tried_at=None,
        )

    def _refuse(self, chunk: Sequence[Wanted]) -> None:
        self._counts["rejected"] += len(chunk)
        self._links.save(one.link.refused(_NO_COMPANY, self._mirror.attempt(one.due)) for one in chunk)


def _without_doubles(kind: Kind, chunk: Sequence[Wanted], found: Mapping[tuple[str, str], Found]) -> tuple[list[Wanted], list[Due]]:
    """Of several new people with one e-mail, or one id, only the first may be made; the others will find that record."""
    if kind is Kind.COMPANY:
        return list(chunk), []
    making: set[str] = set()
    now: list[Wanted] = []
    waiting: list[Due] = []
    for one in chunk:
        identities = {one.external_id, one.match or one.external_id} if one.due.key not in found else set()
        if making & identities:
            waiting.append(one.due)
            continue
        making |= identities
        now.append(one)
    return now, waiting


def _key(plan: _Plan) -> tuple[str, str]:
    return plan.wanted.due.key


def _write_of(plan: _Plan) -> Write:
    return Write(external_id=plan.wanted.external_id, record_id=plan.found.record.id if plan.found else None, values=plan.values)
