"""A disk that is full: an error that a later run may mend, nothing half done, and everything in place once there is room."""

import resource
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from openprospect.sync.batch import Batch, Source
from openprospect.sync.destinations.opening import open_destination
from openprospect.sync.errors import TryLater
from openprospect.sync.wire import Company, Prospect
from tests.sync.contract import SEARCH, Copy
from tests.sync.test_duckdb import DuckdbCopy
from tests.sync.test_parquet import ParquetCopy
from tests.sync.test_sqlite import SqliteCopy

SOURCE = Source(server="http://feed.example")


@pytest.fixture(params=[DuckdbCopy, ParquetCopy, SqliteCopy])
def copy(request: pytest.FixtureRequest, tmp_path: Path) -> Copy:
    copy: Copy = request.param(tmp_path / "copy")
    return copy


@contextmanager
def no_room() -> Iterator[None]:
    """No file of this process may grow, or be written to, any more."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def batch(*numbers: int, full: bool = False) -> Batch:
    companies = [
        Company(id=str(n), name=f"Hotel {n}", prospects=[Prospect(id=f"{n}-0", email=f"maria@hotel-{n}.example")], attributes={"stars": n})
        for n in numbers
    ]
    until = f"2026-02-25T12:00:00.{max(numbers):06}Z"
    return Batch(search_id=SEARCH, source=SOURCE, companies=companies, until=until, full=full, last=True)


def test_a_destination_on_a_full_disk_may_open_later(copy: Copy) -> None:
    with no_room(), pytest.raises(TryLater):
        open_destination(copy.url)
    open_destination(copy.url).close()


def test_a_batch_that_finds_no_room_leaves_what_was_there_and_may_come_again(copy: Copy) -> None:
    with closing(open_destination(copy.url)) as destination:
        destination.apply(batch(1))
        before = destination.checkpoint(SEARCH)
        with no_room():
            with pytest.raises(TryLater, match=r"File too large|disk I/O error"):
                destination.apply(batch(1, 2))
            assert destination.checkpoint(SEARCH) == before

        destination.apply(batch(2, 3))

    assert sorted(row["id"] for row in copy.rows("companies")) == ["1", "2", "3"]


def test_a_full_run_that_finds_no_room_to_begin_may_begin_later(copy: Copy) -> None:
    with closing(open_destination(copy.url)) as destination:
        destination.apply(batch(1, 2))
        with no_room(), pytest.raises(TryLater):
            destination.begin_full(SEARCH, SOURCE)

        destination.begin_full(SEARCH, SOURCE)
        assert destination.apply(batch(1, full=True)).removed == 1
