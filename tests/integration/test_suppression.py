"""Who is kept out: the erased who come back under any name, and the list that knows them."""

import asyncio

import pytest

from openprospect.server.access.keys import organization_named
from openprospect.server.access.model import DEFAULT_ORGANIZATION
from openprospect.server.core.errors import InvalidInput
from openprospect.server.privacy.suppress import export, import_lines, suppress, unsuppress
from tests.integration.conftest import open_search, pull
from tests.integration.people import BO, HOTEL, MARIA, erase, first_names, hotel, post


@pytest.fixture
async def organization_id(database):
    return (await organization_named(database, DEFAULT_ORGANIZATION)).id


# Coming back.


async def test_an_erased_person_does_not_come_back_through_an_attribute(client, search_id, deliver):
    repeated = {"contact": f"Write to {MARIA['email'].upper()}.", "city": "Berlin"}
    await deliver(hotel(MARIA, BO) | repeated)
    await erase(client, email=MARIA["email"])

    for row in (hotel(MARIA, BO) | repeated, hotel(BO) | repeated):
        await deliver(row)
        (company,) = (await pull(client, search_id))["items"]
        assert company["attributes"] == {"city": "Berlin"}
        assert MARIA["email"].lower() not in str(company).lower()


async def test_an_erased_person_does_not_come_back_through_a_job_title(client, search_id, deliver):
    await erase(client, email=MARIA["email"])
    assistant = BO | {"job_title": f"PA to {MARIA['email']}"}
    assert (await deliver(hotel(assistant), hotel(BO | {"job_title": "PA"}, source_id="c2")))["suppressed"] == 0
    assert [company["prospects"][0]["job_title"] for company in (await pull(client, search_id))["items"]] == [None, "PA"]


async def test_an_erased_name_goes_and_stays_away_also_where_another_program_wrote_its_letters(client, search_id, deliver):
    joerg = {"first_name": "J\u00f6rg", "last_name": "M\u00fcller", "email": "joerg@hotel.example"}
    row = hotel(joerg, BO, city="Berlin", contact="Ansprechpartner: Jo\u0308rg Mu\u0308ller")
    await deliver(row)
    await erase(client, email=joerg["email"])
    for comes_back in (False, True):
        if comes_back:
            assert (await deliver(row))["suppressed"] == 1
        (company,) = (await pull(client, search_id))["items"]
        assert (company["attributes"], first_names({"items": [company]})) == ({"city": "Berlin"}, ["Bo"])


MANY_FORMS = {
    "name of an attribute": {MARIA["email"]: "owner"},
    "nested name": {"contacts": {MARIA["email"]: {"since": 2020}}},
    "link": {"link": f"https://crm.example/?email={MARIA['email']}&x=1"},
    "encoded link": {"link": f"https://crm.example/?next=mailto%3A{MARIA['email'].replace('@', '%40')}"},
    "marked up": {"note": f"**{MARIA['email']}**"},
    "braces": {"note": f"{{{MARIA['email']}}}"},
    "path": {"note": f"sales/{MARIA['email'].upper()}"},
}


async def test_whatever_surrounds_an_erased_address_it_goes_and_does_not_come_back(client, search_id, deliver):
    rows = [hotel(BO, source_id=kind, city="Berlin") | field for kind, field in MANY_FORMS.items()]
    await deliver(*rows)
    await erase(client, email=MARIA["email"])
    for delivers_again in (False, True):
        if delivers_again:
            await deliver(*rows)
        for company in (await pull(client, search_id))["items"]:
            assert company["attributes"] == {"city": "Berlin"}, (company["source_id"], delivers_again)


async def test_what_an_erased_person_shares_with_others_stays_now_and_on_later_deliveries(client, search_id, deliver):
    maria = MARIA | {"MailingCity": "Berlin", "email_status": "verified", "company_phone": "+49 30 9018200"}
    bo = BO | {"job_title": "Head of Sales, Berlin", "email_status": "verified"}
    row = hotel(maria, bo, city="Berlin", phone="+49 30 9018200", desk=MARIA["phone"])
    await deliver(row)
    await erase(client, email=MARIA["email"])
    for delivers_again in (False, True):
        if delivers_again:
            assert (await deliver(row))["unchanged"] == 1
        (company,) = (await pull(client, search_id))["items"]
        assert company["attributes"] == {"city": "Berlin", "phone": "+49 30 9018200"}
        (person,) = company["prospects"]
        assert (person["job_title"], person["attributes"]) == ("Head of Sales, Berlin", {"email_status": "verified"})


async def test_an_address_with_a_sign_in_it_does_not_come_back(client, search_id, deliver):
    await erase(client, email="o'brien@grandhotel.example")
    await deliver(hotel(BO, contact="o'brien@grandhotel.example", desk="brien@grandhotel.example"))
    assert (await pull(client, search_id))["items"][0]["attributes"] == {"desk": "brien@grandhotel.example"}


