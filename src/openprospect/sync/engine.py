"""One run: each search's news into the destination, batch by batch, data and checkpoint together; then the receipt.

It knows neither HTTP nor any database, and when to run again is not decided here.
"""

import logging
import threading
import time
from collections.abc import Callable, Container, Iterable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass

from openprospect.sync.access import canonical_id
from openprospect.sync.batch import MOST_COMPANIES, Batch, Gathering, Source
from openprospect.sync.client import Client, FeedPage
from openprospect.sync.destinations.base import Checkpoint, Destination
from openprospect.sync.errors import DestinationRefused, Stopped, SyncError, Unforeseen
from openprospect.sync.instances import mended_by
from openprospect.sync.readahead import ReadAhead
from openprospect.sync.reckoning import Reckoning
from openprospect.sync.stamps import canonical
from openprospect.sync.summary import Summary

log = logging.getLogger("openprospect.sync")

_FOLLOW = "To follow it from now on, run once with --full."

Watch = Callable[[str, int, int], None]
"""Told after every page: search id, companies read so far, companies known to be left."""


def run(
    search_ids: Iterable[str],
    destination: Destination,
    client: Client,
    *,
    full: Container[str] = (),
    stop: threading.Event | None = None,
    watch: Watch | None = None,
    batch_companies: int = MOST_COMPANIES,
) -> Iterator[Summary]:
    """Bring the destination up to date, one search after the other; a summary for each, also for one that failed.

    Searches in `full`, spelled as `distinct` has it, are read again from the start, and what is not in the feed is removed afterwards.
    Raises `Stopped` once `stop` is set.
    """
    for search_id in distinct(search_ids):
        search_run = _SearchRun(
            search_id, destination, client, stop=stop or threading.Event(), watch=watch, batch_companies=batch_companies
        )
        yield search_run.run(full=search_id in full)


def distinct(search_ids: Iterable[str]) -> list[str]:
    """Each search once, its id in one spelling, so that none is stored twice."""
    return list(dict.fromkeys(map(canonical_id, search_ids)))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Start:
    """Where a walk begins, given what the destination held before; from the beginning, whatever that is, if `anew`.

    A first walk is a full run, too: it may be cut short, and what it stored be gone from the feed before anybody goes on with it.
    """

    before: Checkpoint | None
    anew: bool

    @property
    def is_full(self) -> bool:
        return self.before is None or self.anew or self.before.full_run

    @property
    def source(self) -> Source | None:
        """Where everything that counts came from so far."""
        return None if self.before is None or self.anew else self.before.source

    @property
    def stored(self) -> str | None:
        """Up to where everything is stored, which asking may tell."""
        return None if self.before is None or self.is_full else self.before.delivered_until

    @property
    def read(self) -> str | None:
        """Up to where a full run has got. What an earlier one put there is not gone before it ends, so asking must not tell."""
        return None if self.before is None or self.anew or not self.before.full_run else self.before.full_until

    @property
    def time(self) -> str | None:
        return self.stored or self.read


