"""The shapes of erasures on the wire, and their report as a table."""

import csv
import io
from typing import Any, Literal
from uuid import UUID

import msgspec

from openprospect.server.core.timestamps import written
from openprospect.server.feed.wire import Timestamp
from openprospect.server.privacy.model import Erasure


class NewErasure(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The person to erase, by one of the two."""

    email: str | None = None
    prospect_id: UUID | None = None


class RecipientItem(msgspec.Struct, kw_only=True):
    """A consumer that was given the person."""

    key_name: str
    received_at: Timestamp
    confirmed_at: Timestamp | None
    is_late: bool


class ErasureItem(msgspec.Struct, kw_only=True):
    """What an erasure reached, and how far its recipients are."""

    id: UUID
    status: Literal["awaiting_confirmation", "confirmed"]
    erased_at: Timestamp
    deadline_at: Timestamp
    companies: int
    prospects: int
    confirmed: int
    late: int
    recipients: list[RecipientItem]


def item(erasure: Erasure) -> ErasureItem:
    recipients = [
        RecipientItem(
            key_name=recipient.consumer,
            received_at=written(recipient.received_at),
            confirmed_at=written(recipient.confirmed_at),
            is_late=_is_late(erasure, recipient.confirmed_at),
        )
        for recipient in erasure.recipients
    ]
    return ErasureItem(
        id=erasure.id,
        status="awaiting_confirmation" if erasure.unconfirmed else "confirmed",
        erased_at=written(erasure.erased_at),
        deadline_at=written(erasure.deadline_at),
        companies=erasure.companies,
        prospects=erasure.prospects,
        confirmed=len(recipients) - erasure.unconfirmed,
        late=sum(recipient.is_late for recipient in recipients),
        recipients=recipients,
    )


def as_csv(item: ErasureItem) -> str:
    """A row a recipient; where there was none, one row that says so."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(
        ("erasure_id", "erased_at", "deadline_at", "companies", "prospects", "recipient", "received_at", "confirmed_at", "late")
    )
    head = (item.id, item.erased_at, item.deadline_at, item.companies, item.prospects)
    for recipient in item.recipients:
        writer.writerow((*head, _safe(recipient.key_name), recipient.received_at, recipient.confirmed_at or "", _yes(recipient.is_late)))
    if not item.recipients:
        writer.writerow((*head, "", "", "", "no"))
    return text.getvalue()


def _is_late(erasure: Erasure, confirmed_at: Any) -> bool:
    return bool(confirmed_at > erasure.deadline_at) if confirmed_at else erasure.is_past_deadline


def _safe(text: str) -> str:
    """A spreadsheet would run a name that begins like a formula."""
    return f"'{text}" if text[:1] in "=+-@\t\r" else text


def _yes(value: bool) -> str:
    return "yes" if value else "no"