async def test_whoever_has_their_address_for_a_name_is_erased_and_does_not_come_back(client, search_id, deliver):
    rows = [
        hotel({"first_name": MARIA["email"]}, BO),
        hotel({"first_name": "n/a", "last_name": f"<{MARIA['email'].upper()}>"}, source_id="c2"),
    ]
    since = (await deliver(*rows))["delivered_until"]
    assert (await erase(client, email=MARIA["email"]))["prospects"] == 2
    assert first_names(await pull(client, search_id, delivered_since=since)) == ["Bo"]
    again = await deliver(*rows)
    assert (again["unchanged"], again["suppressed"]) == (2, 2)
    assert (await deliver(hotel(MARIA)))["suppressed"] == 1


async def test_whoever_is_erased_by_id_and_has_their_address_for_a_name_does_not_come_back_by_the_address(client, search_id, deliver):
    await deliver(hotel({"first_name": MARIA["email"]}), hotel(BO, source_id="c2", contact=MARIA["email"]))
    person = (await pull(client, search_id))["items"][0]["prospects"][0]
    assert (await erase(client, prospect_id=person["id"]))["companies"] == 2
    assert (await deliver(hotel(MARIA, source_id="c3")))["suppressed"] == 1


async def test_a_name_of_somebody_else_that_holds_the_address_is_emptied(client, search_id, deliver):
    assistant = BO | {"last_name": f"PA to {MARIA['email']}"}
    row = hotel(assistant, BO | {"first_name": MARIA["email"], "email": "desk@grandhotel.example"})
    await deliver(row)
    assert (await erase(client, email=MARIA["email"]))["prospects"] == 0
    for expected in (None, "unchanged"):
        people = (await pull(client, search_id))["items"][0]["prospects"]
        assert sorted((person["first_name"], person["last_name"]) for person in people if person["first_name"]) == [("Bo", None)]
        assert {person["email"] for person in people} == {BO["email"], "desk@grandhotel.example"}
        if expected is None:
            result = await deliver(row)
            assert (result["unchanged"], result["suppressed"]) == (1, 0)


COMEBACKS = {
    "as they were": MARIA,
    "in capitals": MARIA | {"email": MARIA["email"].upper()},
    "without an address": {"first_name": "Marijana", "last_name": "Quarzenthal"},
    "without an address, in capitals": {"first_name": "MARIJANA", "last_name": " QUARZENTHAL"},
    "under another name": MARIA | {"first_name": "M."},
}


@pytest.mark.parametrize("comeback", COMEBACKS.values(), ids=COMEBACKS)
async def test_an_erased_person_does_not_come_back(client, search_id, deliver, comeback):
    await deliver(HOTEL)
    await erase(client, email=MARIA["email"])
    result = await deliver(hotel(comeback, BO))
    assert (result["unchanged"], result["suppressed"]) == (1, 1)
    assert first_names(await pull(client, search_id)) == ["Bo"]


async def test_an_erased_person_does_not_come_back_by_id(client, search_id, deliver):
    await deliver(HOTEL)
    person_id = (await pull(client, search_id))["items"][0]["prospects"][0]["id"]
    await erase(client, email=MARIA["email"])
    result = await deliver(hotel({"id": person_id, "first_name": "M."}, BO))
    assert result["suppressed"] == 1
    assert first_names(await pull(client, search_id)) == ["Bo"]


async def test_somebody_without_an_address_is_erased_by_id_and_does_not_come_back_by_name(client, search_id, deliver):
    nameless = {"first_name": "Marijana", "last_name": "Quarzenthal"}
    await deliver(hotel(nameless, BO))
    person_id = (await pull(client, search_id))["items"][0]["prospects"][0]["id"]
    await erase(client, prospect_id=person_id)
    for comeback in (nameless, MARIA):
        assert (await deliver(hotel(comeback, BO)))["suppressed"] == 1
    assert first_names(await pull(client, search_id)) == ["Bo"]


async def test_a_namesake_with_an_address_of_their_own_is_somebody_else(client, search_id, deliver):
    await deliver(HOTEL)
    await erase(client, email=MARIA["email"])
    result = await deliver(hotel(MARIA | {"email": "other@grandhotel.example", "phone": None}, BO))
    assert (result["delivered"], result["suppressed"]) == (1, 0)
    assert first_names(await pull(client, search_id)) == ["Marijana", "Bo"]


async def test_a_namesake_at_another_company_is_somebody_else(client, search_id, deliver):
    await deliver(HOTEL)
    await erase(client, email=MARIA["email"])
    assert (await deliver({"name": "Inn", "source_id": "c9", "prospects": [{"first_name": "Marijana", "last_name": "Quarzenthal"}]}))[
        "suppressed"
    ] == 0


@pytest.mark.parametrize("turn", range(3))
async def test_deliveries_at_the_same_time_never_bring_the_person_back(client, search_id, deliver, turn):
    second = await open_search(client)

    async def produce(number):
        for version in range(4):
            for place in (search_id, second):
                await post(client, place, hotel(MARIA, source_id=f"c{number}", version=version))

    async def erase_later():
        await asyncio.sleep(0.02 * (turn + 1))
        await erase(client, email=MARIA["email"])

    await asyncio.gather(*(produce(number) for number in range(8)), erase_later())
    for place in (search_id, second):
        page = await pull(client, place)
        assert page["total"] == 8
        assert first_names(page) == []


