"""A producer's batch on the wire: its rows from bytes, and what it is told in the end."""

import codecs
import re
from typing import Any

import msgspec

from openprospect.server.core.errors import MOST_FAULTS_A_ROW, Fault, InvalidInput, RejectedRows
from openprospect.server.core.timestamps import format_timestamp
from openprospect.server.feed.model import CompanyRow
from openprospect.server.feed.rows.row import FaultyRow, parse_company
from openprospect.server.feed.wire import BatchItem, BatchResult
from openprospect.server.feed.writing.publish import MAX_BATCH, Published

MAX_VALUES = 2_000_000
"""In a batch, at the least what 1,000 companies of 2,000 fields come to."""

_LINE = re.compile(rb"\S[^\n]*")
_SPLIT = "split it, and send each part with an Idempotency-Key of its own"


def rows_of_json(body: bytes) -> list[CompanyRow]:
    """The rows of `{"companies": […]}`. Raises InvalidInput, or RejectedRows with every faulty row."""
    _refuse_too_many_values(body)
    value = _decoded(body)
    if not isinstance(value, dict) or set(value) != {"companies"} or not isinstance(value["companies"], list):
        raise InvalidInput('The body must be one object: {"companies": […]}.')
    return _rows(value["companies"], faults={})


def rows_of_ndjson(body: bytes) -> list[CompanyRow]:
    """One company a line; blank lines count for nothing. Raises as `rows_of_json`."""
    _refuse_too_many_values(body)
    values: list[Any] = []
    faults: dict[int, list[Fault]] = {}
    # One after the other: a body of line feeds alone, split, is millions of lines.
    for line in _LINE.finditer(body.removeprefix(codecs.BOM_UTF8)):
        try:
            values.append(msgspec.json.decode(line[0].rstrip()))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            faults[len(values)] = [Fault(field="", reason="not valid JSON in UTF-8; expected one object a line")]
            values.append(None)
        if len(values) > MAX_BATCH:
            break
    return _rows(values, faults=faults)


def _rows(values: list[Any], *, faults: dict[int, list[Fault]]) -> list[CompanyRow]:
    if not 1 <= len(values) <= MAX_BATCH:
        raise InvalidInput(f"A batch has 1 to {MAX_BATCH:,} companies; {_SPLIT}.")
    rows, unlisted = [], 0
    for index, value in enumerate(values):
        if index in faults:
            continue
        try:
            rows.append(parse_company(value))
        except FaultyRow as error:
            # No more than are told: a thousand people may have five each.
            faults[index] = error.faults[:MOST_FAULTS_A_ROW]
            unlisted += len(error.faults) - len(faults[index])
    if faults:
        raise RejectedRows(faults, unlisted=unlisted)
    return rows


def _refuse_too_many_values(body: bytes) -> None:
    """Before any is built: a value of three bytes may take two hundred in memory.

    Each value but the first of a list or an object has a comma before it, so that there are no more; commas within texts count along.
    """
    if sum(body.count(token) for token in (b",", b"[", b"{")) > MAX_VALUES:
        raise InvalidInput(f"A batch has 1 to {MAX_BATCH:,} companies, and no more than {MAX_VALUES:,} values in all; {_SPLIT}.")


def _decoded(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise InvalidInput("The body is not valid JSON in UTF-8.") from None


def result_of(published: Published) -> BatchResult:
    """What a producer is told."""
    items = [
        BatchItem(
            id=outcome.company_id,
            source_id=outcome.source_id,
            status="delivered" if outcome.is_delivered else "unchanged",
            suppressed=outcome.suppressed,
        )
        for _, outcome in sorted(published.outcomes.items())
    ]
    delivered = sum(item.status == "delivered" for item in items)
    return BatchResult(
        delivered=delivered,
        unchanged=len(items) - delivered,
        suppressed=sum(item.suppressed for item in items),
        delivered_until=format_timestamp(published.delivered_until),
        items=items,
    )
