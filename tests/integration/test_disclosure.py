"""What is kept of a person, and who was given them, before anything is erased."""

from uuid import UUID

import pytest

from openprospect.server.access.keys import organization_named
from openprospect.server.access.model import DEFAULT_ORGANIZATION, Scope
from openprospect.server.core.timestamps import format_timestamp, parse_timestamp
from openprospect.server.feed.model import ProspectId
from openprospect.server.feed.writing.locks import Writing
from openprospect.server.privacy.disclosure import disclose
from openprospect.server.privacy.erase import Subject
from openprospect.server.privacy.wire import disclosure_item
from tests.integration.conftest import open_search, pull
from tests.integration.people import BO, MARIA, dump, erase, hotel, post
from tests.integration.receipts import served

EMAIL = MARIA["email"]


async def asked(database, email=EMAIL, organization=DEFAULT_ORGANIZATION, *, prospect_id=None):
    owner = await organization_named(database, organization)
    subject = Subject(prospect_id=ProspectId(UUID(prospect_id))) if prospect_id else Subject(email=email)
    return disclosure_item(await disclose(database, Writing(database), owner.id, subject, actor="test"))


async def ids_of(client, search_id):
    """Of the people of the feed, by their last names."""
    items = (await pull(client, search_id))["items"]
    return {person["last_name"]: person["id"] for company in items for person in company["prospects"]}


async def test_a_person_is_told_what_every_search_keeps_of_them_and_who_received_it(service, client, search_id, deliver, database):
    second = await open_search(client)
    await deliver(hotel(BO, contact="somebody@else.example"))
    since = (await deliver(hotel(MARIA, BO, source_id="c2", contact=EMAIL)))["delivered_until"]
    await post(client, second, hotel(MARIA | {"job_title": "Owner"}))
    crm = await service.client("crm", scopes=["companies:read", "prospects:read"])
    await service.client("never there", scopes=["companies:read", "prospects:read"])
    await pull(crm, search_id)
    await served(database, search_id)
    told = await asked(database, EMAIL.upper())
    here, there = sorted(told.appearances, key=lambda appearance: appearance.prospect_search_id != search_id)
    assert (here.source_id, here.since, here.left_at, here.named_in) == ("c2", since, None, ["attributes.contact"])
    assert [entry.email for entry in here.entries] == [EMAIL]
    assert [(entry.job_title, entry.email) for entry in there.entries] == [("Owner", EMAIL)]
    assert there.named_in == []
    (recipient,) = told.recipients
    assert recipient.key_name == "crm"
    assert parse_timestamp(recipient.received_at) >= parse_timestamp(since)
    assert (told.is_suppressed, told.erasures) == (False, [])


async def test_whom_a_field_alone_names_is_told_which(client, deliver, database):
    await deliver(hotel(BO | {"boss": EMAIL}, notes=f"ask {EMAIL}"))
    (appearance,) = (await asked(database)).appearances
    assert (appearance.entries, appearance.named_in) == ([], ["attributes.notes", "prospects"])


async def test_who_has_left_is_told_since_when(client, deliver, database):
    await deliver(hotel(MARIA, BO))
    left_at = (await deliver(hotel(BO)))["delivered_until"]
    (appearance,) = (await asked(database)).appearances
    assert (appearance.entries, appearance.left_at) == ([], left_at)


async def test_nobody_is_told_what_another_organization_keeps(service, client, database):
    stranger = await service.client(organization=await service.organization("stranger"))
    await post(stranger, await open_search(stranger), hotel(MARIA))
    told = await asked(database)
    assert (told.appearances, told.recipients) == ([], [])
    assert len((await asked(database, organization="stranger")).appearances) == 1


async def test_after_an_erasure_nothing_is_left_to_tell_but_that_it_was(client, deliver, database):
    await deliver(hotel(MARIA, contact=EMAIL))
    erasure = await erase(client, email=EMAIL)
    told = await asked(database)
    assert (told.appearances, told.is_suppressed, [str(each.id) for each in told.erasures]) == ([], True, [erasure["id"]])


async def test_whom_somebody_elses_entry_names_is_told_so_beside_their_own(client, deliver, database):
    await deliver(hotel(MARIA, BO | {"job_title": f"assistant of {EMAIL}"}, notes="busy"))
    (appearance,) = (await asked(database)).appearances
    assert ([entry.email for entry in appearance.entries], appearance.named_in) == ([EMAIL], ["prospects"])


async def test_whom_the_reason_of_a_withdrawal_names_is_told_so(client, search_id, deliver, database):
    company_id = (await deliver(hotel(BO)))["items"][0]["id"]
    await client.delete(f"/deliveries/{search_id}/companies/{company_id}", params={"reason": f"{EMAIL} asked for it"})
    (appearance,) = (await asked(database)).appearances
    assert (appearance.entries, appearance.named_in, appearance.left_at) == ([], ["removal_reason"], None)


