"""A vendor's JSON over HTTP: calls within the day's quota, and refused batches taken apart until the refused rows stand alone."""

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from openprospect.sync.destinations.crm.protocol import Outcome, Write
from openprospect.sync.errors import AnswerUnclear, FixNeeded, QuotaSpent
from openprospect.sync.retry import Retry
from openprospect.sync.transport import Answer, Explain, Transport

Row = TypeVar("Row")
_DONE = frozenset({200, 201, 202, 204, 207})


class RowsRefused(FixNeeded):
    """The CRM refuses what was sent, and does not say which rows of it."""


class Api:
    """`remaining`: how many calls the vendor's answer says are left for the day; None where it does not say."""

    def __init__(
        self,
        base_url: str,
        authorization: str,
        *,
        retry: Retry,
        explain: Explain,
        remaining: Callable[[Mapping[str, str]], int | None],
        daily_reserve: int,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self._transport = Transport(base_url, authorization, connect_seconds=10.0, read_seconds=120.0, retry=retry, explain=explain)
        self._headers = {"Content-Type": "application/json", **(headers or {})}
        self._read_remaining = remaining
        self._daily_reserve = daily_reserve
        self._remaining: int | None = None

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """The decoded answer; None where it is empty."""
        if self._remaining is not None and self._remaining <= self._daily_reserve:
            raise QuotaSpent(
                f"{self._transport.base_url} allows {self._remaining} more calls today, and {self._daily_reserve} are left to others"
                " (daily_reserve). What is missing goes in with a later run."
            )
        answer = self._transport.request(
            method,
            f"{self._transport.base_url}{path}",
            body=None if body is None else msgspec.json.encode(body),
            headers=self._headers,
            expected=_DONE,
        )
        remaining = self._read_remaining(answer.headers)
        self._remaining = self._remaining if remaining is None else remaining
        return decoded(answer) if answer.body else None

    def close(self) -> None:
        self._transport.close()


def decoded(answer: Answer) -> Any:
    try:
        return msgspec.json.decode(answer.body)
    except msgspec.DecodeError as error:
        raise AnswerUnclear(f"The CRM answered {answer.status} with something other than JSON. Is its URL right?") from error


def each(call: Callable[[Sequence[Row]], list[Outcome]], rows: Sequence[Row]) -> list[Outcome]:
    """An outcome for each row of a batch that may be refused as a whole."""
    try:
        return call(rows)
    except RowsRefused as refusal:
        if len(rows) == 1:
            return [Outcome(reason=refusal.message)]
        middle = len(rows) // 2
        return each(call, rows[:middle]) + each(call, rows[middle:])


def written(writes: Sequence[Write], size: int, send: Callable[[Sequence[Write]], list[Outcome]]) -> list[Outcome]:
    """An outcome for each write, in order. `send` takes up to `size` that are all new, or all of known records."""
    outcomes: dict[int, Outcome] = {}
    for is_known in (False, True):
        places = [place for place, write in enumerate(writes) if (write.record_id is not None) is is_known]
        for part in slices(places, size):
            outcomes |= zip(part, each(send, [writes[place] for place in part]), strict=True)
    return [outcomes[place] for place in range(len(writes))]


def slices(rows: Sequence[Row], size: int) -> list[Sequence[Row]]:
    return [rows[start : start + size] for start in range(0, len(rows), size)]


def credential(name: str, *, default: str | None = None) -> str:
    """A credential or address from the environment, which is its only source. Raises `FixNeeded` naming the variable."""
    value = os.environ.get(name) or default
    if value is None:
        raise FixNeeded(f"{name} is not set.")
    return value
