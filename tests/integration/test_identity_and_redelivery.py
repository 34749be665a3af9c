"""Delivering again: who stays the same, and what changes nothing."""

from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.integration.conftest import Deliver, open_search, pull
from tests.integration.hotel import HOTEL, MARIA, OTTO, feed, post


def people(item: dict[str, Any]) -> dict[str, str]:
    """Ids by e-mail, or by first name."""
    return {person["email"] or person["first_name"]: person["id"] for person in item["prospects"]}


async def test_a_delivered_company_comes_out_as_documented(client: httpx.AsyncClient, search_id: str, deliver: Deliver) -> None:
    result = await deliver(HOTEL)
    item = (await feed(client, search_id))[0]
    assert list(item) == ["id", "name", "website_url", "source_id", "prospects", "delivered_at", "attributes"]
    assert list(item["prospects"][0]) == ["id", "first_name", "last_name", "email", "job_title", "attributes"]
    assert item["attributes"] == {"city": "Berlin", "stars": 5}
    assert item["prospects"][0]["attributes"] == {"phone": "1", "rooms": {"a": 1, "b": [1, 2]}}
    assert "attributes" not in item["prospects"][1]
    assert result == {
        "delivered": 1,
        "unchanged": 0,
        "suppressed": 0,
        "delivered_until": item["delivered_at"],
        "items": [{"id": item["id"], "source_id": "crm-1", "status": "delivered", "suppressed": 0}],
    }


@pytest.mark.parametrize(
    "again",
    [
        HOTEL,
        dict(reversed(HOTEL.items())),
        HOTEL | {"prospects": [OTTO, dict(reversed(MARIA.items())) | {"rooms": {"b": [1, 2], "a": 1}}]},
        HOTEL | {"name": " Grand Hotel ", "website_url": "https://hotel.example", "nothing": None, "blank": " "},
        {key: value for key, value in HOTEL.items() if key not in ("city", "stars")} | {"attributes": {"stars": 5, "city": "Berlin"}},
    ],
)
async def test_the_same_content_delivered_again_changes_nothing(
    client: httpx.AsyncClient, search_id: str, deliver: Deliver, again: dict[str, Any]
) -> None:
    first = await deliver(HOTEL)
    before = await feed(client, search_id)
    second = await deliver(again)
    assert (second["delivered"], second["unchanged"], second["items"][0]["status"]) == (0, 1, "unchanged")
    assert second["delivered_until"] == first["delivered_until"]
    assert second["items"][0]["id"] == first["items"][0]["id"]
    assert await feed(client, search_id) == before


async def test_an_item_of_the_feed_delivered_again_as_it_is_changes_nothing(
    client: httpx.AsyncClient, search_id: str, deliver: Deliver
) -> None:
    await deliver(HOTEL, "another")
    result = await deliver(*(await feed(client, search_id)))
    assert (result["delivered"], result["unchanged"]) == (0, 2)


@pytest.mark.parametrize(
    "change",
    [
        {"name": "Grand Hotel Berlin"},
        {"website_url": "https://hotel.example/de"},
        {"city": "Potsdam"},
        {"stars": None},
        {"stars": "5"},
        {"prospects": [MARIA]},
        {"prospects": [MARIA, OTTO | {"job_title": "Chef"}]},
        {"prospects": [MARIA, OTTO | {"phone": "2"}]},
        {"prospects": None},
    ],
)
async def test_changed_content_moves_a_company_to_the_end(
    client: httpx.AsyncClient, search_id: str, deliver: Deliver, change: dict[str, Any]
) -> None:
    await deliver(HOTEL, "another")
    before = await feed(client, search_id)
    assert (await deliver(HOTEL | change))["delivered"] == 1
    after = await feed(client, search_id)
    assert [item["id"] for item in after] == [before[1]["id"], before[0]["id"]]
    assert after[0] == before[1]
    assert after[1]["delivered_at"] > before[1]["delivered_at"]


