"""Whether our fake of Salesforce is one: an independent client works with it, and sees what a sync has done."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from requests.adapters import HTTPAdapter
from simple_salesforce.api import Salesforce
from simple_salesforce.exceptions import SalesforceExpiredSession, SalesforceMalformedRequest

from tests.crm.runs import sync
from tests.crm.salesforce_fake import CLIENT_ID, CLIENT_SECRET, TOKEN, SalesforceFake
from tests.crm.test_salesforce import SalesforceOffice
from tests.sync.contract import SEARCH
from tests.sync.feed_server import FeedServer, company


class Plain(HTTPAdapter):
    """The client knows only https; the fake is on this machine, without a certificate."""

    def send(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        request.url = request.url.replace("https://", "http://", 1)
        return super().send(request, *args, **kwargs)


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[SalesforceFake]:
    monkeypatch.chdir(tmp_path)
    with SalesforceFake() as fake:
        monkeypatch.setenv("OPENPROSPECT_SALESFORCE_URL", fake.url)
        yield fake


def client(fake: SalesforceFake, token: str = TOKEN) -> Any:
    session = requests.Session()
    session.mount("https://", Plain())
    return Salesforce(instance_url=fake.url.replace("http://", "https://"), session_id=token, session=session, version="62.0")


def test_an_independent_client_reads_what_a_sync_wrote(fake: SalesforceFake, server: FeedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENPROSPECT_SALESFORCE_CLIENT_ID", CLIENT_ID)
    monkeypatch.setenv("OPENPROSPECT_SALESFORCE_CLIENT_SECRET", CLIENT_SECRET)
    server.feed(SEARCH).deliver(*[company(n, people=2) for n in range(3)])
    sync(SalesforceOffice(fake), server)
    fake.page_records = 4

    found = client(fake).query_all(
        "SELECT Email, AccountId FROM Contact WHERE Email IN ('maria.0@hotel-1.example', 'maria.1@hotel-1.example')"
    )
    everybody = client(fake).query_all("SELECT Id FROM Contact")

    assert len({one["AccountId"] for one in found["records"]}) == 1
    assert (found["totalSize"], len(everybody["records"])) == (2, 6)


def test_collections_answer_row_by_row_in_order(fake: SalesforceFake) -> None:
    rows = [
        {"attributes": {"type": "Contact"}, "LastName": name, "Email": address, "OpenProspect_Id__c": f"p-{place}"}
        for place, (name, address) in enumerate([("Schmidt", "a@b.example"), ("", "b@b.example"), ("Meier", "nonsense")])
    ]
    path = "composite/sobjects/Contact/OpenProspect_Id__c"

    first = client(fake).restful(path, method="PATCH", json={"allOrNone": False, "records": rows})
    second = client(fake).restful(path, method="PATCH", json={"allOrNone": False, "records": rows[:1]})

    assert [one["success"] for one in first] == [True, False, False]
    assert [one["errors"][0]["statusCode"] for one in first[1:]] == ["REQUIRED_FIELD_MISSING", "INVALID_EMAIL_ADDRESS"]
    assert (second[0]["id"], second[0]["created"]) == (first[0]["id"], False)


def test_a_deleted_record_is_out_of_sight_and_in_the_recycle_bin(fake: SalesforceFake) -> None:
    key = fake.make("Account", Name="Ours")

    [answer] = client(fake).restful("composite/sobjects", params={"ids": key}, method="DELETE")

    assert answer["success"]
    assert client(fake).query("SELECT Id FROM Account")["totalSize"] == 0
    assert key in fake.recycle_bin


def test_what_is_wrong_is_told_as_the_vendor_tells_it(fake: SalesforceFake) -> None:
    with pytest.raises(SalesforceMalformedRequest, match="No such column"):
        client(fake).query("SELECT Nonsense FROM Account")
    with pytest.raises(SalesforceExpiredSession):
        client(fake, token="wrong").query("SELECT Id FROM Account")
    fields = {field["name"]: field for field in client(fake).Contact.describe()["fields"]}
    assert (fields["OpenProspect_Id__c"]["externalId"], fields["Email"]["unique"]) == (True, False)
