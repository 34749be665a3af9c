"""A feed in parts, as columns: for readers that divide it among themselves. What becomes of the columns is theirs."""

import io
import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlencode

import pyarrow as pa

from openprospect.sync.access import path_of, transport_to
from openprospect.sync.errors import AnswerUnclear, TryLater
from openprospect.sync.instances import check_instance
from openprospect.sync.stamps import canonical, format_timestamp
from openprospect.sync.transport import Answer
from openprospect.sync.wire import Page, decode_page

log = logging.getLogger("openprospect.sync")

ARROW = "application/vnd.apache.arrow.stream"
_MOST_BREAKS = 5
_OK = frozenset({200})


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What was delivered after one time and up to another: as it stood `as_of`, or as it stands when it is read.

    `instance`: where the times come from, where the server told it; no other one is read.
    """

    search_id: str
    after: str | None
    until: str
    as_of: str | None = None
    instance: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """Up to where a feed is complete, and of which instance it is, where the server tells it."""

    watermark: str
    instance: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent(Head):
    """How many companies there are as well. A walk of several pages keeps that moment readable."""

    companies: int


class Parts:
    """Reads from one server with one key, from one thread at a time."""

    def __init__(self, base_url: str, api_key: str) -> None:
        self._transport = transport_to(base_url, api_key)

    def head(self, search_id: str) -> Head:
        """Where the feed ends now."""
        answer = self._transport.request("HEAD", self._url(search_id, "export", {}), headers={"Accept": ARROW}, expected=_OK)
        return Head(watermark=_watermark(answer), instance=_instance(answer))

    def extent(self, search_id: str, *, after: str | None, expected_instance: str | None = None) -> Extent:
        """Of what comes after a place, which is not confirmed by it. Raises `OtherInstance` where that is not of the expected one."""
        extent = _extent(self._page(search_id, {"after": after}))
        check_instance(extent.instance, expected=expected_instance, server=self._transport.base_url)
        return extent

    def begin(self, search_id: str, *, delivered_since: str | None) -> Extent:
        """Of what is there, or came after a time; everything up to that time is stored, this says."""
        return _extent(self._page(search_id, {"delivered_since": delivered_since}))

    def cuts(self, search_id: str, *, delivered_since: str | None, companies: int, parts: int) -> list[str]:
        """Times that part so many companies evenly, ascending; fewer where fewer are left by now."""
        offsets = [companies * part // parts - 1 for part in range(1, parts)]
        pages = [self._items(search_id, {"delivered_since": delivered_since, "offset": offset}) for offset in offsets if offset >= 0]
        return sorted({canonical(company.delivered_at) for page in pages for company in page.items if company.delivered_at})

    def batches(self, part: Part) -> Iterator[pa.RecordBatch]:
        """In order. Goes on where a stream broke off, unless it breaks again and again without getting any further."""
        after, breaks = part.after, 0
        while True:
            try:
                for batch in self._stream(part, after=after):
                    if batch.num_rows:
                        yield batch
                        after, breaks = format_timestamp(batch["delivered_at"][-1].as_py()), 0
                return
            except TryLater as error:
                breaks += 1
                if breaks > _MOST_BREAKS:
                    raise
                log.warning("%s Going on after %s.", error, after or "the beginning")

    def close(self) -> None:
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self.close()

    def _stream(self, part: Part, *, after: str | None) -> Iterator[pa.RecordBatch]:
        url = self._url(part.search_id, "export", {"after": after, "delivered_until": part.until, "as_of": part.as_of})
        answer = self._transport.request("GET", url, headers={"Accept": ARROW}, expected=_OK, is_stream=True)
        check_instance(_instance(answer), expected=part.instance, server=self._transport.base_url)
        try:
            with io.BufferedReader(_Pieces(answer.pieces)) as body, pa.ipc.open_stream(body) as batches:
                yield from batches
        except (pa.ArrowException, OSError) as error:
            raise TryLater(f"The server sent what is no stream of Arrow, or half of one: {error}. Is the base URL its own?") from error

    def _items(self, search_id: str, parameters: Mapping[str, Any]) -> Page:
        return decode_page(self._page(search_id, parameters).body)

    def _page(self, search_id: str, parameters: Mapping[str, Any]) -> Answer:
        return self._transport.request("GET", self._url(search_id, "companies", {**parameters, "limit": 1}), expected=_OK)

    def _url(self, search_id: str, name: str, parameters: Mapping[str, Any]) -> str:
        query = urlencode({name: value for name, value in parameters.items() if value is not None})
        return self._transport.base_url + path_of(search_id, name) + (f"?{query}" if query else "")


class _Pieces(io.RawIOBase):
    """The body of an answer as a file."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        super().__init__()
        self._pieces = iter(pieces)
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._rest = memoryview(piece)
        count = min(len(buffer), len(self._rest))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count


def _extent(answer: Answer) -> Extent:
    return Extent(companies=decode_page(answer.body).total, watermark=_watermark(answer), instance=_instance(answer))


def _instance(answer: Answer) -> str | None:
    return answer.headers.get("Delivery-Instance") or None


def _watermark(answer: Answer) -> str:
    watermark = answer.headers.get("Delivery-Watermark")
    if not watermark:
        raise AnswerUnclear("The server does not tell up to where its feed is complete. Is the base URL that of the service?")
    return canonical(watermark)
