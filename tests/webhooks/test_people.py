"""People in pushes: who received them counts as a receipt, and who was erased never goes out again, nor stays in the log."""

import asyncio
import fcntl
import json
from datetime import UTC, datetime, timedelta
from uuid import UUID

from openprospect.server.feed.writing.locks import Writing
from openprospect.server.instance.store import note_erasure_log
from openprospect.server.privacy.erase import Subject, erase
from openprospect.server.privacy.log import ErasureLog
from openprospect.server.privacy.model import ErasurePolicy
from openprospect.server.webhooks import store
from openprospect.server.webhooks.model import Attempt, LoggedAttempt, WebhookId
from tests.webhooks.conftest import create, deliver, eventually, until
from tests.webhooks.pushing import endpoint
from tests.webhooks.receiver import Reply

MARIA = {"first_name": "Maria", "last_name": "Schmidt", "email": "maria.schmidt@hotel.example"}
HOTEL = {"name": "Hotel", "source_id": "1", "prospects": [MARIA]}


def holds_maria(request):
    return b"aria" in request.body


async def test_an_accepted_full_event_is_a_receipt(client, database, search_id, receiver):
    made = await create(client, receiver.url(), prospect_search_id=search_id, full=True)
    await deliver(client, search_id, HOTEL)
    await until(receiver, lambda receiver: receiver.requests)
    delivered_at = receiver.events()[0]["data"]["delivered_at"]

    async def confirmed():
        return await database.row("SELECT confirmed_until, served_until FROM receipt WHERE consumer = $1", made["consumer"])

    receipt = await eventually(confirmed, lambda row: row and row["confirmed_until"])
    assert receipt["confirmed_until"].isoformat().replace("+00:00", "Z") == delivered_at


async def test_a_thin_event_is_no_receipt(client, database, search_id, receiver):
    await create(client, receiver.url("/thin"), prospect_search_id=search_id)
    full = await create(client, receiver.url("/full"), prospect_search_id=search_id, full=True)
    await deliver(client, search_id, HOTEL)

    async def consumers():
        return {row["consumer"] for row in await database.rows("SELECT consumer FROM receipt")}

    await until(receiver, lambda receiver: len(receiver.requests) == 2)
    assert await eventually(consumers, lambda found: found) == {full["consumer"]}


async def test_an_erasure_names_the_endpoint_and_counts_its_confirmation(client, search_id, receiver):
    made = await create(client, receiver.url(), prospect_search_id=search_id, full=True)
    await deliver(client, search_id, HOTEL)
    await until(receiver, lambda receiver: receiver.requests)
    confirmed = await eventually(lambda: client.get("/prospects"), lambda answer: answer.json()["total"] == 1)
    assert confirmed.status_code == 200

    async def erasure():
        return (await client.post("/erasures", json={"email": MARIA["email"]})).json()

    done = await eventually(erasure, lambda item: item["recipients"] and item["status"] == "confirmed")
    assert [recipient["key_name"] for recipient in done["recipients"]] == [made["consumer"]]


async def test_an_erased_person_does_not_go_out_when_a_failed_message_is_sent_again(client, search_id, receiver):
    receiver.behave = lambda _request: Reply(500)
    await create(client, receiver.url(), prospect_search_id=search_id, full=True)
    await deliver(client, search_id, HOTEL)
    await until(receiver, lambda receiver: receiver.requests)
    assert holds_maria(receiver.requests[0])
    await client.post("/erasures", json={"email": MARIA["email"]})
    before = len(receiver.requests)
    receiver.behave = lambda _request: Reply()
    await until(receiver, lambda receiver: len(receiver.requests) >= before + 2)
    later = receiver.requests[before + 1 :]
    assert later
    assert not any(holds_maria(request) for request in later)
    assert receiver.events()[-1]["data"]["company"]["prospects"] == []


async def test_the_log_holds_nobody_even_where_the_receiver_echoes(client, database, search_id, receiver):
    receiver.behave = lambda request: Reply(500, request.body)
    made = await create(client, receiver.url(), prospect_search_id=search_id, full=True)
    await deliver(client, search_id, HOTEL)
    attempts = await eventually(lambda: client.get(f"/webhooks/{made['id']}/attempts"), lambda answer: answer.json()["total"] >= 2)
    assert attempts.json()["items"][0]["failure"] == "The endpoint answered 500."
    kept = await database.value("SELECT json_agg(webhook_attempt)::text FROM webhook_attempt")
    assert "aria" not in json.dumps(kept)


async def test_an_erasure_empties_what_receivers_answered_and_drops_what_is_on_its_way(client, database, search_id, receiver):
    receiver.behave = lambda _request: Reply(500, b"Maria is known here already")
    made = await create(client, receiver.url(), prospect_search_id=search_id)
    await deliver(client, search_id, HOTEL)

    async def answers():
        rows = await database.rows("SELECT answer FROM webhook_attempt ORDER BY id")
        return [row["answer"] for row in rows]

    await eventually(answers, any)
    await client.post(f"/webhooks/{made['id']}/disable")
    before = await store.target(database, WebhookId(UUID(made["id"])))
    await client.post("/erasures", json={"email": MARIA["email"]})
    after = await store.target(database, WebhookId(UUID(made["id"])))
    assert before
    assert after
    attempt = Attempt(event="t", message_id="m", latency_ms=1, status=500, failure="f", answer="Maria again")
    # A machine's clock may be ahead of the database's: it has no say in what came first.
    ahead = LoggedAttempt(at=datetime.now(UTC) + timedelta(days=1), search_id=None, attempt=attempt)
    await store.log_attempts(database, [(target, ahead) for target in (before, after)])
    *earlier, newest = await answers()
    assert set(earlier) == {None}
    assert newest == "Maria again", "what is answered afterwards is kept"


async def test_an_erasure_that_waits_for_the_disk_of_its_log_keeps_no_attempt_from_being_logged(database, search, receiver, tmp_path):
    await endpoint(database, search, receiver.url())
    log = ErasureLog(tmp_path / "erasures.jsonl")
    await note_erasure_log(database, log.begin(), log.path)
    policy = ErasurePolicy(deadline=timedelta(days=1), log=log)
    erasing = erase(database, Writing(database), search.organization_id, Subject(email=MARIA["email"]), actor="test", policy=policy)
    with log.path.open() as slow:
        fcntl.flock(slow, fcntl.LOCK_EX)
        task = asyncio.create_task(erasing)
        await eventually(lambda: database.rows("SELECT 1 FROM erasure_log FOR UPDATE SKIP LOCKED"), lambda free: not free)
        assert await database.rows("SELECT id FROM webhook FOR SHARE SKIP LOCKED")
    await task


async def test_a_company_that_only_named_the_erased_is_delivered_again_and_nobody_of_it_is_told_of(client, search_id, receiver):
    events = ["company.delivered", "prospect.erased"]
    await create(client, receiver.url(), prospect_search_id=search_id, events=events)
    await deliver(client, search_id, HOTEL | {"prospects": [], "contact": MARIA["email"]})
    await client.post("/erasures", json={"email": MARIA["email"]})
    await deliver(client, search_id, HOTEL | {"name": "Café", "source_id": "2", "prospects": []})
    await until(receiver, lambda receiver: len({event["data"]["company_id"] for event in receiver.events()}) == 2)
    assert {event["type"] for event in receiver.events()} == {"company.delivered"}
