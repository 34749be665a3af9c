"""What should be gone: withdrawals and erasures, sentence by sentence, over HTTP and down to the tables."""

from uuid import UUID, uuid4

import pytest

from openprospect.server.access.keys import organization_named
from openprospect.server.access.model import DEFAULT_ORGANIZATION
from openprospect.server.privacy.suppress import export
from tests.integration.conftest import open_search, pull
from tests.integration.people import BO, HOTEL, MARIA, TRACES, dump, erase, first_names, hotel, post

# Withdrawal.


async def test_a_withdrawn_company_comes_once_more_empty_and_only_to_those_who_poll(client, search_id, deliver):
    result = await deliver(HOTEL, "Café")
    company_id = result["items"][0]["id"]
    assert (await client.delete(f"/deliveries/{search_id}/companies/{company_id}", params={"reason": "closed"})).status_code == 204
    assert [item["name"] for item in (await pull(client, search_id))["items"]] == ["Café"]
    page = await pull(client, search_id, delivered_since=result["delivered_until"])
    (removal,) = page["items"]
    assert page["total"] == 1
    assert removal == {
        "id": company_id,
        "name": "Grand Hotel",
        "website_url": None,
        "source_id": "c1",
        "prospects": [],
        "delivered_at": removal["delivered_at"],
        "removed_at": removal["delivered_at"],
        "removal_reason": "closed",
    }
    assert removal["delivered_at"] > result["delivered_until"]


async def test_a_company_that_is_gone_already_cannot_be_withdrawn_again(client, search_id, deliver):
    company_id = (await deliver(HOTEL))["items"][0]["id"]
    path = f"/deliveries/{search_id}/companies/{company_id}"
    assert [(await client.delete(path)).status_code for _ in range(2)] == [204, 404]


async def test_a_withdrawn_company_that_is_delivered_again_is_the_same_one(client, search_id, deliver):
    first = await deliver(HOTEL)
    company_id = first["items"][0]["id"]
    before = (await pull(client, search_id))["items"][0]
    await client.delete(f"/deliveries/{search_id}/companies/{company_id}")
    second = await deliver(HOTEL)
    assert second["delivered"] == 1
    after = (await pull(client, search_id))["items"][0]
    assert after["delivered_at"] > before["delivered_at"]
    assert after | {"delivered_at": None} == before | {"delivered_at": None}


# Erasure.


@pytest.mark.parametrize(
    "spelling",
    [
        "m.quarzenthal@grandhotel.example",
        "M.QUARZENTHAL@GrandHotel.Example",
        "  m.quarzenthal@grandhotel.example ",
        "mailto:m.quarzenthal@grandhotel.example?subject=hello",
        "m.quarzenthal@grandhotel.example.",
    ],
)
async def test_a_person_is_erased_by_any_spelling_of_the_address(client, search_id, deliver, spelling):
    since = (await deliver(HOTEL))["delivered_until"]
    erasure = await erase(client, email=spelling)
    assert (erasure["companies"], erasure["prospects"]) == (1, 1)
    assert first_names(await pull(client, search_id)) == ["Bo"]
    again = await pull(client, search_id, delivered_since=since)
    assert first_names(again) == ["Bo"]
    assert "removed_at" not in again["items"][0]


async def test_a_unicode_domain_is_one_with_its_ascii_form(client, search_id, deliver):
    await deliver(hotel(MARIA | {"email": "m@bücher.example"}))
    assert (await erase(client, email="M@xn--bcher-kva.example"))["prospects"] == 1


async def test_an_address_with_a_tag_is_another_mailbox(client, search_id, deliver):
    await deliver(hotel(MARIA, BO | {"email": "m.quarzenthal+news@grandhotel.example"}))
    assert (await erase(client, email=MARIA["email"]))["prospects"] == 1
    assert first_names(await pull(client, search_id)) == ["Bo"]


async def test_a_person_is_erased_by_id(client, search_id, deliver):
    await deliver(HOTEL)
    person = (await pull(client, search_id))["items"][0]["prospects"][0]
    assert (await erase(client, prospect_id=person["id"]))["prospects"] == 1
    assert first_names(await pull(client, search_id)) == ["Bo"]


async def test_a_person_is_erased_from_every_search_of_the_organization_and_from_no_others(service, client, search_id, deliver):
    second = await open_search(client)
    stranger = await service.client(organization=await service.organization("stranger"))
    strange = await open_search(stranger)
    await deliver(HOTEL)
    await post(client, second, HOTEL, hotel(MARIA, source_id="c2"))
    await post(stranger, strange, HOTEL)
    erasure = await erase(client, email=MARIA["email"])
    assert (erasure["companies"], erasure["prospects"]) == (3, 3)
    assert first_names(await pull(client, search_id)) == first_names(await pull(client, second)) == ["Bo"]
    assert first_names(await pull(stranger, strange)) == ["Marijana", "Bo"]
    assert (await post(stranger, strange, hotel(MARIA)))["suppressed"] == 0


