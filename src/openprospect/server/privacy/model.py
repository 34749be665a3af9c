"""Erasures: who was erased is known by a hash alone; what matters is who received them, and who has let go."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NewType
from uuid import UUID

from openprospect.server.feed.model import CompanyId, ProspectId
from openprospect.server.feed.rows.document import encode_document, parse_document
from openprospect.server.feed.wire import DeliveredCompany
from openprospect.server.privacy.log import ErasureLog
from openprospect.server.searches.model import SearchId

ErasureId = NewType("ErasureId", UUID)

Place = tuple[SearchId, CompanyId]
"""A company of a search."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasurePolicy:
    """By when recipients should have confirmed an erasure, and where it is written down apart from the database, if anywhere."""

    deadline: timedelta
    log: ErasureLog | None


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownAt:
    """A person at a company of a search, there since `delivered_at` and, where they left, until `left_at`."""

    search_id: SearchId
    company_id: CompanyId
    prospect_id: ProspectId
    email_hash: bytes | None
    name_hash: bytes
    delivered_at: datetime
    left_at: datetime | None

    @property
    def place(self) -> Place:
        return self.search_id, self.company_id


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptDocument:
    """A company as of one delivery, the present one or one that walks still show."""

    search_id: SearchId
    company_id: CompanyId
    position: int
    delivered_at: datetime
    text: str

    @property
    def place(self) -> Place:
        return self.search_id, self.company_id

    @property
    def content(self) -> DeliveredCompany:
        """Read anew each time: there may be more of them than memory has room for."""
        return parse_document(self.text)

    def with_content(self, content: DeliveredCompany) -> "KeptDocument":
        return replace(self, text=encode_document(content, self.delivered_at))


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedState:
    """Where a feed ends, and how many erasures have changed what stands in it."""

    position: int
    erasures: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasedAt:
    """A person at a company whom an erasure took from there; `prospect_id` is None where nothing but a field named them."""

    place: Place
    prospect_id: ProspectId | None
    delivered_at: datetime
    gone_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """Somebody's word that a recipient was dealt with otherwise than by a confirmation."""

    at: datetime
    actor: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """A consumer that was given the person. `confirmed_at` is None until it has confirmed all that went with them."""

    consumer: str
    received_at: datetime
    confirmed_at: datetime | None
    settlement: Settlement | None

    @property
    def is_awaited(self) -> bool:
        return self.confirmed_at is None and self.settlement is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasure:
    """One person's erasure: what it reached, and how far its recipients are."""

    id: ErasureId
    organization: str
    erased_at: datetime
    deadline_at: datetime
    is_past_deadline: bool
    actor: str
    companies: int
    prospects: int
    recipients: tuple[Recipient, ...]

    @property
    def is_awaited(self) -> bool:
        """Whether a recipient has yet to confirm it, for whom nobody answers."""
        return any(recipient.is_awaited for recipient in self.recipients)