async def test_withdrawals_at_the_same_time_as_erasures_end_with_neither(client, search_id, deliver):
    people = [MARIA | {"email": f"p{number}@grandhotel.example"} for number in range(6)]
    result = await deliver(*(hotel(*people, source_id=f"c{number}") for number in range(6)))
    withdrawn = [item["id"] for item in result["items"][:3]]
    withdrawals = (client.delete(f"/deliveries/{search_id}/companies/{company_id}") for company_id in withdrawn)
    responses = await asyncio.gather(*withdrawals, *(client.post("/erasures", json={"email": person["email"]}) for person in people))
    assert [response.status_code for response in responses] == [204] * 3 + [201] * 6
    page = await pull(client, search_id)
    assert (page["total"], first_names(page)) == (3, [])
    removed = await pull(client, search_id, delivered_since=result["delivered_until"])
    assert sorted(item["id"] for item in removed["items"] if "removed_at" in item) == sorted(withdrawn)


async def test_a_reason_that_names_somebody_on_the_list_is_not_kept(client, search_id, deliver, database, organization_id):
    async with database.transaction() as db:
        await suppress(db, organization_id, [MARIA["email"], "@elsewhere.example"], actor="test", log=None)
    result = await deliver("Café", "Bar", "Inn")
    for item, named in zip(result["items"], (MARIA["email"].upper(), "somebody@elsewhere.example", BO["email"]), strict=True):
        path = f"/deliveries/{search_id}/companies/{item['id']}"
        assert (await client.delete(path, params={"reason": f"asked by {named}"})).status_code == 204
    removed = (await pull(client, search_id, delivered_since=result["delivered_until"]))["items"]
    assert [item["removal_reason"] for item in removed] == [None, None, f"asked by {BO['email']}"]


# Suppression.


async def test_a_domain_is_kept_out_with_all_who_write_from_it(client, search_id, deliver, database, organization_id):
    async with database.transaction() as db:
        assert await suppress(db, organization_id, ["@GrandHotel.example"], actor="test", log=None) == 1
    result = await deliver(hotel(MARIA, BO, BO | {"first_name": "Bob", "email": "bo@other.example"}))
    assert result["suppressed"] == 2
    assert first_names(await pull(client, search_id)) == ["Bob"]


async def test_who_is_taken_off_the_list_may_come_in_again(client, search_id, deliver, database, organization_id):
    await erase(client, email="new@grandhotel.example")
    async with database.transaction() as db:
        assert await unsuppress(db, organization_id, ["NEW@grandhotel.example"], actor="test", log=None) == 1
    assert (await deliver(hotel(BO | {"email": "new@grandhotel.example"})))["suppressed"] == 0


async def test_who_was_let_in_again_is_kept_out_by_the_next_erasure(client, search_id, deliver, database, organization_id):
    first = await erase(client, email=MARIA["email"])
    async with database.transaction() as db:
        await unsuppress(db, organization_id, [MARIA["email"]], actor="test", log=None)
    second = await erase(client, email=MARIA["email"])
    assert second["id"] != first["id"]
    assert (await deliver(hotel(MARIA)))["suppressed"] == 1
    assert await erase(client, email=MARIA["email"]) == second


async def test_a_list_survives_the_way_out_and_in_again(client, deliver, database, organization_id):
    await erase(client, email=MARIA["email"])
    async with database.transaction() as db:
        await suppress(db, organization_id, ["grandhotel.example"], actor="test", log=None)
    lines = list(await export(database, organization_id))
    await database.execute("DELETE FROM suppression")
    async with database.transaction() as db:
        assert await import_lines(db, organization_id, lines, actor="test", log=None) == 2
    assert {line.partition(', "created_at"')[0] for line in await export(database, organization_id)} == {
        line.partition(', "created_at"')[0] for line in lines
    }
    assert (await deliver(HOTEL))["suppressed"] == 2


async def test_another_organizations_list_is_refused_with_the_reason(service, client, database, organization_id):
    await service.organization("stranger")
    stranger = (await organization_named(database, "stranger")).id
    await erase(client, email=MARIA["email"])
    lines = list(await export(database, organization_id))
    async with database.transaction() as db:
        with pytest.raises(InvalidInput, match="Line 1: these hashes were made for another organization"):
            await import_lines(db, stranger, lines, actor="test", log=None)
        with pytest.raises(InvalidInput, match=r'Line 1: .*"key"'):
            await import_lines(db, stranger, lines[1:], actor="test", log=None)


@pytest.mark.parametrize("line", ["not an address", '{"kind": "email"}', "{", '{"key": 1', "[]"])
async def test_a_line_that_cannot_be_read_is_named(database, organization_id, line):
    async with database.transaction() as db:
        with pytest.raises(InvalidInput, match=r"^Line 3"):
            await import_lines(db, organization_id, ["# people", "a@b.example", line], actor="test", log=None)