async def test_the_same_id_in_another_organization_is_somebody_else(service, client, search_id, deliver):
    stranger = await service.client(organization=await service.organization("stranger"))
    strange = await open_search(stranger)
    person_id = str(uuid4())
    await deliver(hotel(MARIA | {"id": person_id}))
    await post(stranger, strange, hotel(MARIA | {"id": person_id}))
    assert (await erase(client, prospect_id=person_id))["prospects"] == 1
    assert first_names(await pull(stranger, strange)) == ["Marijana"]


async def test_whoever_is_named_by_id_is_erased_wherever_their_mailbox_is_known(client, search_id, deliver):
    second = await open_search(client)
    await deliver(HOTEL)
    await post(client, second, HOTEL)
    person = (await pull(client, search_id))["items"][0]["prospects"][0]
    assert (await erase(client, prospect_id=person["id"]))["prospects"] == 2
    assert first_names(await pull(client, second)) == ["Bo"]


async def test_whoever_is_named_by_address_is_erased_where_only_their_id_is_known(client, search_id, deliver):
    second = await open_search(client)
    person_id = str(uuid4())
    await deliver(hotel(MARIA | {"id": person_id}))
    await post(client, second, hotel({"id": person_id, "first_name": "Marijana"}))
    assert (await erase(client, email=MARIA["email"]))["prospects"] == 2
    assert first_names(await pull(client, second)) == []


async def test_whoever_is_named_by_a_former_address_is_erased(client, dsn, search_id, deliver):
    await deliver(hotel(MARIA | {"id": str(uuid4())}))
    person_id = (await pull(client, search_id))["items"][0]["prospects"][0]["id"]
    await deliver(hotel(MARIA | {"id": person_id, "email": "another@grandhotel.example"}))
    assert (await erase(client, email=MARIA["email"]))["prospects"] == 1
    assert first_names(await pull(client, search_id)) == []
    assert (await post(client, search_id, hotel(MARIA | {"email": "another@grandhotel.example"})))["suppressed"] == 1
    text = await dump(dsn)
    assert [trace for trace in TRACES if trace in text] == []


async def test_companies_are_delivered_again_in_order_without_the_person(client, search_id, deliver):
    companies = [hotel(MARIA, source_id=f"c{number}") for number in range(5)]
    first = await deliver(*companies)
    await erase(client, email=MARIA["email"])
    page = await pull(client, search_id, delivered_since=first["delivered_until"])
    assert [item["source_id"] for item in page["items"]] == [f"c{number}" for number in range(5)]
    times = [item["delivered_at"] for item in page["items"]]
    assert times == sorted(set(times))
    assert first_names(page) == []


async def test_a_walk_keeps_its_slots_and_their_times_without_the_person(client, search_id, deliver):
    await deliver(*(hotel(MARIA, BO, source_id=f"c{number}") for number in range(4)))
    begun = await pull(client, search_id, limit=1)
    before = [(await pull(client, search_id, limit=1, offset=offset))["items"][0] for offset in range(1, 4)]
    await erase(client, email=MARIA["email"])
    after = [(await pull(client, search_id, limit=1, offset=offset))["items"][0] for offset in range(1, 4)]
    assert begun["total"] == 4
    assert [item["delivered_at"] for item in after] == [item["delivered_at"] for item in before]
    assert [[person["first_name"] for person in item["prospects"]] for item in after] == [["Bo"]] * 3


async def test_a_walk_shows_nobody_whom_a_later_delivery_has_replaced_before_the_erasure(client, search_id, deliver):
    await deliver(hotel(MARIA), hotel(MARIA, source_id="c2"))
    await pull(client, search_id, limit=1)
    await deliver(hotel(BO, source_id="c2"))
    await erase(client, email=MARIA["email"])
    page = await pull(client, search_id, limit=1, offset=1)
    assert [item["source_id"] for item in page["items"]] == ["c2"]
    assert first_names(page) == []


async def test_an_old_etag_does_not_hide_an_erasure(client, search_id, deliver):
    await deliver(hotel(MARIA), hotel(MARIA, source_id="c2"))
    path = f"/deliveries/{search_id}/companies"
    await client.get(path, params={"limit": 1})
    page = await client.get(path, params={"limit": 1, "offset": 1})
    await erase(client, email=MARIA["email"])
    again = await client.get(path, params={"limit": 1, "offset": 1}, headers={"If-None-Match": page.headers["ETag"]})
    assert again.status_code == 200
    assert first_names(again.json()) == []


