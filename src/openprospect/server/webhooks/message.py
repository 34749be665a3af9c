"""What an endpoint is told: the messages of a change, each with an id that is the same however often it is sent."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from openprospect.server.core.timestamps import format_timestamp
from openprospect.server.searches.model import SearchId
from openprospect.server.webhooks.model import TEST_EVENT, Event, FeedChange, NextEvents, Target

_ID_BYTES = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """`is_personal` where the body holds people."""

    id: str
    event: str
    body: bytes
    is_personal: bool


def messages_of(search_id: SearchId, upcoming: NextEvents) -> list[Message]:
    """In the order they are sent in; none where the place has only to be moved on."""
    if upcoming.change is None:
        return [_completion(upcoming.target, search_id, upcoming.watermark)] if upcoming.completion_due else []
    return list(_messages_of_change(upcoming.target, search_id, upcoming.change))


def trial_message(target: Target, *, now: datetime) -> Message:
    """What an owner sends to see whether the endpoint works."""
    return _message(target, TEST_EVENT, None, now, {"webhook_id": target.id})


def _messages_of_change(target: Target, search_id: SearchId, change: FeedChange) -> Iterator[Message]:
    data: dict[str, Any] = {
        "prospect_search_id": search_id,
        "company_id": change.company_id,
        "delivered_at": format_timestamp(change.at),
        "url": f"{target.base_url}/api/v1/companies/{change.company_id}?prospect_search_id={search_id}",
    }
    if change.erased:
        yield _message(target, Event.PROSPECT_ERASED, search_id, change.at, data | {"prospect_ids": change.erased})
    if change.is_removal is None:
        return
    event = Event.COMPANY_WITHDRAWN if change.is_removal else Event.COMPANY_DELIVERED
    if event in target.events:
        company = {} if change.document is None else {"company": msgspec.Raw(change.document.encode())}
        yield _message(target, event, search_id, change.at, data | company)


def _completion(target: Target, search_id: SearchId, watermark: datetime) -> Message:
    url = f"{target.base_url}/api/v1/deliveries/{search_id}/companies"
    data = {"prospect_search_id": search_id, "delivered_until": format_timestamp(watermark), "url": url}
    return _message(target, Event.DELIVERY_COMPLETED, search_id, watermark, data)


def _message(target: Target, event: str, search_id: SearchId | None, at: datetime, data: dict[str, Any]) -> Message:
    known_by = f"{target.id} {search_id} {format_timestamp(at)} {event}"
    return Message(
        id=f"msg_{hashlib.blake2b(known_by.encode(), digest_size=_ID_BYTES).hexdigest()}",
        event=event,
        body=msgspec.json.encode({"type": event, "timestamp": format_timestamp(at), "data": data}),
        is_personal="company" in data,
    )
