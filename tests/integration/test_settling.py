"""A recipient that can never confirm an erasure is settled by hand, which nobody takes for a confirmation."""

from uuid import UUID

import pytest

from openprospect.server.access.keys import revoke_key
from openprospect.server.console import store as console_store
from openprospect.server.core.errors import Conflict, InvalidInput, NotFound
from openprospect.server.observability import store as watched
from openprospect.server.privacy.model import ErasureId
from openprospect.server.privacy.settle import settle
from tests.integration.conftest import pull
from tests.integration.receipts import put
from tests.integration.test_recipients import HOTEL, erase, received, report, table

READ = ["companies:read", "prospects:read"]
REASON = "the CRM was shut down in March"


@pytest.fixture
async def erasure(service, client, search_id, deliver, database):
    """Past its deadline, with a recipient that has confirmed nothing and never will."""
    crm = await service.client("crm", scopes=READ)
    await deliver(HOTEL)
    await received(database, search_id, (crm, "crm"))
    made = await erase(client)
    await database.execute("UPDATE erasure SET deadline_at = clock_timestamp() - interval '1 day'")
    await revoke_key(database, await database.value("SELECT id FROM api_key WHERE name = 'crm'"), actor="test")
    return made


async def settled(database, erasure, consumer="crm", *, reason=REASON, organization_id=None):
    return await settle(database, ErasureId(UUID(erasure["id"])), organization_id, consumer, reason=reason, actor="Zoe")


async def test_whoever_is_settled_is_waited_for_no_more_and_has_not_confirmed(client, database, erasure):
    before = await report(client, erasure)
    assert (before["status"], before["late"], before["settled"]) == ("awaiting_confirmation", 1, 0)
    await settled(database, erasure)
    after = await report(client, erasure)
    assert (after["status"], after["confirmed"], after["settled"], after["late"]) == ("settled", 0, 1, 0)
    (recipient,) = after["recipients"]
    assert (recipient["confirmed_at"], recipient["is_late"]) == (None, False)
    assert (recipient["settled"]["actor"], recipient["settled"]["reason"]) == ("Zoe", REASON)
    (row,) = await table(database, erasure)
    assert (row["confirmed_at"], row["late"], row["settled_by"], row["settled_reason"]) == ("", "no", "Zoe", REASON)
    assert row["settled_at"] == recipient["settled"]["at"]


async def test_alerts_and_pages_leave_out_who_is_settled_and_the_list_does_not_call_it_confirmed(database, erasure):
    organization_id = await database.value("SELECT organization_id FROM erasure")
    assert len(await watched.waiting_erasures(database, None)) == 1
    await settled(database, erasure)
    assert await watched.waiting_erasures(database, None) == []
    (line,) = await console_store.erasures_of(database, organization_id, before=None, limit=1)
    assert (line.unconfirmed, line.has_settled) == (0, True)
    assert await database.value("SELECT actor FROM history WHERE action = 'erasure settled'") == "Zoe"


async def test_one_that_is_settled_leaves_the_others_waited_for_and_may_confirm_after_all(service, client, search_id, deliver, database):
    crm, office = [await service.client(name, scopes=READ) for name in ("crm", "office")]
    await deliver(HOTEL)
    await received(database, search_id, (crm, "crm"), (office, "office"))
    erasure = await erase(client)
    await settled(database, erasure)
    assert (await report(client, erasure))["status"] == "awaiting_confirmation"
    for consumer in (crm, office):
        page = await pull(consumer, search_id)
        await put(consumer, search_id, page["items"][-1]["delivered_at"])
    found = await report(client, erasure)
    assert (found["status"], found["confirmed"], found["settled"]) == ("confirmed", 2, 0)


async def test_what_cannot_be_settled_is_refused_with_its_reason(service, client, database, erasure):
    with pytest.raises(NotFound, match="its recipients: crm"):
        await settled(database, erasure, "office")
    with pytest.raises(NotFound, match="no such erasure"):
        await settled(database, {"id": "11111111-1111-4111-8111-111111111111"})
    for reason in ("", "  ", "one\ntwo", "x" * 1001):
        with pytest.raises(InvalidInput, match="reason must say"):
            await settled(database, erasure, reason=reason)
    await service.organization("another")
    stranger = await database.value("SELECT id FROM organization WHERE name = 'another'")
    with pytest.raises(NotFound, match="no such erasure"):
        await settled(database, erasure, organization_id=stranger)
    await settled(database, erasure)
    with pytest.raises(Conflict, match="it was settled before"):
        await settled(database, erasure, reason="another reason")
    assert (await report(client, erasure))["recipients"][0]["settled"]["reason"] == REASON