async def test_attributes_that_repeat_address_or_telephone_go_too(client, search_id, deliver):
    await deliver(hotel(MARIA, BO | {"boss": "Marijana Quarzenthal"}, contact=MARIA["email"], desk="+493090182017", city="Berlin"))
    await erase(client, email=MARIA["email"])
    (company,) = (await pull(client, search_id))["items"]
    assert company["attributes"] == {"city": "Berlin"}
    assert "attributes" not in company["prospects"][0]


async def test_an_erasure_asked_for_again_is_the_same_one(client, search_id, deliver):
    await deliver(HOTEL)
    first = await erase(client, email=MARIA["email"])
    # HEAD is given nothing: whoever reads within a minute of an erasure may have been given the person.
    watermark = (await client.head(f"/deliveries/{search_id}/companies")).headers["Delivery-Watermark"]
    assert await erase(client, email=MARIA["email"].upper()) == first
    assert (await client.head(f"/deliveries/{search_id}/companies")).headers["Delivery-Watermark"] == watermark


async def test_somebody_unknown_is_kept_out_from_then_on(client, search_id, deliver):
    erasure = await erase(client, email=MARIA["email"])
    assert (erasure["companies"], erasure["prospects"], erasure["recipients"]) == (0, 0, [])
    result = await deliver(HOTEL)
    assert (result["delivered"], result["suppressed"], result["items"][0]["suppressed"]) == (1, 1, 1)
    assert first_names(await pull(client, search_id)) == ["Bo"]


@pytest.mark.parametrize(
    "body", [{}, {"email": "x@y.example", "prospect_id": str(UUID(int=1))}, {"email": "nobody"}, {"mail": "x@y.example"}]
)
async def test_an_erasure_names_one_person_in_one_way(client, body):
    assert (await client.post("/erasures", json=body)).status_code == 422


async def test_another_organizations_erasure_is_not_found(service, client, deliver):
    await deliver(HOTEL)
    erasure = await erase(client, email=MARIA["email"])
    stranger = await service.client(organization=await service.organization("stranger"))
    assert (await client.get(f"/erasures/{erasure['id']}")).json() == erasure
    assert (await stranger.get(f"/erasures/{erasure['id']}")).status_code == 404


# Nothing is left.


async def test_nothing_of_the_person_is_left_in_a_dump_or_behind_any_address(client, dsn, search_id, deliver, database):
    loud = hotel(MARIA | {"linkedin_url": "https://linkedin.com/in/quarzenthal"}, BO, contact=MARIA["email"], desk=MARIA["phone"])
    await client.post(f"/deliveries/{search_id}/companies", json={"companies": [loud]}, headers={"Idempotency-Key": "one"})
    await deliver(loud | {"name": "Grander Hotel"})
    gone = (await deliver(hotel(MARIA, source_id="c2"), hotel(MARIA, source_id="c3")))["items"][0]["id"]
    await client.delete(f"/deliveries/{search_id}/companies/{gone}", params={"reason": "asked by Marijana Quarzenthal"})
    await pull(client, search_id, limit=1)
    before = await dump(dsn)
    assert all(trace in before for trace in TRACES)
    erasure = await erase(client, email=MARIA["email"])
    await deliver(hotel(MARIA, BO))
    await client.post("/erasures", json={"email": f"{MARIA['email']}, x"})
    after = await dump(dsn)
    assert [trace for trace in TRACES if trace in after] == []
    company_id = (await pull(client, search_id))["items"][0]["id"]
    addresses = [
        f"/deliveries/{search_id}/companies",
        f"/deliveries/{search_id}/companies?limit=1&offset=1",
        f"/deliveries/{search_id}/companies?delivered_since=2020-01-01T00:00:00Z",
        f"/deliveries/{search_id}/companies?after=2020-01-01T00:00:00Z",
        f"/companies?prospect_search_id={search_id}",
        f"/companies/{company_id}",
        f"/prospects?prospect_search_id={search_id}",
        f"/erasures/{erasure['id']}",
        "/prospect-searches",
    ]
    for address in addresses:
        response = await client.get(address)
        assert response.status_code == 200, address
        assert [trace for trace in TRACES if trace in response.text.lower()] == [], address
    organization_id = (await organization_named(database, DEFAULT_ORGANIZATION)).id
    exported = "\n".join(await export(database, organization_id)).lower()
    assert [trace for trace in TRACES if trace in exported] == []


async def test_whoever_is_named_by_the_id_they_came_with_is_erased_where_a_namesake_was_before_them(client, search_id, deliver):
    before, after = (
        {"id": str(UUID(int=number)), "first_name": "Eva", "job_title": title} for number, title in ((1, "Cook"), (2, "Porter"))
    )
    await deliver(hotel(before, BO))
    await deliver(hotel(after, BO))
    assert (await erase(client, prospect_id=after["id"]))["prospects"] == 1
    assert first_names(await pull(client, search_id)) == ["Bo"]
