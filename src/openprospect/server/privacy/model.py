"""Erasures: who was erased is known by a hash alone; what matters is who received them, and who has let go."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NewType
from uuid import UUID

from openprospect.server.feed.model import CompanyId, ProspectId
from openprospect.server.privacy.log import ErasureLog
from openprospect.server.searches.model import SearchId

ErasureId = NewType("ErasureId", UUID)


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """A consumer that was given the person. `confirmed_at` is None until it has confirmed every place."""

    consumer: str
    received_at: datetime
    confirmed_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasure:
    """One person's erasure: what it reached, and how far its recipients are."""

    id: ErasureId
    erased_at: datetime
    deadline_at: datetime
    is_past_deadline: bool
    actor: str
    companies: int
    prospects: int
    recipients: tuple[Recipient, ...]

    @property
    def unconfirmed(self) -> int:
        return sum(recipient.confirmed_at is None for recipient in self.recipients)
