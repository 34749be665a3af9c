"""What is kept of a person, and who was given them, before anything is erased."""

from openprospect.server.access.keys import organization_named
from openprospect.server.access.model import DEFAULT_ORGANIZATION
from openprospect.server.core.timestamps import format_timestamp, parse_timestamp
from openprospect.server.privacy.disclosure import disclose
from openprospect.server.privacy.erase import Subject
from openprospect.server.privacy.wire import disclosure_item
from tests.integration.conftest import open_search, pull
from tests.integration.people import BO, MARIA, erase, hotel, post
from tests.integration.receipts import served

EMAIL = MARIA["email"]


async def asked(database, email=EMAIL, organization=DEFAULT_ORGANIZATION):
    owner = await organization_named(database, organization)
    return disclosure_item(await disclose(database, owner.id, Subject(email=email)))


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
    assert (told.is_suppressed, told.erasure_id) == (False, None)


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
    assert (told.appearances, told.is_suppressed, str(told.erasure_id)) == ([], True, erasure["id"])


async def test_asking_changes_nothing(client, search_id, deliver, database):
    delivered_until = (await deliver(hotel(MARIA, contact=EMAIL)))["delivered_until"]
    before = await database.rows("SELECT * FROM delivery")
    await asked(database)
    assert await database.rows("SELECT * FROM delivery") == before
    assert format_timestamp(await database.value("SELECT max(delivered_at) FROM delivery")) == delivered_until
