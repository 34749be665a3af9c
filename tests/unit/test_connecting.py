"""Database URLs that name several hosts."""

import pytest

from openprospect.server.db.connecting import each_host


@pytest.mark.parametrize(
    ("url", "apart"),
    [
        ("postgresql://me:p%2C@a:1,b/db?x=1", ["postgresql://me:p%2C@a:1/db?x=1", "postgresql://me:p%2C@b/db?x=1"]),
        ("postgresql://[::1]:1,b/db", ["postgresql://[::1]:1/db", "postgresql://b/db"]),
        ("postgresql://me@/db?host=%2Ftmp&port=5432", ["postgresql://me@/db?host=%2Ftmp&port=5432"]),
        ("postgresql:///db", ["postgresql:///db"]),
    ],
)
def test_a_url_of_several_hosts_is_as_many_urls(url, apart):
    assert each_host(url) == apart
