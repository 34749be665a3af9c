"""The client library: the pages and companies of a feed, and receipts for what was stored. It stores nothing itself."""

import logging
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Self
from urllib.parse import urlencode

import msgspec

from openprospect.sync.access import path_of, transport_to
from openprospect.sync.errors import AnswerUnclear, TryLater
from openprospect.sync.instances import check_instance
from openprospect.sync.links import LINES, asks_since, export_url, leads_by_time, next_url
from openprospect.sync.retry import Retry
from openprospect.sync.transport import Answer, feed_error
from openprospect.sync.wire import Company, decode_lines, decode_page

log = logging.getLogger("openprospect.sync")

PAGE_COMPANIES = 100
_MOST_RESTARTS = 5
_OK, _OK_OR_UNCHANGED, _OK_OR_EXPIRED = frozenset({200}), frozenset({200, 304}), frozenset({200, 410})
_CONFIRMED = frozenset({200, 204, 404, 405, 501})


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedPage:
    """One page of a walk, with what its headers tell.

    `watermark`: up to where the feed was complete when the page was made. `instance`: the feed's identity, where the
    server tells it. `linked`: the walk follows links that lead by `delivered_at`. `body_bytes`: size as sent.
    """

    companies: list[Company]
    total: int = 0
    has_more: bool = False
    watermark: str | None = None
    instance: str | None = None
    linked: bool = True
    body_bytes: int = 0


@dataclass(slots=True)
class _Empty:
    """The tag of an empty first page: while it holds, nothing new was delivered."""

    etag: str
    page: FeedPage = field(repr=False)