async def test_ids_are_stable_when_people_leave_and_return(client: httpx.AsyncClient, search_id: str, deliver: Deliver) -> None:
    await deliver(HOTEL)
    everybody = people((await feed(client, search_id))[0])
    seen = []
    for prospects in ([OTTO], [], [MARIA | {"email": "M.Schmidt@HOTEL.example"}, OTTO], [MARIA]):
        await deliver(HOTEL | {"prospects": prospects})
        seen.append(people((await feed(client, search_id))[0]))
    assert [sorted(ids.values()) for ids in seen] == [
        [everybody["otto@hotel.example"]],
        [],
        sorted(everybody.values()),
        [everybody["m.schmidt@hotel.example"]],
    ]


async def test_a_withdrawn_company_comes_back_as_the_same_with_the_same_people(
    client: httpx.AsyncClient, search_id: str, deliver: Deliver
) -> None:
    await deliver(HOTEL)
    before = (await feed(client, search_id))[0]
    path = f"/deliveries/{search_id}/companies/{before['id']}"
    assert (await client.delete(path, params={"reason": "closed"})).status_code == 204
    assert (await client.delete(path)).status_code == 404
    assert await feed(client, search_id) == []
    gone = (await pull(client, search_id, delivered_since=before["delivered_at"]))["items"]
    assert [(item["prospects"], item["removed_at"], item["removal_reason"]) for item in gone] == [([], gone[0]["delivered_at"], "closed")]
    assert (await deliver(HOTEL))["delivered"] == 1
    after = (await feed(client, search_id))[0]
    assert after["delivered_at"] > gone[0]["delivered_at"]
    assert after | {"delivered_at": ""} == before | {"delivered_at": ""}


async def test_a_company_is_found_by_id_then_source_id_then_host(client: httpx.AsyncClient, search_id: str, deliver: Deliver) -> None:
    chosen = str(uuid4())
    first = await deliver({"id": chosen, "name": "A", "website_url": "www.a.example"}, {"name": "B", "source_id": "b"}, {"name": "C"})
    ids = [item["id"] for item in first["items"]]
    assert ids[0] == chosen
    again = await deliver(
        {"name": "A renamed", "website_url": "http://A.example/about"},
        {"id": str(uuid4()), "name": "B renamed", "source_id": "b", "website_url": "a.example"},
        {"id": ids[2], "name": "C renamed", "source_id": "c"},
    )
    assert [item["id"] for item in again["items"]] == ids
    assert (await deliver({"name": "C again", "source_id": "c"}))["items"][0]["id"] == ids[2]
    assert (await deliver({"id": ids[2], "name": "C, no word of its source"}))["items"][0] == {
        "id": ids[2],
        "source_id": "c",
        "status": "delivered",
        "suppressed": 0,
    }
    assert (await deliver({"name": "A with a source", "source_id": "a", "website_url": "a.example"}))["items"][0]["id"] not in ids


async def test_a_person_is_found_by_id_then_mailbox_then_name(client: httpx.AsyncClient, search_id: str, deliver: Deliver) -> None:
    await deliver(HOTEL | {"prospects": [MARIA, OTTO, {"first_name": "Eva"}]})
    before = people((await feed(client, search_id))[0])
    await deliver(
        HOTEL
        | {
            "prospects": [
                {"id": before["otto@hotel.example"], "email": "new@hotel.example"},
                {"email": " mailto:M.SCHMIDT@hotel.example", "first_name": "Someone"},
                {"first_name": "EVA ", "email": "eva@hotel.example"},
                {"first_name": "Maria", "last_name": "Schmidt", "email": "another.maria@hotel.example"},
            ]
        }
    )
    after = people((await feed(client, search_id))[0])
    assert after.pop("another.maria@hotel.example") not in before.values()
    assert list(after.values()) == [before["otto@hotel.example"], before["m.schmidt@hotel.example"], before["Eva"]]


async def test_ids_belong_to_their_search(client: httpx.AsyncClient, search_id: str, deliver: Deliver) -> None:
    first = (await deliver(HOTEL))["items"][0]
    other = await open_search(client, "another")
    assert (await post(client, other, [HOTEL])).json()["items"][0]["id"] != first["id"]
    third = await open_search(client, "a third")
    assert (await post(client, third, [HOTEL | {"id": first["id"], "name": "Its own"}])).json()["items"][0]["id"] == first["id"]
    assert (await feed(client, search_id))[0]["name"] == "Grand Hotel"
