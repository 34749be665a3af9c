"""The shapes of erasures and disclosures on the wire, and the report of an erasure as a table."""

import csv
import io
from typing import Literal
from uuid import UUID

import msgspec

from openprospect.server.core.timestamps import format_timestamp
from openprospect.server.feed.model import ProspectId
from openprospect.server.feed.wire import DeliveredProspect, Timestamp
from openprospect.server.privacy.disclosure import Appearance, Disclosure
from openprospect.server.privacy.erase import Subject
from openprospect.server.privacy.model import Erasure, Recipient, Settlement
from openprospect.server.searches.model import Search

_SETTLED = ("settled_at", "settled_by", "settled_reason")
_EMPTY = ("",) * len(_SETTLED)


class PersonAskedFor(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The person that is asked about, by one of the two."""

    email: str | None = None
    prospect_id: UUID | None = None

    @property
    def subject(self) -> Subject:
        """Raises InvalidInput where it is not one of the two."""
        return Subject(email=self.email, prospect_id=ProspectId(self.prospect_id) if self.prospect_id else None)


class NewErasure(PersonAskedFor, kw_only=True, forbid_unknown_fields=True):
    """The person to erase, by one of the two."""


class SettlementItem(msgspec.Struct, kw_only=True):
    """Who answers for a recipient that was dealt with otherwise than by a confirmation, since when, and why."""

    at: Timestamp
    actor: str
    reason: str


class RecipientItem(msgspec.Struct, kw_only=True):
    """A consumer that was given the person. `settled` is not a confirmation; whoever is settled is late no more."""

    key_name: str
    received_at: Timestamp
    confirmed_at: Timestamp | None
    is_late: bool
    settled: SettlementItem | None


class ErasureItem(msgspec.Struct, kw_only=True):
    """What an erasure reached, and how far its recipients are. `settled` where nobody is waited for, and not all have confirmed."""

    id: UUID
    status: Literal["awaiting_confirmation", "settled", "confirmed"]
    erased_at: Timestamp
    deadline_at: Timestamp
    companies: int
    prospects: int
    confirmed: int
    settled: int
    late: int
    recipients: list[RecipientItem]


class AppearanceItem(msgspec.Struct, kw_only=True):
    """A company that lists the person (`entries`), names them in the fields `named_in`, or did list or name them until `left_at`."""

    search: str
    prospect_search_id: UUID
    company_id: UUID
    source_id: str | None
    company: str
    since: Timestamp
    left_at: Timestamp | None
    entries: list[DeliveredProspect]
    named_in: list[str]


class ReceivedItem(msgspec.Struct, kw_only=True):
    """A consumer that was given the person, and when first."""

    key_name: str
    received_at: Timestamp


class DisclosureItem(msgspec.Struct, kw_only=True):
    """What is kept of a person, and who was given it. `is_suppressed`: whether later deliveries leave them out.

    `erasures`: what was erased of them before, the newest first, each with who had been given that.
    """

    appearances: list[AppearanceItem]
    recipients: list[ReceivedItem]
    is_suppressed: bool
    erasures: list[ErasureItem]


def disclosure_item(disclosure: Disclosure) -> DisclosureItem:
    return DisclosureItem(
        appearances=[_appearance(appearance, disclosure.searches[appearance.search_id]) for appearance in disclosure.appearances],
        recipients=[ReceivedItem(key_name=name, received_at=format_timestamp(at)) for name, at in disclosure.recipients.items()],
        is_suppressed=disclosure.is_suppressed,
        erasures=[item(erasure) for erasure in disclosure.erasures],
    )


def item(erasure: Erasure) -> ErasureItem:
    recipients = [
        RecipientItem(
            key_name=recipient.consumer,
            received_at=format_timestamp(recipient.received_at),
            confirmed_at=format_timestamp(recipient.confirmed_at),
            is_late=_is_late(erasure, recipient),
            settled=_settled(recipient.settlement),
        )
        for recipient in erasure.recipients
    ]
    return ErasureItem(
        id=erasure.id,
        status=_status(erasure),
        erased_at=format_timestamp(erasure.erased_at),
        deadline_at=format_timestamp(erasure.deadline_at),
        companies=erasure.companies,
        prospects=erasure.prospects,
        confirmed=sum(recipient.confirmed_at is not None for recipient in recipients),
        settled=sum(recipient.confirmed_at is None and recipient.settled is not None for recipient in recipients),
        late=sum(recipient.is_late for recipient in recipients),
        recipients=recipients,
    )


def as_csv(item: ErasureItem) -> str:
    """A row a recipient; where there was none, one row that says so."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(
        ("erasure_id", "erased_at", "deadline_at", "companies", "prospects", "recipient", "received_at", "confirmed_at", "late", *_SETTLED)
    )
    head = (item.id, item.erased_at, item.deadline_at, item.companies, item.prospects)
    for recipient in item.recipients:
        confirmed = recipient.received_at, recipient.confirmed_at or "", _yes(recipient.is_late)
        writer.writerow((*head, _safe(recipient.key_name), *confirmed, *_settled_cells(recipient.settled)))
    if not item.recipients:
        writer.writerow((*head, "", "", "", "no", *_EMPTY))
    return text.getvalue()


def _appearance(appearance: Appearance, search: Search) -> AppearanceItem:
    return AppearanceItem(
        search=search.name,
        prospect_search_id=search.id,
        company_id=appearance.company_id,
        source_id=appearance.source_id,
        company=appearance.name,
        since=format_timestamp(appearance.since),
        left_at=format_timestamp(appearance.left_at),
        entries=appearance.entries,
        named_in=appearance.named_in,
    )


def _status(erasure: Erasure) -> Literal["awaiting_confirmation", "settled", "confirmed"]:
    if erasure.is_awaited:
        return "awaiting_confirmation"
    return "confirmed" if all(recipient.confirmed_at for recipient in erasure.recipients) else "settled"


def _is_late(erasure: Erasure, recipient: Recipient) -> bool:
    if recipient.confirmed_at:
        return recipient.confirmed_at > erasure.deadline_at
    return recipient.is_awaited and erasure.is_past_deadline


def _settled(settlement: Settlement | None) -> SettlementItem | None:
    if settlement is None:
        return None
    return SettlementItem(at=format_timestamp(settlement.at), actor=settlement.actor, reason=settlement.reason)


def _settled_cells(settled: SettlementItem | None) -> tuple[str, ...]:
    return (settled.at, _safe(settled.actor), _safe(settled.reason)) if settled else _EMPTY


def _safe(text: str) -> str:
    """A spreadsheet would run a name that begins like a formula."""
    return f"'{text}" if text[:1] in "=+-@\t\r" else text


def _yes(value: bool) -> str:
    return "yes" if value else "no"
