"""What the CRM should hold of each delivered company and person: a row of the mirror, seen through the mapping. No I/O."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from openprospect.sync.destinations.crm.links import Link
from openprospect.sync.destinations.crm.mapping import Values, domain_of, email_of, values_of
from openprospect.sync.destinations.crm.mirror import Due
from openprospect.sync.destinations.crm.protocol import Kind
from openprospect.sync.destinations.crm.settings import CrmSettings, Field


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One delivered item on its way into the CRM. `match` is its domain or e-mail; `company` its company's record."""

    due: Due
    values: Values
    link: Link
    match: str | None = None
    company: str | None = None

    @property
    def external_id(self) -> str:
        return self.due.id

    @property
    def identities(self) -> set[str]:
        """What no second record is made for: companies that share a website are still told apart by the feed."""
        return {self.external_id, *([self.match] if self.match and self.link.kind is Kind.CONTACT else [])}


class Lens:
    """How items of one kind are seen through the settings."""

    def __init__(self, kind: Kind, settings: CrmSettings) -> None:
        self.kind = kind
        self._shared_domains = settings.companies.shared_domains
        self._records = settings.of(kind)

    @property
    def fields(self) -> Mapping[str, Field]:
        return self._records.fields

    @property
    def written_fields(self) -> list[str]:
        return self._records.written_fields

    @property
    def id_field(self) -> str:
        return self._records.id_field

    @property
    def removed_field(self) -> str | None:
        return self._records.removed_field

    def asked_fields(self, *more: str | None) -> list[str]:
        """Every field that must be read before anything may be written."""
        return [*self.fields, *(name for name in (self.removed_field, *more) if name)]

    def wanted(self, search_id: str, due: Due, item: Mapping[str, Any], link: Link | None, *, company: str | None = None) -> Wanted:
        if self.kind is Kind.COMPANY:
            match = domain_of(item["website_url"], shared=self._shared_domains)
            item = {**item, "website_domain": match}
        else:
            match = email_of(item["email"])
            item = {**item, "full_name": " ".join(name for name in (item["first_name"], item["last_name"]) if name)}
        link = link or Link(kind=self.kind, search_id=search_id, company_id=due.company_id, id=due.id)
        return Wanted(due=due, values=values_of(item, self.fields), link=link, match=match, company=company)
