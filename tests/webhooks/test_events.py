"""What endpoints are told: of which changes, in which order, in which shape."""

from tests.integration.conftest import open_search
from tests.webhooks.conftest import create, deliver, until

MARIA = {"first_name": "Maria", "email": "maria@hotel.example"}


def companies_of(events):
    return [event["data"]["company_id"] for event in events]


async def test_each_company_delivered_after_the_endpoint_was_made_is_one_event_in_order(client, search_id, receiver):
    await deliver(client, search_id, "before")
    await create(client, receiver.url(), prospect_search_id=search_id)
    ids = await deliver(client, search_id, *(f"company {number}" for number in range(20)))
    await until(receiver, lambda receiver: len(receiver.requests) >= 20)
    assert companies_of(receiver.events()) == ids
    event = receiver.events()[0]
    assert list(event) == ["type", "timestamp", "data"]
    assert event["type"] == "company.delivered"
    assert event["data"] == {
        "prospect_search_id": search_id,
        "company_id": ids[0],
        "delivered_at": event["timestamp"],
        "url": f"http://service.test/api/v1/companies/{ids[0]}?prospect_search_id={search_id}",
    }


async def test_the_link_of_an_event_leads_to_the_company(client, search_id, receiver):
    await create(client, receiver.url(), prospect_search_id=search_id)
    await deliver(client, search_id, "hotel")
    await until(receiver, lambda receiver: receiver.requests)
    answer = await client.get(receiver.events()[0]["data"]["url"])
    assert answer.json()["name"] == "hotel"


async def test_a_full_event_carries_the_company_as_the_feed_shows_it(client, search_id, receiver):
    await create(client, receiver.url(), prospect_search_id=search_id, full=True)
    await deliver(client, search_id, {"name": "Hotel", "source_id": "1", "city": "Berlin", "prospects": [MARIA]})
    await until(receiver, lambda receiver: receiver.requests)
    page = (await client.get(f"/deliveries/{search_id}/companies")).json()
    assert receiver.events()[0]["data"]["company"] == page["items"][0]


async def test_a_withdrawal_is_an_event_of_its_own(client, search_id, receiver):
    await create(client, receiver.url(), prospect_search_id=search_id, full=True)
    [company] = await deliver(client, search_id, "hotel")
    await until(receiver, lambda receiver: receiver.requests)
    await client.delete(f"/deliveries/{search_id}/companies/{company}")
    await until(receiver, lambda receiver: len(receiver.requests) == 2)
    event = receiver.events()[1]
    assert event["type"] == "company.withdrawn"
    assert event["data"]["company"]["removed_at"] == event["data"]["delivered_at"]


async def test_an_erasure_is_told_by_ids_alone_and_the_company_comes_again(client, search_id, receiver):
    await create(client, receiver.url(), prospect_search_id=search_id)
    [company] = await deliver(client, search_id, {"name": "Hotel", "source_id": "1", "prospects": [MARIA]})
    await until(receiver, lambda receiver: receiver.requests)
    person = (await client.get("/prospects")).json()["items"][0]["id"]
    await client.post("/erasures", json={"email": MARIA["email"]})
    await until(receiver, lambda receiver: len(receiver.requests) == 3)
    erased, again = receiver.events()[1:]
    assert (erased["type"], again["type"]) == ("prospect.erased", "company.delivered")
    assert erased["data"]["prospect_ids"] == [person]
    assert erased["data"]["company_id"] == again["data"]["company_id"] == company


async def test_the_news_of_an_erasure_survives_a_newer_delivery_of_the_company(client, search_id, receiver):
    made = await create(client, receiver.url(), prospect_search_id=search_id)
    await deliver(client, search_id, {"name": "Hotel", "source_id": "1", "prospects": [MARIA]})
    await until(receiver, lambda receiver: receiver.requests)
    await client.post(f"/webhooks/{made['id']}/disable")
    await client.post("/erasures", json={"email": MARIA["email"]})
    await deliver(client, search_id, {"name": "Grand Hotel", "source_id": "1"})
    await client.post(f"/webhooks/{made['id']}/enable")
    await until(receiver, lambda receiver: len(receiver.requests) == 3)
    assert [event["type"] for event in receiver.events()[1:]] == ["prospect.erased", "company.delivered"]


async def test_only_the_events_asked_for_are_told(client, search_id, receiver):
    await create(client, receiver.url(), prospect_search_id=search_id, events=["company.withdrawn"])
    ids = await deliver(client, search_id, *(f"company {number}" for number in range(3)))
    await client.delete(f"/deliveries/{search_id}/companies/{ids[1]}")
    await until(receiver, lambda receiver: receiver.requests)
    assert [(event["type"], event["data"]["company_id"]) for event in receiver.events()] == [("company.withdrawn", ids[1])]


async def test_a_completed_delivery_is_told_once_for_many_companies(client, search_id, receiver):
    await create(client, receiver.url(), prospect_search_id=search_id, events=["delivery.completed"])
    for number in range(5):
        await deliver(client, search_id, f"company {number}")
    page = await client.get(f"/deliveries/{search_id}/companies")
    await until(receiver, lambda receiver: receiver.requests)
    [event] = receiver.events()
    assert event["data"] == {
        "prospect_search_id": search_id,
        "delivered_until": page.headers["Delivery-Watermark"],
        "url": f"http://service.test/api/v1/deliveries/{search_id}/companies",
    }


async def test_an_endpoint_without_a_search_follows_them_all_new_ones_included(service, client, search_id, receiver):
    other = await service.client("stranger", organization=await service.organization("another"))
    strange = await open_search(other)
    await create(client, receiver.url())
    new = await open_search(client, "new")
    await deliver(other, strange, "not ours")
    expected = {*await deliver(client, search_id, "one"), *await deliver(client, new, "two")}
    await until(receiver, lambda receiver: len(receiver.requests) >= 2)
    assert set(companies_of(receiver.events())) == expected


async def test_the_older_way_to_name_a_destination_makes_the_same_endpoint(client, search_id, receiver):
    response = await client.post(f"/deliveries/{search_id}/destinations", json={"url": receiver.url()})
    assert response.status_code == 201
    assert response.json()["prospect_search_id"] == search_id
    [company] = await deliver(client, search_id, "hotel")
    await until(receiver, lambda receiver: receiver.requests)
    assert companies_of(receiver.events()) == [company]
