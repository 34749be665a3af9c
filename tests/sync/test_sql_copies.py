"""SQL databases whose owner changes the tables of the sync: what it mends, what it says, and what it never says."""

from pathlib import Path

from tests.sync.conftest import SqlCopy
from tests.sync.contract import OTHER_SEARCH, SEARCH, assert_same, sync
from tests.sync.feed_server import FeedServer, company, person
from tests.sync.test_duckdb import DuckdbCopy


def test_a_full_run_removes_people_whose_company_is_missing(sql_copy: SqlCopy, server: FeedServer) -> None:
    feed = server.feed(SEARCH)
    feed.deliver(company(1), company(2))
    sync(sql_copy, server)
    sql_copy.run("DELETE FROM companies")
    feed.withdraw(company(1)["id"])

    assert sync(sql_copy, server, full=True).error is None

    assert_same(sql_copy, feed)
    assert feed.confirmed[-1] == feed.watermark


def test_no_bytes_of_such_people_stay_in_the_file(tmp_path: Path, server: FeedServer) -> None:
    copy, feed = DuckdbCopy(tmp_path / "feed.duckdb"), server.feed(SEARCH)
    server.feed(OTHER_SEARCH).deliver(*[company(n) for n in range(50)])
    sync(copy, server, search_id=OTHER_SEARCH)
    feed.deliver(company(1, prospects=[person(1, 0, email="gone@secret.example")]))
    sync(copy, server)
    copy.run("DELETE FROM companies")
    feed.withdraw(company(1)["id"])

    sync(copy, server, full=True)

    assert b"gone@secret.example" not in (tmp_path / "feed.duckdb").read_bytes()