class Client:
    """Reads feeds from one server with one key. Synchronous; use it from one thread at a time."""

    def __init__(
        self, base_url: str, api_key: str, *, connect_seconds: float = 10.0, read_seconds: float = 60.0, retry: Retry | None = None
    ) -> None:
        self._transport = transport_to(base_url, api_key, connect_seconds=connect_seconds, read_seconds=read_seconds, retry=retry)
        self.base_url = self._transport.base_url
        self._empty: dict[str, _Empty] = {}

    def companies(self, search_id: str, *, delivered_since: str | None = None) -> Iterator[Company]:
        """Every company delivered after `delivered_since`, in order; withdrawn ones carry `removed_at`."""
        for page in self.pages(search_id, delivered_since=delivered_since):
            yield from page.companies

    def pages(
        self, search_id: str, *, delivered_since: str | None = None, after: str | None = None, expected_instance: str | None = None
    ) -> Generator[FeedPage]:
        """One walk through a feed, page by page; at least one page, the last with `has_more` False.

        `delivered_since` tells the server that everything up to it is stored. `after` is the same place and tells nothing;
        servers know it that link to their pages by it.

        Where the server offers the feed as a stream, that comes first, in pieces of any size; pages go on after the last company
        that arrived whole, so that neither a stream that breaks off nor what changed meanwhile leaves a gap. Follows the
        server's links; where it sends none, counts offsets as documented. Such a walk begins anew where the server had forgotten
        it: companies then come twice.

        `expected_instance`: that of the page which the place is from, where the server told it. Raises `OtherInstance` in place of
        any page of another one; where none is expected, of another than the first that the walk comes across.
        """
        with closing(self._walk(search_id, delivered_since=delivered_since, after=after)) as pages:
            for page in pages:
                check_instance(page.instance, expected=expected_instance, server=self.base_url)
                expected_instance = expected_instance or page.instance
                yield page

    def _walk(self, search_id: str, *, delivered_since: str | None, after: str | None) -> Generator[FeedPage]:
        start = {name: time for name, time in (("delivered_since", delivered_since), ("after", after)) if time is not None}
        endpoint = path_of(search_id)
        feed_url = self.base_url + endpoint
        page, answer = self._first_page(f"{feed_url}?{urlencode({**start, 'limit': PAGE_COMPANIES})}", feed_url)
        if page.has_more and (reached := (yield from self._stream(answer, search_id, is_told=after is None, left=page.total))):
            start = {"after": reached}
            answer = self._transport.request("GET", f"{feed_url}?{urlencode({**start, 'limit': PAGE_COMPANIES})}", expected=_OK)
            page = _page(answer)
        yield page
        link = _next(answer, feed_url, endpoint)
        if page.has_more and link is None:
            yield from self._by_offset(feed_url, start, endpoint, offset=len(page.companies))
        while link is not None and page.has_more:
            answer = self._transport.request("GET", link, expected=_OK)
            page, previous, link = _page(answer), link, _next(answer, feed_url, endpoint)
            if page.has_more and link in {None, previous}:
                raise AnswerUnclear("The server says that there is more, but links to no next page.")
            yield page

    def confirm(self, search_id: str, delivered_until: str) -> bool:
        """Tell the server that everything up to `delivered_until` is stored; False where it keeps no receipts."""
        answer = self._transport.request(
            "PUT",
            self.base_url + path_of(search_id, "receipt"),
            body=msgspec.json.encode({"delivered_until": delivered_until}),
            headers={"Content-Type": "application/json"},
            expected=_CONFIRMED,
        )
        return answer.status < 300

    def close(self) -> None:
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Client({self.base_url!r}, api_key=***)"

    def _first_page(self, url: str, feed_url: str) -> tuple[FeedPage, Answer]:
        known = self._empty.get(url)
        answer = self._transport.request(
            "GET", url, headers={"If-None-Match": known.etag} if known else None, expected=_OK_OR_UNCHANGED if known else _OK
        )
        if known and answer.status == 304:
            return replace(known.page, instance=answer.headers.get("Delivery-Instance") or known.page.instance), answer
        page = _page(answer)
        etag = answer.headers.get("ETag")
        # Only the tags of empty polls are kept: they alone come again, and there is one for each search.
        self._empty = {known_url: empty for known_url, empty in self._empty.items() if not known_url.startswith(feed_url)}
        if etag and not page.companies and not page.has_more:
            self._empty[url] = _Empty(etag, page)
        return page, answer

    def _stream(self, answer: Answer, search_id: str, *, is_told: bool, left: int) -> Generator[FeedPage, None, str | None]:
        """The pieces of the stream that a page links to; returns the `delivered_at` of the last company that arrived whole."""
        endpoint = path_of(search_id, "export")
        url = export_url(answer.headers.get("Link", ""), url=self.base_url + endpoint, endpoint=endpoint)
        if url is None or (not is_told and asks_since(url)):
            return None
        answer = self._transport.request("GET", url, headers={"Accept": LINES}, expected=_OK, is_stream=True)
        reached: str | None = None
        try:
            for body in _whole_lines(answer.pieces):
                companies = decode_lines(body)
                reached = companies[-1].delivered_at if companies else reached
                yield _piece(answer, companies, total=left, body_bytes=len(body))
                left -= len(companies)
        except TryLater as error:
            log.warning("%s Going on page by page.", error)
        return reached

    def _by_offset(self, feed_url: str, start: dict[str, str], endpoint: str, *, offset: int) -> Iterator[FeedPage]:
        restarts, has_more = 0, True
        while has_more:
            query = urlencode({**start, "limit": PAGE_COMPANIES, "offset": offset})
            answer = self._transport.request("GET", f"{feed_url}?{query}", expected=_OK_OR_EXPIRED)
            if answer.status == 410:
                offset, restarts = 0, restarts + 1
                if restarts > _MOST_RESTARTS:
                    raise TryLater(f"The server ended the walk through {endpoint} {restarts} times. {feed_error(answer)}")
                continue
            page = _page(answer, linked=False)
            offset, has_more = offset + len(page.companies), page.has_more
            if has_more and not page.companies:
                raise AnswerUnclear("The server says that there is more, but sends an empty page.")
            yield page


def _page(answer: Answer, *, linked: bool | None = None) -> FeedPage:
    page = decode_page(answer.body)
    return FeedPage(
        companies=page.items,
        total=page.total,
        has_more=page.has_more,
        watermark=answer.headers.get("Delivery-Watermark") or None,
        instance=answer.headers.get("Delivery-Instance") or None,
        linked=(not page.has_more or leads_by_time(answer.headers.get("Link", ""))) if linked is None else linked,
        body_bytes=len(answer.body),
    )


def _piece(answer: Answer, companies: list[Company], *, total: int, body_bytes: int) -> FeedPage:
    return FeedPage(
        companies=companies,
        total=total,
        has_more=True,
        watermark=answer.headers.get("Delivery-Watermark") or None,
        instance=answer.headers.get("Delivery-Instance") or None,
        body_bytes=body_bytes,
    )


def _whole_lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes cut after line feeds; what comes after the last of them is no whole line, whatever it looks like."""
    rest = b""
    for piece in pieces:
        lines, line_feed, rest = (rest + piece).rpartition(b"\n")
        if line_feed:
            yield lines


def _next(answer: Answer, feed_url: str, endpoint: str) -> str | None:
    return next_url(answer.headers.get("Link", ""), feed_url=feed_url, endpoint=endpoint)
