"""A restored database is cleaned of whom its log tells of, wherever its documents name them."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

from msgspec.structs import replace

from openprospect.server.access.keys import organization_named
from openprospect.server.access.model import DEFAULT_ORGANIZATION
from openprospect.server.feed.store import hasher_of
from openprospect.server.privacy.log import ErasureLog, LoggedErasure
from openprospect.server.privacy.one_log import ReadLogs
from openprospect.server.privacy.restore import finish_restore
from tests.integration.conftest import pull
from tests.integration.people import BO, MARIA, first_names, hotel

EMAIL = MARIA["email"]


async def erasure_of(database, *addresses):
    """As a log has it; the person is named by the first."""
    organization_id = (await organization_named(database, DEFAULT_ORGANIZATION)).id
    hasher = await hasher_of(database, organization_id)
    mailboxes = [mailbox for mailbox in map(hasher.email, addresses) if mailbox]
    return LoggedErasure(
        id=uuid4(),
        organization_id=organization_id,
        at=datetime.now(UTC),
        actor="test",
        subject_hash=mailboxes[0],
        prospect_ids=[],
        marks=[("email", mailbox) for mailbox in mailboxes],
    )


async def logs_of(path, *entries):
    log = ErasureLog(path)
    await log.add(*entries, known_by=log.begin())
    return ReadLogs.of([log], place=None)


async def test_an_erasure_that_stands_twice_in_a_log_reaches_all_that_either_names(client, search_id, deliver, database, tmp_path):
    """As where a log that was not lost is begun anew, which writes down what the database knows: the address that was named."""
    await deliver(hotel(BO, MARIA, MARIA | {"email": "private@quarzenthal.example"}))
    whole = await erasure_of(database, EMAIL, "private@quarzenthal.example")
    logs = await logs_of(tmp_path / "log.jsonl", whole, replace(whole, marks=whole.marks[:1]))
    assert await finish_restore(database, logs, deadline=timedelta(days=1)) == 1
    assert first_names(await pull(client, search_id)) == ["Bo"]


async def test_what_only_names_somebody_erased_since_the_backup_is_cleaned_by_its_restore(client, search_id, deliver, database, tmp_path):
    link = {"link": f"https://crm.example/?to={EMAIL.replace('@', '%40')}"}
    named = hotel(BO, {"first_name": EMAIL}, contact=f"Ask {EMAIL.upper()}", city="Berlin") | link | {f"**{EMAIL}**": "owner"}
    since = (await deliver(named, hotel(BO, source_id="c2")))["delivered_until"]
    logs = await logs_of(tmp_path / "log.jsonl", await erasure_of(database, EMAIL))
    for expected in (1, 0):
        assert await finish_restore(database, logs, deadline=timedelta(days=1)) == expected
        (again,) = (await pull(client, search_id, delivered_since=since))["items"]
        assert (again["attributes"], first_names({"items": [again]})) == ({"city": "Berlin"}, ["Bo"])
