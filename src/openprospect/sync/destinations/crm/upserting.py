"""Brings delivered companies and people into the CRM, chunk by chunk, and logs what became of each."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from openprospect.sync.destinations.crm.employing import Employing
from openprospect.sync.destinations.crm.finding import Finder, Found
from openprospect.sync.destinations.crm.log import Log
from openprospect.sync.destinations.crm.mirror import Due, Mirror
from openprospect.sync.destinations.crm.planning import Plan, plan_of, without_doubles
from openprospect.sync.destinations.crm.protocol import Crm, Kind, Outcome
from openprospect.sync.destinations.crm.records import Known
from openprospect.sync.destinations.crm.settings import CrmSettings
from openprospect.sync.destinations.crm.wanted import Lens, Wanted

CHUNK = 200
_NO_COMPANY = "Its company is not in the CRM, which refused it."


class Upserting:
    def __init__(self, crm: Crm, mirror: Mirror, log: Log, settings: CrmSettings, counts: Counter[str]) -> None:
        self._crm = crm
        self._mirror = mirror
        self._log = log
        self._settings = settings
        self._counts = counts
        self._employing = Employing(crm, mirror, log)

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
        links = self._log.links.among(lens.kind, search_id, [due.key for due in dues])
        companies = self._companies(lens.kind, search_id, dues)
        chunk = [
            lens.wanted(search_id, due, items[due.key], links.get(due.key), company=companies.get(due.company_id))
            for due in dues
            if due.key in items
        ]
        company_field = self._crm.traits.company_field if lens.kind is Kind.CONTACT else None
        found = Finder(self._crm, self._log, lens.kind, search_id, lens.asked_fields(company_field)).find(chunk)
        if lens.kind is Kind.CONTACT:
            self._refuse([one for one in chunk if one.company is None], found)
            chunk = [one for one in chunk if one.company is not None]
        now, waiting = without_doubles(chunk, found)
        leaders = self._leaders(lens.kind, found)
        plans = [plan_of(lens, one, found.get(one.due.key), leads=_leads(one, found, leaders), company_field=company_field) for one in now]
        self._write(lens, plans)
        return waiting

    def _companies(self, kind: Kind, search_id: str, dues: Sequence[Due]) -> dict[str, str]:
        """The record of each company, by id, for people on their way."""
        if kind is Kind.COMPANY:
            return {}
        ids = {due.company_id for due in dues}
        links = self._log.links.among(Kind.COMPANY, search_id, [(company_id, company_id) for company_id in ids])
        return {company_id: link.record_id for (company_id, _), link in links.items() if link.record_id and link.applied is not None}

    def _leaders(self, kind: Kind, found: Mapping[tuple[str, str], Found]) -> dict[str, tuple[str, str, str]]:
        """Of each record the first who is linked to it and still delivered."""
        leaders: dict[str, tuple[str, str, str]] = {}
        for link in self._mirror.delivered(kind, (one.record.id for one in found.values())):
            leaders.setdefault(link.record_id or "", link.place)
        return leaders

    def _write(self, lens: Lens, plans: Sequence[Plan]) -> None:
        """Intents, then the records, then their companies, then the log."""
        self._intend(lens, [plan for plan in plans if plan.write])
        writes = {plan.key: write for plan in plans if (write := plan.write)}
        outcomes = {plan.key: Outcome(record_id=plan.found.record.id) for plan in plans if plan.found}
        outcomes |= zip(writes, self._crm.write(lens.kind, list(writes.values())) if writes else [], strict=True)
        reasons = self._employing.moved([(plan.wanted, outcomes[plan.key].record_id) for plan in plans])
        with self._log.transaction():
            for plan in plans:
                outcome = outcomes[plan.key]
                self._conclude(lens, plan, replace(outcome, reason=outcome.reason or reasons.get(plan.key)))

    def _intend(self, lens: Lens, plans: Sequence[Plan]) -> None:
        """What the CRM may hold from now on, though a kill or a lost answer keeps us from learning it."""
        with self._log.transaction():
            for plan in plans:
                values = plan.given(lens)
                if plan.found is None:
                    self._log.records.make(lens.kind, {plan.wanted.external_id: values})
                else:
                    self._log.records.save([plan.found.known.intending(values)])
                record_id = plan.found.record.id if plan.found else None
                self._log.links.save([replace(plan.wanted.link, record_id=record_id, match=plan.wanted.match)])

    def _conclude(self, lens: Lens, plan: Plan, outcome: Outcome) -> None:
        one, before = plan.wanted, plan.wanted.link
        link = replace(before, record_id=outcome.record_id or (plan.found.record.id if plan.found else None), match=one.match)
        if outcome.record_id:
            known = plan.found.known if plan.found else Known(kind=lens.kind, record_id=outcome.record_id, is_created=True)
            self._log.records.save([known.having(plan.given(lens))])
            self._log.records.made(lens.kind, [one.external_id])
        elif plan.found:
            self._log.records.save([plan.found.known])
        if outcome.reason is None:
            self._counts["created" if plan.found is None else "updated" if plan.values else "unchanged"] += 1
            link = replace(link, company=one.company).done(one.due.mark)
        else:
            self._counts["rejected"] += 1
            link = link.refused(outcome.reason, self._mirror.attempt(one.due))
        self._log.links.save([link])
        if before.record_id and before.record_id != link.record_id:
            self._log.records.forget(lens.kind, [before.record_id])

    def _refuse(self, chunk: Sequence[Wanted], found: Mapping[tuple[str, str], Found]) -> None:
        """Whose company is not there. A record that is theirs already stays theirs, whoever else leaves it."""
        self._counts["rejected"] += len(chunk)
        with self._log.transaction():
            for one in chunk:
                link = one.link.refused(_NO_COMPANY, self._mirror.attempt(one.due))
                if known := found.get(one.due.key):
                    self._log.records.save([known.known])
                    link = replace(link, record_id=known.record.id)
                self._log.links.save([link])


def _leads(one: Wanted, found: Mapping[tuple[str, str], Found], leaders: Mapping[str, tuple[str, str, str]]) -> bool:
    known = found.get(one.due.key)
    return known is None or leaders.get(known.record.id, one.link.place) == one.link.place
