"""Rows that could not name everybody: whoever was at their companies stays, as they were."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from openprospect.server.feed.model import CompanyRow
from openprospect.server.feed.rows.row import MAX_PROSPECTS, parse_company
from openprospect.server.feed.writing.publish import Published, Submission, publish
from openprospect.server.privacy.suppress import suppress
from openprospect.server.searches.lookup import known_search
from openprospect.server.searches.model import SearchId
from tests.integration.conftest import pull
from tests.integration.hotel import HOTEL, MARIA, OTTO
from tests.integration.people import erase

ANNA = {"email": "anna@hotel.example", "first_name": "Anna", "tags": ["a", {"b": 1}], "big": 2**60}
BO = {"email": "bo@hotel.example", "first_name": "Bo"}


def partial(*people: Any, **fields: Any) -> CompanyRow:
    return replace(parse_company(HOTEL | {"prospects": list(people)} | fields), keeps_people=True)


@pytest.fixture
def publish_rows(database, search_id):
    async def publish_rows(*rows: CompanyRow) -> Published:
        search = await known_search(database, SearchId(UUID(search_id)))
        async with database.transaction() as db:
            return await publish(db, search, Submission(rows=rows, actor="test", all_or_nothing=False))

    return publish_rows


@pytest.fixture
def people(client, search_id):
    """Everybody at the hotel by first name, and its times."""

    async def people():
        (item,) = (await pull(client, search_id))["items"]
        return {person["first_name"]: person for person in item["prospects"]}

    return people


async def test_whoever_is_not_named_stays_and_whoever_is_comes_in_or_changes(deliver, people, publish_rows):
    await deliver(HOTEL | {"prospects": [MARIA, OTTO, ANNA]})
    before = await people()
    published = await publish_rows(partial(BO, OTTO | {"job_title": "Chef"}))
    after = await people()
    assert (after["Maria"], after["Anna"]) == (before["Maria"], before["Anna"])
    assert (after["Otto"]["id"], after["Otto"]["job_title"]) == (before["Otto"]["id"], "Chef")
    assert after.keys() == {"Maria", "Otto", "Anna", "Bo"}
    assert [(outcome.kept, outcome.left) for outcome in published.outcomes.values()] == [(2, 0)]


async def test_whoever_stays_is_known_when_they_come_back_and_leaves_when_everybody_is_named(deliver, people, publish_rows):
    await deliver(HOTEL)
    maria = (await people())["Maria"]
    await publish_rows(partial(BO))
    await deliver(HOTEL | {"prospects": [MARIA, BO]})
    after = await people()
    assert after.keys() == {"Maria", "Bo"}
    assert after["Maria"] == maria


async def test_of_two_namesakes_one_row_stands_for_one(deliver, people, publish_rows, client, search_id):
    namesakes = [{"first_name": "Maria", "email": f"{name}@hotel.example"} for name in "ab"]
    await deliver(HOTEL | {"prospects": namesakes})
    await publish_rows(partial({"first_name": "Maria"}))
    (item,) = (await pull(client, search_id))["items"]
    assert len(item["prospects"]) == 2


async def test_naming_some_as_they_are_changes_nothing(deliver, publish_rows, client, search_id):
    await deliver(HOTEL)
    before = await pull(client, search_id)
    published = await publish_rows(partial(OTTO))
    assert not published.outcomes[0].is_delivered
    assert await pull(client, search_id) == before


async def test_a_new_company_has_whom_it_names(publish_rows, people):
    published = await publish_rows(partial(OTTO))
    assert published.outcomes[0].kept == 0
    assert (await people()).keys() == {"Otto"}


async def test_the_erased_do_not_stay(deliver, people, publish_rows, client):
    await deliver(HOTEL)
    await erase(client, email=MARIA["email"])
    await publish_rows(partial(BO))
    assert (await people()).keys() == {"Otto", "Bo"}


async def test_whoever_was_put_on_the_suppression_list_meanwhile_does_not_stay(deliver, people, publish_rows, database, search_id):
    await deliver(HOTEL)
    search = await known_search(database, SearchId(UUID(search_id)))
    async with database.transaction() as db:
        await suppress(db, search.organization_id, [str(MARIA["email"])], actor="test", log=None)
    await publish_rows(partial(BO))
    assert (await people()).keys() == {"Otto", "Bo"}


async def test_nobody_stays_at_a_company_that_was_withdrawn(deliver, people, publish_rows, client, search_id):
    await deliver(HOTEL)
    (item,) = (await pull(client, search_id))["items"]
    assert (await client.delete(f"/deliveries/{search_id}/companies/{item['id']}")).status_code == 204
    await publish_rows(partial(BO))
    assert (await people()).keys() == {"Bo"}


async def test_more_people_than_a_company_may_have_are_rejected(deliver, people, publish_rows):
    await deliver(HOTEL)
    published = await publish_rows(partial(*({"email": f"p{number}@hotel.example"} for number in range(MAX_PROSPECTS - 1))))
    reason = "1,001 people with those who stay, since a row was rejected; at most 1,000 a company are possible"
    assert [(fault.field, fault.reason) for fault in published.rejected[0]] == [("prospects", reason)]
    assert (await people()).keys() == {"Maria", "Otto"}


async def test_whoever_has_another_id_and_the_same_name_is_somebody_else_and_takes_nobodys_place(publish_rows, client, search_id, deliver):
    porters = [{"id": str(UUID(int=number)), "first_name": name} for number, name in ((1, "Eva"), (2, "Eva"), (3, None), (4, None))]
    await deliver(HOTEL | {"prospects": porters[::2]})
    await publish_rows(partial(*porters[1::2]))
    (item,) = (await pull(client, search_id))["items"]
    assert sorted(person["id"] for person in item["prospects"]) == [porter["id"] for porter in porters]