class _SearchRun:
    """One search in one run."""

    def __init__(
        self,
        search_id: str,
        destination: Destination,
        client: Client,
        *,
        stop: threading.Event,
        watch: Watch | None,
        batch_companies: int,
    ) -> None:
        self._search_id = search_id
        self._destination = destination
        self._client = client
        self._stop = stop
        self._watch = watch
        self._batch_companies = batch_companies
        self._read = 0
        self._summary = Summary(search_id=search_id)

    def run(self, *, full: bool) -> Summary:
        started = time.monotonic()
        try:
            start = _Start(before=self._tell_checkpoint(), anew=full)
            has_moved = self._walk(start)
            if has_moved:
                self._walk(_Start(before=self._destination.checkpoint(self._search_id), anew=False))
            self._confirm(told=start.stored)
        except Stopped:
            raise
        except SyncError as error:
            self._fail(error)
        except Exception as error:
            log.exception("Search %s broke off.", self._search_id)
            self._fail(Unforeseen.of(error))
        self._summary.seconds = time.monotonic() - started
        return self._summary

    def _fail(self, error: SyncError) -> None:
        """What was committed before stays. The destination may be what failed: the first error is the one to tell."""
        self._summary.error = error
        with suppress(Exception):
            self._tell_checkpoint()

    def _walk(self, start: _Start) -> bool:
        """One walk through the feed; whether the feed moved on meanwhile, so that another is due."""
        reckoning = Reckoning(start.time)

        def batches(abandoned: threading.Event) -> Iterator[Batch]:
            return self._gathered(self._pages(start, abandoned), reckoning, is_full=start.is_full)

        is_beginning = start.is_full and start.time is None
        with closing(iter(ReadAhead(batches, self._stop))) as ahead:
            for batch in ahead:
                if is_beginning:
                    self._destination.begin_full(self._search_id, batch.source)
                    self._summary.has_begun = True
                    is_beginning = False
                self._summary.count(self._destination.apply(batch))
        self._destination.finish(self._search_id)
        self._tell_checkpoint()
        self._summary.warn(reckoning.warnings)
        return reckoning.has_moved

    def _tell_checkpoint(self) -> Checkpoint | None:
        checkpoint = self._destination.checkpoint(self._search_id)
        self._summary.delivered_until = checkpoint.delivered_until if checkpoint else None
        return checkpoint

    def _pages(self, start: _Start, abandoned: threading.Event) -> Iterator[tuple[Source, FeedPage]]:
        """The pages of a walk while anybody wants them, with where they come from."""
        source: Source | None = None
        walk = self._client.pages(
            self._search_id,
            delivered_since=start.stored,
            after=start.read,
            expected_instance=start.source.instance if start.source else None,
        )
        with mended_by(_FOLLOW), closing(walk) as pages:
            for page in pages:
                if abandoned.is_set():
                    raise Stopped("Nobody takes what is read.")
                source = source or self._checked(page, start)
                yield source, page
                self._show(page)

    def _gathered(self, pages: Iterator[tuple[Source, FeedPage]], reckoning: Reckoning, *, is_full: bool) -> Iterator[Batch]:
        """The pages as batches, each with the checkpoint that it reaches."""
        gathering, source = Gathering(self._batch_companies), None
        for source, page in pages:
            if gathering.is_enough:
                yield gathering.take(self._search_id, source, until=reckoning.during, full=is_full, unrepeated=reckoning.is_unrepeated)
            reckoning.observe(page)
            gathering.add(page)
        if source is not None:
            yield gathering.take(
                self._search_id, source, until=reckoning.after, full=is_full, unrepeated=reckoning.is_unrepeated, last=True
            )

    def _show(self, page: FeedPage) -> None:
        self._read += len(page.companies)
        if self._watch:
            self._watch(self._search_id, self._read, max(0, page.total - len(page.companies)))

    def _checked(self, page: FeedPage, start: _Start) -> Source:
        """Where the page comes from. Raises `DestinationRefused` if what is stored does not."""
        source = Source(server=self._client.base_url, instance=page.instance)
        if start.source and not start.source.is_same(source):
            raise DestinationRefused(
                f"The destination holds search {self._search_id} as {start.source.server} serves it, not {source.server}."
                " If that is the same service under a new address, or the one to follow from now on, run once with --full."
            )
        if start.time and page.watermark and canonical(page.watermark) < canonical(start.time):
            raise DestinationRefused(
                f"The feed of search {self._search_id} ends at {page.watermark}, before what the destination holds ({start.time}):"
                f" the service was restored from a backup, or is another one. {_FOLLOW}"
            )
        return source

    def _confirm(self, *, told: str | None) -> None:
        """Tell the server what is stored, beyond what asking has told. It is data that counts: without a receipt, the next run tells it."""
        until = self._summary.delivered_until
        if until is None or until == told:
            return
        try:
            self._client.confirm(self._search_id, until)
        except Stopped:
            raise
        except SyncError as error:
            self._summary.warn([f"The server did not take the receipt: {error}"])
