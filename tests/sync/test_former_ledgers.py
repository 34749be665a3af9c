"""Destinations that an earlier version wrote: of a full run under way they keep what it has seen, not what it has not."""

import signal
import subprocess
from contextlib import closing

from openprospect.sync.destinations.opening import open_destination
from tests.sync.conftest import SqlCopy
from tests.sync.contract import SEARCH, assert_same, forget, program, sync
from tests.sync.feed_server import FeedServer, company

_STALE = "SELECT id FROM openprospect_sync_stale"
_FORMER = (
    "CREATE TABLE openprospect_sync_seen (prospect_search_id TEXT NOT NULL, id TEXT NOT NULL)",
    f"INSERT INTO openprospect_sync_seen SELECT prospect_search_id, id FROM companies WHERE id NOT IN ({_STALE})",
    "DROP TABLE openprospect_sync_stale",
)


def test_a_full_run_that_an_earlier_version_had_begun_is_gone_on_with(sql_copy: SqlCopy, server: FeedServer) -> None:
    feed = server.feed(SEARCH)
    feed.deliver(*[company(n) for n in range(350)])
    sync(sql_copy, server)
    forget(feed, 3, 310)
    interrupted = subprocess.run(program(sql_copy, server, batch_companies=100, kill_after_batches=1, full=True), check=False)
    assert interrupted.returncode == -signal.SIGKILL
    with closing(open_destination(sql_copy.url)) as destination:
        database = destination._database  # type: ignore[attr-defined]
        with database.transaction():
            for statement in _FORMER:
                database.execute(statement)

    summary = sync(sql_copy, server)

    assert (summary.error, summary.companies < 350, summary.removed) == (None, True, 2)
    assert_same(sql_copy, feed)
