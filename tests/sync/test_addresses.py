"""What is said of an address that does not work."""

import socket
import struct
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import metadata

import pytest

from openprospect.sync.client import Client
from openprospect.sync.destinations.opening import held_in, open_destination
from openprospect.sync.errors import DestinationRefused, FixNeeded, SyncError

_WITHOUT = """
import sys
sys.modules.update(dict.fromkeys(("dlt", "duckdb", "psycopg")))
from openprospect.sync.destinations.opening import open_destination
from openprospect.sync.errors import DestinationRefused
try:
    open_destination(sys.argv[1])
except DestinationRefused as error:
    print(error)
"""


@pytest.mark.parametrize(
    "url",
    [
        "hubspot://somebody:Geheim7@app.hubspot.com",
        "salesforce://somebody:Geheim7@login.salesforce.com/log.db",
        "tryton://somebody:Geheim7@tryton.example",
        "dlt:snowflake://somebody:Geheim7@account/crm",
        "duckdb://somebody:Geheim7@feed.duckdb",
        "sqlite://somebody:Geheim7@feed.db",
        "parquet://somebody:Geheim7@bucket/folder",
        "postgresql://somebody:Geheim7@127.0.0.1:1/crm",
        "postgresql://somebody:with/a/slash-and-Geheim7@127.0.0.1:1/crm",
        "postgresql://somebody:with[and-Geheim7@127.0.0.1:1/crm",
        "postgresql://somebody:with℀and-Geheim7@127.0.0.1:1/crm",
        "postgresql://somebody:with%zz-and-Geheim7@127.0.0.1:1/crm",
        "postgresql://somebody:with@and-Geheim7@127.0.0.1:1/crm",
        "mysql://somebody:Geheim7@127.0.0.1/crm",
    ],
)
@pytest.mark.parametrize("reach", [open_destination, held_in])
def test_a_password_in_an_address_is_not_repeated(url, reach, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SyncError) as caught:
        reach(url)
    assert "Geheim7" not in str(caught.value)


@pytest.mark.parametrize("reach", [open_destination, held_in])
@pytest.mark.parametrize("url", ["sqlite:///crm#eu.db", "duckdb:///x.duckdb?schema=crm", "parquet:///x?", "hubspot:///log#2.db"])
def test_what_follows_the_path_of_a_file_is_refused_and_not_left_out(url, reach, tmp_path, monkeypatch):
    monkeypatch.setenv("OPENPROSPECT_HUBSPOT_TOKEN", "token")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DestinationRefused, match="as %3F, and # as %23"):
        reach(url)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("reach", [open_destination, held_in])
def test_a_password_that_cuts_an_address_short_is_told_how_to_be_written(reach):
    with pytest.raises(DestinationRefused, match="%2F"):
        reach("postgresql://somebody:with/a/slash@127.0.0.1:1/crm")


@pytest.mark.parametrize("reach", [open_destination, held_in])
@pytest.mark.parametrize("scheme", ["postgresql://somebody:a[b@", "postgresql://[", "duckdb://[", "sqlite://[", "parquet://[", "dlt://["])
def test_brackets_that_make_an_address_unreadable_are_told_how_to_be_written(scheme, reach):
    with pytest.raises(DestinationRefused, match=r"cannot be read: .* \[ as %5B"):
        reach(f"{scheme}127.0.0.1:1/crm")


@pytest.mark.parametrize("port", ["abc", "99999"])
def test_a_port_that_is_none_is_nothing_that_waiting_mends(port):
    with pytest.raises(DestinationRefused, match=port):
        open_destination(f"postgresql://somebody@127.0.0.1:{port}/crm")


@pytest.mark.parametrize("url", ["http://[", "http://127.0.0.1:port", "http://127.0.0.1:99999", "http://a b", "ftp://127.0.0.1"])
def test_the_address_of_a_service_that_is_none_is_refused_at_once(url):
    with pytest.raises(FixNeeded, match=r"base URL must look like https://api\.example\.com"):
        Client(url, "opk_test_any")


@pytest.mark.parametrize(
    ("url", "package"),
    [
        ("postgres://127.0.0.1/crm", "openprospect[postgresql]"),
        ("postgresql://127.0.0.1/crm", "openprospect[postgresql]"),
        ("dlt:snowflake", "openprospect[dlt]"),
        ("duckdb:///feed.duckdb", "openprospect"),
    ],
)
def test_a_destination_whose_driver_is_missing_says_what_to_install(url, package, tmp_path):
    ended = subprocess.run([sys.executable, "-c", _WITHOUT, url], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert f"pip install '{package}'" in ended.stdout
    extra = package.partition("[")[2].rstrip("]")
    assert not extra or extra in (metadata("openprospect").get_all("Provides-Extra") or [])


@pytest.fixture
def asked_password():
    """The port of something that asks whoever connects for the password as PostgreSQL does, and what it was told."""
    with socket.create_server(("127.0.0.1", 0)) as listener, ThreadPoolExecutor(max_workers=1) as thread:
        listener.settimeout(5)

        def told() -> str:
            connection, _ = listener.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(b"R" + struct.pack("!ii", 8, 3))
                return connection.recv(4096)[5:-1].decode()

        yield listener.getsockname()[1], thread.submit(told)


@pytest.mark.parametrize(
    ("written", "meant"), [("p%40ss%25%5B", "p@ss%["), ("p@ss", "p@ss"), ("a:b", "a:b"), ("100%zz", "100%zz"), ("ü", "ü")]
)
def test_a_password_reaches_the_server_as_it_is_meant(asked_password, written, meant):
    port, told = asked_password
    with pytest.raises(SyncError):
        open_destination(f"postgresql://somebody:{written}@127.0.0.1:{port}/crm?sslmode=disable&gssencmode=disable")
    assert told.result() == meant
