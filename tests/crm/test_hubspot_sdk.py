"""Whether our fake of HubSpot is one: HubSpot's own client works with it, and sees what a sync has done."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hubspot
import pytest
from hubspot.crm.associations.v4 import BatchInputPublicFetchAssociationsBatchRequest
from hubspot.crm.companies import ApiException, PublicObjectSearchRequest, SimplePublicObjectInputForCreate
from hubspot.crm.contacts import (
    BatchInputSimplePublicObjectBatchInputUpsert,
    BatchReadInputSimplePublicObjectId,
    PublicGdprDeleteInput,
)

from tests.crm.hubspot_fake import TOKEN, HubSpotFake
from tests.crm.runs import sync
from tests.crm.test_hubspot import HubSpotOffice
from tests.sync.contract import SEARCH
from tests.sync.feed_server import FeedServer, company


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[HubSpotFake]:
    monkeypatch.chdir(tmp_path)
    with HubSpotFake() as fake:
        monkeypatch.setenv("OPENPROSPECT_HUBSPOT_URL", fake.url)
        monkeypatch.setenv("OPENPROSPECT_HUBSPOT_TOKEN", TOKEN)
        yield fake


@pytest.fixture
def crm(fake: HubSpotFake) -> Any:
    """HubSpot's client, told to go to the fake instead of to HubSpot."""
    return hubspot.HubSpot(access_token=TOKEN, host=fake.url).crm


def test_the_vendor_s_client_reads_what_a_sync_wrote(fake: HubSpotFake, crm: Any, server: FeedServer) -> None:
    server.feed(SEARCH).deliver(*[company(n, people=2) for n in range(3)])
    sync(HubSpotOffice(fake), server)

    page = crm.contacts.basic_api.get_page(limit=100, properties=["email", "openprospect_id"])

    assert sorted(one.properties["email"] for one in page.results) == sorted(
        f"maria.{p}@hotel-{n}.example" for n in range(3) for p in (0, 1)
    )
    asked = BatchInputPublicFetchAssociationsBatchRequest(inputs=[{"id": one.id} for one in page.results])
    linked = crm.associations.v4.batch_api.get_page("contacts", "companies", asked)
    assert [len(one.to) for one in linked.results] == [1] * 6


def test_upserts_and_reads_by_a_unique_property_mean_the_same_to_both(fake: HubSpotFake, crm: Any) -> None:
    rows = [{"id": "p-1", "idProperty": "openprospect_id", "properties": {"email": "a@b.example"}}]
    api = crm.contacts.batch_api

    first = api.upsert(BatchInputSimplePublicObjectBatchInputUpsert(inputs=rows))
    second = api.upsert(BatchInputSimplePublicObjectBatchInputUpsert(inputs=rows))

    assert [(one.id, one.new) for one in [*first.results, *second.results]] == [(first.results[0].id, True), (first.results[0].id, False)]
    asked = BatchReadInputSimplePublicObjectId(
        inputs=[{"id": "A@b.example"}, {"id": "nobody@b.example"}],
        id_property="email",
        properties=["openprospect_id"],
        properties_with_history=[],
    )
    read = api.read(asked)
    assert [one.properties["openprospect_id"] for one in read.results] == ["p-1"]
    assert read.num_errors == 1


def test_a_refused_row_of_a_batch_is_named_by_its_trace_id(fake: HubSpotFake, crm: Any) -> None:
    rows = [
        {"id": f"p-{n}", "idProperty": "openprospect_id", "objectWriteTraceId": str(n), "properties": {"email": address}}
        for n, address in enumerate(["a@b.example", "nonsense"])
    ]

    answer = crm.contacts.batch_api.upsert(BatchInputSimplePublicObjectBatchInputUpsert(inputs=rows))

    assert (len(answer.results), answer.num_errors) == (1, 1)
    assert answer.errors[0].context["objectWriteTraceId"] == ["1"]


def test_search_is_behind_and_deletion_is_for_good(fake: HubSpotFake, crm: Any) -> None:
    made = crm.companies.basic_api.create(SimplePublicObjectInputForCreate(properties={"domain": "b.example"}, associations=[]))
    asked = PublicObjectSearchRequest(
        filter_groups=[{"filters": [{"propertyName": "domain", "operator": "IN", "values": ["b.example"]}]}],
        properties=["domain"],
        limit=10,
    )

    before = crm.companies.search_api.do_search(asked)
    fake.index()
    after = crm.companies.search_api.do_search(asked)

    assert (before.total, [one.id for one in after.results]) == (0, [made.id])
    person = fake.make("contacts", email="a@b.example")
    crm.contacts.basic_api.purge(PublicGdprDeleteInput(object_id=person))
    assert fake.tables["contacts"].objects == {}


def test_a_wrong_token_and_a_second_use_of_an_address_are_refused(fake: HubSpotFake, crm: Any) -> None:
    fake.make("contacts", email="a@b.example")
    rows = [{"id": "p-1", "idProperty": "openprospect_id", "properties": {"email": "a@b.example"}}]

    with pytest.raises(hubspot.crm.contacts.ApiException) as conflict:
        crm.contacts.batch_api.upsert(BatchInputSimplePublicObjectBatchInputUpsert(inputs=rows))
    stranger = hubspot.HubSpot(access_token="pat-wrong", host=fake.url).crm
    with pytest.raises(ApiException) as refused:
        stranger.companies.basic_api.get_page()

    assert (conflict.value.status, refused.value.status) == (409, 401)
