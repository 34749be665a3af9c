"""Destinations that an earlier version wrote: of a full run under way they keep what it has seen, not what it has not."""

import signal
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from openprospect.sync.destinations.opening import open_destination
from tests.sync.contract import SEARCH, Copy, assert_same, forget, program, sync
from tests.sync.feed_server import FeedServer, company
from tests.sync.test_duckdb import DuckdbCopy
from tests.sync.test_postgresql import PostgresCopy
from tests.sync.test_sqlite import SqliteCopy

_STALE = "SELECT id FROM openprospect_sync_stale"
_FORMER = (
    "CREATE TABLE openprospect_sync_seen (prospect_search_id TEXT NOT NULL, id TEXT NOT NULL)",
    f"INSERT INTO openprospect_sync_seen SELECT prospect_search_id, id FROM companies WHERE id NOT IN ({_STALE})",
    "DROP TABLE openprospect_sync_stale",
)


@pytest.fixture(params=["duckdb", "postgresql", "sqlite"])
def copy(request: pytest.FixtureRequest, tmp_path: Path) -> Copy:
    if request.param == "postgresql":
        return PostgresCopy(request.getfixturevalue("postgres"))
    return DuckdbCopy(tmp_path / "feed.duckdb") if request.param == "duckdb" else SqliteCopy(tmp_path / "feed.db")


@pytest.fixture
def server() -> Iterator[FeedServer]:
    with FeedServer() as server:
        yield server


def test_a_full_run_that_an_earlier_version_had_begun_is_gone_on_with(copy: Copy, server: FeedServer) -> None:
    feed = server.feed(SEARCH)
    feed.deliver(*[company(n) for n in range(350)])
    sync(copy, server)
    forget(feed, 3, 310)
    interrupted = subprocess.run(program(copy, server, batch_companies=100, kill_after_batches=1, full=True), check=False)
    assert interrupted.returncode == -signal.SIGKILL
    with closing(open_destination(copy.url)) as destination:
        database = destination._database  # type: ignore[attr-defined]
        with database.transaction():
            for statement in _FORMER:
                database.execute(statement)

    summary = sync(copy, server)

    assert (summary.error, summary.companies < 350, summary.removed) == (None, True, 2)
    assert_same(copy, feed)
