"""What is live just now, company by company and person by person."""

from typing import Any

import httpx
import pytest

from tests.integration.conftest import open_search

UNKNOWN_ID = "a1b2c3d4-e5f6-7890-abcd-ef1234567890"


def hotel(number: int, *people: str, **more: Any) -> dict[str, Any]:
    prospects = [{"first_name": name, "email": f"{name.lower()}@hotel{number}.example"} for name in people]
    return {"name": f"Hotel {number}", "source_id": f"crm-{number}", "prospects": prospects, **more}


async def listed(client: httpx.AsyncClient, path: str, **parameters: Any) -> dict[str, Any]:
    answer = await client.get(path, params=parameters)
    assert answer.status_code == 200, answer.text
    page: dict[str, Any] = answer.json()
    return page


async def walked(client: httpx.AsyncClient, path: str, **parameters: Any) -> list[dict[str, Any]]:
    """All items, page by page, as a client of the documentation would."""
    items: list[dict[str, Any]] = []
    while True:
        page = await listed(client, path, offset=len(items), **parameters)
        items += page["items"]
        if not page["has_more"]:
            assert len(items) == page["total"]
            return items


async def withdraw(client: httpx.AsyncClient, search_id: str, company_id: str) -> None:
    assert (await client.delete(f"/deliveries/{search_id}/companies/{company_id}")).status_code == 204


async def test_a_company_comes_without_its_people_and_with_its_search(client, search_id, deliver):
    result = await deliver(hotel(1, "Maria", website_url="https://hotel.example", city="Berlin"))
    (company,) = (await listed(client, "/companies"))["items"]
    assert company == {
        "id": result["items"][0]["id"],
        "prospect_search_id": search_id,
        "name": "Hotel 1",
        "website_url": "https://hotel.example",
        "source_id": "crm-1",
        "delivered_at": result["delivered_until"],
        "attributes": {"city": "Berlin"},
    }
    assert (await client.get(f"/companies/{company['id']}")).json() == company


async def test_a_person_comes_with_their_company_and_search(client, search_id, deliver):
    person = {"first_name": "Maria", "last_name": "Schmidt", "email": "m@hotel.example", "job_title": "Manager", "phone": "1"}
    result = await deliver({"name": "Hotel", "prospects": [person]})
    (found,) = (await listed(client, "/prospects"))["items"]
    assert found == {
        "id": found["id"],
        "prospect_search_id": search_id,
        "company_id": result["items"][0]["id"],
        "first_name": "Maria",
        "last_name": "Schmidt",
        "email": "m@hotel.example",
        "job_title": "Manager",
        "delivered_at": result["delivered_until"],
        "attributes": {"phone": "1"},
    }
    assert (await client.get(f"/prospects/{found['id']}")).json() == found


async def test_fields_without_a_value_are_null_and_attributes_are_left_out(client, deliver):
    await deliver({"name": "Hotel", "prospects": [{"email": "m@hotel.example"}]})
    company = (await listed(client, "/companies"))["items"][0]
    person = (await listed(client, "/prospects"))["items"][0]
    assert (company["website_url"], company["source_id"]) == (None, None)
    assert (person["first_name"], person["last_name"], person["job_title"]) == (None, None, None)
    assert "attributes" not in company | person


async def test_an_empty_list_is_a_page_too(client):
    for path in ("/companies", "/prospects", "/prospect-searches"):
        assert await listed(client, path) == {"items": [], "total": 0, "limit": 50, "offset": 0, "has_more": False}


@pytest.mark.parametrize("limit", [1, 3, 7, 100])
async def test_pages_add_up_to_everything_in_the_order_of_delivery(client, deliver, limit):
    names = ["Ada", "Ben", "Cleo"]
    await deliver(*(hotel(number, *names[: number % 4]) for number in range(7)))
    companies = await walked(client, "/companies", limit=limit)
    people = await walked(client, "/prospects", limit=limit)
    assert [company["name"] for company in companies] == [f"Hotel {number}" for number in range(7)]
    assert [person["email"] for person in people] == [
        f"{name.lower()}@hotel{number}.example" for number in range(7) for name in names[: number % 4]
    ]


async def test_an_offset_past_the_end_is_an_empty_page(client, deliver):
    await deliver(hotel(1, "Maria"))
    for path in ("/companies", "/prospects", "/prospect-searches"):
        for offset in (1, 5, 2**63 - 1):
            assert await listed(client, path, offset=offset) == {"items": [], "total": 1, "limit": 50, "offset": offset, "has_more": False}


async def test_a_company_delivered_again_is_listed_once_as_it_is_now(client, deliver):
    await deliver(hotel(1, "Maria", "Ben"), hotel(2))
    await deliver(hotel(1, "Ben", "Cleo", name="Hotel One"))
    assert [company["name"] for company in await walked(client, "/companies")] == ["Hotel 2", "Hotel One"]
    assert {person["first_name"] for person in await walked(client, "/prospects")} == {"Ben", "Cleo"}


async def test_somebody_who_left_is_gone_and_back_under_the_same_id_when_delivered_again(client, deliver):
    await deliver(hotel(1, "Maria"))
    (before,) = await walked(client, "/prospects")
    await deliver(hotel(1))
    assert (await client.get(f"/prospects/{before['id']}")).status_code == 404
    await deliver(hotel(1, "Maria"))
    (after,) = await walked(client, "/prospects")
    assert after["id"] == before["id"]
    assert (await client.get(f"/prospects/{before['id']}")).json() == after


