"""Companies and prospects as columns of the two tables: the fixed ones, in order, and their attributes beside them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import chain, repeat
from typing import Any

from openprospect.sync.destinations.columns import Attributes, Fit, Kind
from openprospect.sync.stamps import canonical
from openprospect.sync.wire import Company

COMPANIES, PROSPECTS = "companies", "prospects"
FIXED = {
    COMPANIES: ("id", "prospect_search_id", "name", "website_url", "source_id", "delivered_at"),
    PROSPECTS: ("id", "company_id", "prospect_search_id", "first_name", "last_name", "email", "job_title", "delivered_at"),
}


@dataclass(frozen=True, slots=True)
class Frame:
    """Rows of one table, column by column; `delivered_at` as text, UTC, with six digits.

    `kinds`: what the columns of attributes hold. The others are text.
    """

    columns: dict[str, list[Any]]
    attributes: list[Attributes]
    kinds: Mapping[str, Kind] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.attributes)

    def fitted(self, fitting: Fit) -> "Frame":
        """The same rows with a column for every attribute."""
        kinds = {column.name: column.kind for column in fitting.columns.values()}
        return Frame(self.columns | fitting.values, self.attributes, kinds)


def company_frame(search_id: str, companies: list[Company]) -> Frame:
    return Frame(
        {
            "id": [company.id for company in companies],
            "prospect_search_id": [search_id] * len(companies),
            "name": [company.name for company in companies],
            "website_url": [company.website_url for company in companies],
            "source_id": [company.source_id for company in companies],
            "delivered_at": [_stamp(company) for company in companies],
        },
        [company.attributes for company in companies],
    )


def prospect_frame(search_id: str, companies: list[Company]) -> Frame:
    people = [prospect for company in companies for prospect in company.prospects]
    counts = [len(company.prospects) for company in companies]
    return Frame(
        {
            "id": [prospect.id for prospect in people],
            "company_id": _repeated([company.id for company in companies], counts),
            "prospect_search_id": [search_id] * len(people),
            "first_name": [prospect.first_name for prospect in people],
            "last_name": [prospect.last_name for prospect in people],
            "email": [prospect.email for prospect in people],
            "job_title": [prospect.job_title for prospect in people],
            "delivered_at": _repeated([_stamp(company) for company in companies], counts),
        },
        [prospect.attributes for prospect in people],
    )


def _repeated(cells: Iterable[str | None], counts: Iterable[int]) -> list[str | None]:
    """Each cell as often as its company has people."""
    return list(chain.from_iterable(map(repeat, cells, counts)))


def _stamp(company: Company) -> str | None:
    return None if company.delivered_at is None else canonical(company.delivered_at)