async def test_whom_only_a_former_state_names_is_told_until_when(client, search_id, deliver, database):
    since = (await deliver(hotel(BO, contact=EMAIL)))["delivered_until"]
    left_at = (await deliver(hotel(BO, contact="another@else.example")))["delivered_until"]
    await deliver(hotel(BO, contact="a.third@else.example"))
    (appearance,) = (await asked(database)).appearances
    assert (appearance.entries, appearance.named_in) == ([], [])
    assert (appearance.since, appearance.left_at) == (since, left_at)


async def test_whoever_is_kept_out_by_an_address_is_told_so_also_where_they_are_named_by_an_id(client, search_id, deliver, database):
    await deliver(hotel(MARIA))
    await erase(client, email=BO["email"])
    prospect_id = (await ids_of(client, search_id))[MARIA["last_name"]]
    assert not (await asked(database, prospect_id=prospect_id)).is_suppressed
    await database.execute(
        "INSERT INTO suppression (organization_id, kind, hash) SELECT organization_id, 'email', email_hash FROM prospect"
        " JOIN prospect_search ON prospect_search.id = prospect_search_id WHERE prospect.id = $1",
        UUID(prospect_id),
    )
    assert (await asked(database, prospect_id=prospect_id)).is_suppressed


async def test_every_erasure_of_a_person_is_told_with_who_had_been_given_them(service, client, search_id, deliver, database):
    await deliver(hotel(MARIA, BO))
    crm = await service.client("crm", scopes=["companies:read", "prospects:read"])
    prospect_id = (await ids_of(crm, search_id))[MARIA["last_name"]]
    await served(database, search_id)
    erasure = await erase(client, email=EMAIL)
    for told in (await asked(database), await asked(database, prospect_id=prospect_id)):
        assert [str(each.id) for each in told.erasures] == [erasure["id"]]
        assert [recipient.key_name for recipient in told.erasures[0].recipients] == ["crm"]
    assert (await asked(database, BO["email"])).erasures == []


async def test_asking_changes_nothing_that_is_delivered(client, search_id, deliver, database):
    delivered_until = (await deliver(hotel(MARIA, contact=EMAIL)))["delivered_until"]
    before = await database.rows("SELECT * FROM delivery")
    await asked(database)
    assert await database.rows("SELECT * FROM delivery") == before
    assert format_timestamp(await database.value("SELECT max(delivered_at) FROM delivery")) == delivered_until


async def test_history_keeps_who_asked_and_whether_it_was_about_one_person_and_no_address(service, client, database, dsn):
    privacy = await service.client("privacy", scopes=["disclosures:read"])
    for email in ("Somebody@Asked-For.example", "somebody@asked-for.example", "another@asked-for.example"):
        assert (await privacy.post("/disclosures", json={"email": email})).status_code == 200
    lines = await database.rows("SELECT actor, key_id, details FROM history WHERE action = 'person looked up' ORDER BY id")
    first, again, other = (line["details"] for line in lines)
    assert first == again != other
    assert {line["actor"] for line in lines} == {"key privacy"}
    assert None not in {line["key_id"] for line in lines}
    assert "asked-for" not in await dump(dsn)


async def test_the_api_tells_what_the_command_tells(service, client, search_id, deliver, database):
    await deliver(hotel(MARIA, BO, contact=EMAIL))
    await pull(client, search_id)
    await served(database, search_id, name="consumer")
    answer = await client.post("/disclosures", json={"email": EMAIL})
    assert answer.status_code == 200
    told = answer.json()
    assert [(each["entries"][0]["email"], each["named_in"]) for each in told["appearances"]] == [(EMAIL, ["attributes.contact"])]
    assert [recipient["key_name"] for recipient in told["recipients"]] == ["consumer"]
    prospect_id = told["appearances"][0]["entries"][0]["id"]
    assert (await client.post("/disclosures", json={"prospect_id": prospect_id})).json() == told


async def test_a_key_that_may_do_all_else_is_told_nothing_of_a_person(service, deliver, database):
    await deliver(hotel(MARIA))
    others = await service.client("others", scopes=[scope for scope in Scope if scope != "disclosures:read"])
    answer = await others.post("/disclosures", json={"email": EMAIL})
    assert (answer.status_code, answer.json()["details"]["required_scopes"]) == (403, ["disclosures:read"])
    assert await database.value("SELECT count(*) FROM history WHERE action = 'person looked up'") == 0


@pytest.mark.parametrize("body", [{}, {"email": "hunter2"}, {"email": EMAIL, "prospect_id": str(UUID(int=1))}, {"name": "Maria"}])
async def test_whom_nobody_can_be_meant_by_is_refused_and_not_kept(client, database, body):
    answer = await client.post("/disclosures", json=body)
    assert answer.status_code == 422
    assert "hunter2" not in answer.text
    assert await database.value("SELECT count(*) FROM history WHERE action = 'person looked up'") == 0