async def test_a_withdrawn_company_and_its_people_are_gone_until_it_is_delivered_again(client, search_id, deliver):
    result = await deliver(hotel(1, "Maria"), hotel(2, "Ben"))
    company_id = result["items"][0]["id"]
    person_id = (await walked(client, "/prospects"))[0]["id"]
    await withdraw(client, search_id, company_id)
    assert [company["name"] for company in await walked(client, "/companies")] == ["Hotel 2"]
    assert [person["first_name"] for person in await walked(client, "/prospects")] == ["Ben"]
    for path, code in ((f"/companies/{company_id}", "COMPANY_NOT_FOUND"), (f"/prospects/{person_id}", "PROSPECT_NOT_FOUND")):
        answer = await client.get(path)
        assert (answer.status_code, answer.json()["code"]) == (404, code)
    await deliver(hotel(1, "Maria"))
    assert (await client.get(f"/companies/{company_id}")).status_code == 200
    assert (await client.get(f"/prospects/{person_id}")).status_code == 200


async def test_an_erased_person_is_gone_and_their_company_is_not(client, deliver):
    await deliver(hotel(1, "Maria", "Ben"))
    maria = next(person for person in await walked(client, "/prospects") if person["first_name"] == "Maria")
    await client.post("/erasures", json={"email": maria["email"]})
    assert [person["first_name"] for person in await walked(client, "/prospects")] == ["Ben"]
    assert (await client.get(f"/prospects/{maria['id']}")).status_code == 404
    assert len(await walked(client, "/companies")) == 1


async def test_lists_may_be_narrowed_to_one_search(client, search_id, deliver):
    await deliver(hotel(1, "Maria"))
    other = await open_search(client, "other")
    await client.post(f"/deliveries/{other}/companies", json={"companies": [hotel(2, "Ben")]})
    for path, field, values in (("/companies", "name", ("Hotel 1", "Hotel 2")), ("/prospects", "first_name", ("Maria", "Ben"))):
        assert {item[field] for item in await walked(client, path)} == set(values)
        for wanted, value in zip((search_id, other), values, strict=True):
            (item,) = await walked(client, path, prospect_search_id=wanted)
            assert (item["prospect_search_id"], item[field]) == (wanted, value)


async def test_narrowing_to_a_search_that_does_not_exist_is_a_404(client, deliver):
    await deliver(hotel(1, "Maria"))
    for path in ("/companies", "/prospects"):
        answer = await client.get(path, params={"prospect_search_id": UNKNOWN_ID})
        assert (answer.status_code, answer.json()["code"]) == (404, "PROSPECT_SEARCH_NOT_FOUND")
        assert UNKNOWN_ID not in answer.text


@pytest.fixture
async def twice(client, search_id, deliver):
    """The same company and person in two searches; the other search."""
    row = hotel(1, id="11111111-2222-4333-8444-555555555555")
    row["prospects"] = [{"id": "66666666-7777-4888-9999-aaaaaaaaaaaa", "first_name": "Maria"}]
    await deliver(row)
    other = await open_search(client, "other")
    await client.post(f"/deliveries/{other}/companies", json={"companies": [row]})
    return other


@pytest.mark.parametrize("path", ["/companies/11111111-2222-4333-8444-555555555555", "/prospects/66666666-7777-4888-9999-aaaaaaaaaaaa"])
async def test_an_id_that_stands_in_two_searches_is_ambiguous_until_one_is_named(client, search_id, twice, path):
    answer = await client.get(path)
    assert (answer.status_code, answer.json()["code"]) == (409, "AMBIGUOUS_ID")
    assert "prospect_search_id" in answer.json()["message"]
    for wanted in (search_id, twice):
        found = await client.get(path, params={"prospect_search_id": wanted})
        assert (found.status_code, found.json()["prospect_search_id"]) == (200, wanted)
    await withdraw(client, search_id, "11111111-2222-4333-8444-555555555555")
    assert (await client.get(path)).json()["prospect_search_id"] == twice


async def test_the_searches_are_listed_oldest_first(client):
    ids = [await open_search(client, f"search {number}") for number in range(5)]
    assert [search["id"] for search in await walked(client, "/prospect-searches", limit=2)] == ids
    assert (await listed(client, "/prospect-searches"))["items"][0] == {"id": ids[0], "name": "search 0", "status": "active"}


async def test_a_search_may_bring_its_own_id_but_not_one_that_is_taken(client):
    body = {"name": "hotels", "id": UNKNOWN_ID}
    answer = await client.post("/prospect-searches", json=body)
    assert (answer.status_code, answer.json()) == (201, {"id": UNKNOWN_ID, "name": "hotels", "status": "active"})
    assert (await client.post("/prospect-searches", json=body)).json()["code"] == "CONFLICT"


async def test_a_name_is_kept_without_the_blanks_around_it(client):
    assert (await client.post("/prospect-searches", json={"name": "  Hôtels 🏨 "})).json()["name"] == "Hôtels 🏨"


async def test_a_person_at_two_companies_of_a_search_is_found_by_naming_the_company(client, search_id, deliver):
    person = {"id": "66666666-7777-4888-9999-aaaaaaaaaaaa", "first_name": "Maria"}
    result = await deliver(*({"name": name, "source_id": name, "prospects": [person]} for name in ("one", "two")))
    path = f"/prospects/{person['id']}"
    answer = await client.get(path, params={"prospect_search_id": search_id})
    assert (answer.status_code, answer.json()["code"]) == (409, "AMBIGUOUS_ID")
    assert "company_id" in answer.json()["message"]
    for item in result["items"]:
        assert (await client.get(path, params={"company_id": item["id"]})).json()["company_id"] == item["id"]
    assert (await client.get(path, params={"company_id": UNKNOWN_ID})).status_code == 404
