"""Batches into a folder of Parquet files. New files first, then the manifest that names them, then the old ones go."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from openprospect.sync.batch import Batch, Source
from openprospect.sync.destinations.base import Applied, Checkpoint, Held
from openprospect.sync.destinations.columns import Column, fit, is_exact_as_double
from openprospect.sync.destinations.files import existing_path_of, path_of
from openprospect.sync.destinations.frames import COMPANIES, FIXED, PROSPECTS, Frame, company_frame, prospect_frame
from openprospect.sync.destinations.lock import FileLock
from openprospect.sync.destinations.parquet.manifest import Manifest, Part, Search
from openprospect.sync.destinations.parquet.parts import Parts
from openprospect.sync.errors import DestinationRefused, TryLater
from openprospect.sync.retry import Retry
from openprospect.sync.stamps import now_text

_LARGE_COMPANIES = 100_000
_MOST_SMALL_PARTS = 10


def open_destination(url: str, _retry: Retry) -> "ParquetDestination":
    folder = path_of(url)
    lock = FileLock(folder / "openprospect_sync.lock")
    try:
        return ParquetDestination(folder, lock)
    except BaseException:
        lock.release()
        raise


def held_in(url: str) -> list[Held]:
    folder = existing_path_of(url)
    manifest = Manifest.read(folder)
    if manifest is None:
        raise DestinationRefused(f"{folder} holds nothing that `openprospect sync` wrote.")
    return [
        Held(
            search_id=search_id,
            server=search.server,
            companies=sum(part.companies for part in search.parts),
            prospects=sum(part.prospects for part in search.parts),
            delivered_until=search.delivered_until,
            synced_at=search.synced_at,
        )
        for search_id, search in sorted(manifest.searches.items())
    ]


class ParquetDestination:
    """A folder. Every transaction begins with the manifest as it is on disk, so that one that failed has left nothing."""

    def __init__(self, folder: Path, lock: FileLock) -> None:
        self._folder = folder
        self._lock = lock
        with _translated(folder):
            self._load()
            self._parts.discard_strays()

    def checkpoint(self, search_id: str) -> Checkpoint | None:
        with _translated(self._folder):
            self._load()
        search = self._manifest.searches.get(search_id)
        return search.checkpoint if search else None

    def begin_full(self, search_id: str, source: Source) -> None:
        with self._transaction():
            search = self._manifest.searches.setdefault(search_id, Search(server=source.server))
            if not search.checkpoint.source.is_same(source):
                search.delivered_until = None
            search.server, search.instance = source.server, source.instance
            search.full_run, search.full_until, search.pending = True, None, []

    def apply(self, batch: Batch) -> Applied:
        with self._transaction():
            return self._apply(batch)

    def finish(self, search_id: str) -> None:
        """Nothing is left to do: files that no longer count are gone with the transaction."""

    def close(self) -> None:
        self._lock.release()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with _translated(self._folder):
            self._load()
            yield
            self._manifest.write(self._folder)
            self._parts.discard_strays()

    def _load(self) -> None:
        manifest = Manifest.read(self._folder)
        foreign = [table for table in FIXED if manifest is None and (self._folder / table).exists()]
        if foreign:
            raise DestinationRefused(
                f"{self._folder} has a folder {foreign[0]!r} that `openprospect sync` did not make; it is left alone."
                " Choose another folder."
            )
        self._manifest = manifest or Manifest()
        self._parts = Parts(self._folder, self._manifest)
        if manifest is None:
            self._manifest.write(self._folder)  # Before any part, so that what a killed first run leaves is known to be ours.

    def _apply(self, batch: Batch) -> Applied:
        search = self._manifest.searches.setdefault(batch.search_id, Search(server=batch.source.server))
        companies = self._fitted(COMPANIES, company_frame(batch.search_id, batch.companies))
        prospects = self._fitted(PROSPECTS, prospect_frame(batch.search_id, batch.companies))
        ids = companies.columns["id"]
        parts, removed = self._without(batch.search_id, search.pending if batch.full else search.parts, ids, batch.removed)
        # A search always has a part, so that its tables can be read even when empty.
        if len(companies) or not parts:
            parts.append(self._parts.write(batch.search_id, companies, prospects))
        parts = self._compacted(batch.search_id, parts)
        if batch.full:
            removed = self._missing(batch.search_id, search.parts, parts) if batch.last else 0
        self._advance(search, batch, parts)
        return Applied(companies=len(companies), prospects=len(prospects), removed=removed)

    def _fitted(self, table: str, frame: Frame) -> Frame:
        fitting = fit(
            frame.attributes,
            self._manifest.known(table),
            taken=lambda: FIXED[table],
            are_stored_exact=lambda column: self._are_stored_exact(table, column),
        )
        self._manifest.learn(table, fitting.columns)
        if fitting.widened:
            for search_id, search in self._manifest.searches.items():
                search.parts = [self._parts.rewrite(search_id, [part]) for part in search.parts]
                search.pending = [self._parts.rewrite(search_id, [part]) for part in search.pending]
        return frame.fitted(fitting)

    def _are_stored_exact(self, table: str, column: Column) -> bool:
        return all(
            is_exact_as_double(self._parts.values(table, search_id, part, column))
            for search_id, search in self._manifest.searches.items()
            for part in (*search.parts, *search.pending)
        )

    def _without(self, search_id: str, parts: list[Part], ids: list[str], removed: list[str]) -> tuple[list[Part], int]:
        """The parts without these companies, and how many of the removed ones were there. Parts without any of them stay."""
        gone, leaving = pa.array(removed, pa.string()), pa.array(ids + removed, pa.string())
        kept, count = [], 0
        for part in parts:
            present = self._parts.ids(search_id, part)
            count += _matches(present, gone)
            left = part.companies - _matches(present, leaving)
            if left == part.companies:
                kept.append(part)
            elif left:
                kept.append(self._parts.rewrite(search_id, [part], without=leaving))
        return kept, count

    def _compacted(self, search_id: str, parts: list[Part]) -> list[Part]:
        """Small parts become one when there are many, so that the number of files stays small."""
        small = [part for part in parts if part.companies < _LARGE_COMPANIES]
        if len(small) < _MOST_SMALL_PARTS:
            return parts
        return [part for part in parts if part not in small] + [self._parts.rewrite(search_id, small)]

    def _missing(self, search_id: str, before: list[Part], after: list[Part]) -> int:
        """How many companies of the parts before are in none of those after."""
        missing = 0
        for part in before:
            left: Any = self._parts.ids(search_id, part)
            for other in after:
                left = left.filter(pc.invert(pc.is_in(left, value_set=self._parts.ids(search_id, other))))
            missing += len(left)
        return missing

    def _advance(self, search: Search, batch: Batch, parts: list[Part]) -> None:
        search.server, search.instance = batch.source.server, batch.source.instance
        if batch.full and not batch.last:
            search.pending, search.full_until = parts, batch.until or search.full_until
            return
        search.parts, search.pending = parts, []
        search.full_run, search.full_until = False, None
        search.delivered_until = batch.until or search.delivered_until
        search.synced_at = now_text() if batch.last else search.synced_at


def _matches(ids: "pa.ChunkedArray[Any]", among: "pa.Array[Any]") -> int:
    return len(ids.filter(pc.is_in(ids, value_set=among)))


@contextmanager
def _translated(folder: Path) -> Iterator[None]:
    try:
        yield
    except (FileNotFoundError, pa.ArrowException) as error:
        raise DestinationRefused(
            f"{folder}: a file that the manifest names is gone or broken. To load everything anew, remove the folder. ({error})"
        ) from error
    except OSError as error:
        raise TryLater(f"{folder}: {error}.") from error
