"""Database URLs: several hosts in one, and what is none."""

import pytest

from openprospect.server.core.errors import Misconfigured
from openprospect.server.db.connecting import check_url, each_host


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


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me@a:5432,b:5433/db",
        "postgres:///db?host=%2Ftmp",
        "postgresql://[::1]:1,b/db",
        "postgresql://a/db?user=me&password=p@ss",
        "postgresql://me:p%40%2F%3F%23@a/db",
    ],
)
def test_a_url_that_the_driver_takes_is_taken(url):
    check_url(url, name="URL")


@pytest.mark.parametrize(
    "url", ["http://a/db", "a", "", "postgresql://me:geheim#1@a/db", "postgresql://a:1,b:x/db", "postgresql://[::1/db"]
)
def test_what_is_no_url_is_told_by_its_setting_and_not_quoted(url):
    with pytest.raises(Misconfigured, match="THE_SETTING") as refused:
        check_url(url, name="THE_SETTING")
    assert "geheim" not in refused.value.message


@pytest.mark.parametrize("password", ["1/geheim", "1?geheim", "1#geheim", "1@geheim", "geheim@", "geheim/@"])
def test_a_password_that_ends_the_url_early_is_told_with_how_to_write_it(password):
    with pytest.raises(Misconfigured, match="%2F, %3F, %23, %5B and %40") as refused:
        check_url(f"postgresql://me:{password}@host/db", name="URL")
    assert "geheim" not in refused.value.message
