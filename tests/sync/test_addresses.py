"""What is said of an address that does not work."""

import pytest

from openprospect.sync.destinations.opening import held_in, open_destination
from openprospect.sync.errors import DestinationRefused, SyncError


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
def test_a_password_that_cuts_an_address_short_is_told_how_to_be_written(reach):
    with pytest.raises(DestinationRefused, match="%2F"):
        reach("postgresql://somebody:with/a/slash@127.0.0.1:1/crm")
