"""What owners do with endpoints: make, list, test, rotate, replay, disable, enable, delete; and who may."""

import asyncio
from datetime import timedelta

import pytest
from standardwebhooks import Webhook

from openprospect.server.webhooks.retention import Retention, forget_attempts
from tests.integration.conftest import open_search
from tests.webhooks.conftest import create, deliver, eventually, until
from tests.webhooks.receiver import Reply

MANAGE = ["webhooks:read", "webhooks:write"]


def ids_of(receiver):
    return [request.id for request in receiver.requests]


def reader(client, path):
    async def read():
        return (await client.get(path)).json()

    return read


async def test_a_new_endpoint_is_shown_with_its_secret_and_later_without(client, search_id, receiver):
    made = await create(client, receiver.url(), prospect_search_id=search_id)
    assert made.pop("secret").startswith("whsec_")
    assert made["events"] == ["company.delivered", "company.withdrawn", "prospect.erased"]
    assert (made["status"], made["full"], made["consumer"]) == ("active", False, f"webhook:{made['id']}")
    assert (await client.get(f"/webhooks/{made['id']}")).json() == made
    assert (await client.get("/webhooks")).json() == {"items": [made], "total": 1, "limit": 50, "offset": 0, "has_more": False}


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"url": "http://169.254.169.254/"},
        {"url": "ftp://crm.example.com"},
        {"url": "https://crm.example.com", "events": ["company.sold"]},
        {"url": "https://crm.example.com", "fulll": True},
        {"url": "https://crm.example.com", "prospect_search_id": "1"},
    ],
)
async def test_a_faulty_endpoint_is_refused(client, body):
    response = await client.post("/webhooks", json=body)
    assert (response.status_code, response.json()["code"]) == (422, "VALIDATION_ERROR")


async def test_an_endpoint_for_an_unknown_search_is_refused(client, receiver):
    body = {"url": receiver.url(), "prospect_search_id": "11111111-1111-4111-8111-111111111111"}
    response = await client.post("/webhooks", json=body)
    assert (response.status_code, response.json()["code"]) == (404, "PROSPECT_SEARCH_NOT_FOUND")


async def test_an_endpoint_of_another_organization_looks_like_none(service, client, search_id, receiver):
    made = await create(client, receiver.url(), prospect_search_id=search_id)
    stranger = await service.client("stranger", organization=await service.organization("another"))
    body = {"url": receiver.url(), "prospect_search_id": search_id}
    assert (await stranger.post("/webhooks", json=body)).status_code == 404
    assert (await stranger.get("/webhooks")).json()["total"] == 0
    path = f"/webhooks/{made['id']}"
    answers = [
        await stranger.get(path),
        await stranger.delete(path),
        await stranger.patch(path, json={"url": receiver.url()}),
        await stranger.get(f"{path}/attempts"),
    ]
    answers += [await stranger.post(f"{path}/{verb}", json={}) for verb in ("test", "replay", "rotate", "disable", "enable")]
    assert {(answer.status_code, answer.json()["code"]) for answer in answers} == {(404, "WEBHOOK_NOT_FOUND")}


async def test_whoever_may_not_pull_people_cannot_have_them_pushed(service, receiver):
    manager = await service.client("manager", scopes=MANAGE)
    response = await manager.post("/webhooks", json={"url": receiver.url(), "full": True})
    assert response.status_code == 403
    assert response.json()["details"]["required_scopes"] == ["webhooks:write", "companies:read", "prospects:read"]
    assert (await manager.post("/webhooks", json={"url": receiver.url()})).status_code == 201


async def test_a_test_message_is_sent_at_once_and_its_outcome_told(client, receiver):
    made = await create(client, receiver.url())
    outcome = (await client.post(f"/webhooks/{made['id']}/test")).json()
    assert outcome["accepted"] is True
    assert receiver.events()[0]["type"] == "webhook.test"
    receiver.behave = lambda _request: Reply(500, b"no such table")
    outcome = (await client.post(f"/webhooks/{made['id']}/test")).json()
    assert (outcome["accepted"], outcome["status"], outcome["answer"]) == (False, 500, "no such table")
    attempts = (await client.get(f"/webhooks/{made['id']}/attempts")).json()
    assert [attempt["status"] for attempt in attempts["items"]] == [500, 204]


async def test_after_a_rotation_messages_fit_both_secrets(client, search_id, receiver):
    made = await create(client, receiver.url(), prospect_search_id=search_id)
    rotated = (await client.post(f"/webhooks/{made['id']}/rotate")).json()
    assert rotated["secret"] != made["secret"]
    assert rotated["previous_until"] > made["created_at"]
    await deliver(client, search_id, "hotel")
    await until(receiver, lambda receiver: receiver.requests)
    [request] = receiver.requests
    for secret in (made["secret"], rotated["secret"]):
        assert Webhook(secret).verify(request.body, request.headers)["type"] == "company.delivered"


async def test_a_day_after_a_rotation_the_previous_secret_is_done(client, database, search_id, receiver):
    made = await create(client, receiver.url(), prospect_search_id=search_id)
    await client.post(f"/webhooks/{made['id']}/rotate")
    await database.execute("UPDATE webhook_secret SET retires_at = retires_at - interval '25 hours'")
    await deliver(client, search_id, "hotel")
    await until(receiver, lambda receiver: receiver.requests)
    assert len(receiver.requests[0].headers["webhook-signature"].split()) == 1


async def test_a_replay_sends_what_came_after_a_time_again_with_the_same_ids(client, search_id, receiver):
    made = await create(client, receiver.url(), prospect_search_id=search_id)
    await deliver(client, search_id, "one", "two", "three")
    await until(receiver, lambda receiver: len(receiver.requests) == 3)
    since = receiver.events()[0]["timestamp"]
    assert (await client.post(f"/webhooks/{made['id']}/replay", json={"since": since})).status_code == 200
    await until(receiver, lambda receiver: len(receiver.requests) == 5)
    assert ids_of(receiver)[3:] == ids_of(receiver)[1:3]


async def test_a_replay_of_a_company_begins_with_it(client, search_id, receiver):
    made = await create(client, receiver.url(), prospect_search_id=search_id)
    ids = await deliver(client, search_id, "one", "two", "three")
    await until(receiver, lambda receiver: len(receiver.requests) == 3)
    assert (await client.post(f"/webhooks/{made['id']}/replay", json={"company_id": ids[1]})).status_code == 200
    await until(receiver, lambda receiver: len(receiver.requests) == 5)
    assert [event["data"]["company_id"] for event in receiver.events()[3:]] == ids[1:]


async def test_a_replay_reaches_what_was_delivered_before_the_endpoint_was_made(client, search_id, receiver):
    ids = await deliver(client, search_id, "one", "two")
    made = await create(client, receiver.url(), prospect_search_id=search_id)
    await client.post(f"/webhooks/{made['id']}/replay", json={"since": "2000-01-01T00:00:00Z"})
    await until(receiver, lambda receiver: len(receiver.requests) == 2)
    assert [event["data"]["company_id"] for event in receiver.events()] == ids


async def test_a_replay_never_skips_what_is_yet_to_come(client, search_id, receiver):
    made = await create(client, receiver.url(), prospect_search_id=search_id)
    await client.post(f"/webhooks/{made['id']}/disable")
    [company] = await deliver(client, search_id, "one")
    await client.post(f"/webhooks/{made['id']}/replay", json={"since": "2100-01-01T00:00:00Z"})
    await client.post(f"/webhooks/{made['id']}/enable")
    await until(receiver, lambda receiver: receiver.requests)
    assert receiver.events()[0]["data"]["company_id"] == company


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"since": "2026-02-25T12:00:00"}, 422),
        ({"since": "2026-02-25T12:00:00Z", "company_id": "11111111-1111-4111-8111-111111111111"}, 422),
        ({"company_id": "11111111-1111-4111-8111-111111111111"}, 404),
    ],
)
async def test_a_replay_from_nowhere_is_refused(client, receiver, body, status):
    made = await create(client, receiver.url())
    assert (await client.post(f"/webhooks/{made['id']}/replay", json=body)).status_code == status


async def test_a_disabled_endpoint_keeps_its_place_and_goes_on_there(client, search_id, receiver):
    made = await create(client, receiver.url(), prospect_search_id=search_id)
    disabled = (await client.post(f"/webhooks/{made['id']}/disable")).json()
    assert (disabled["status"], disabled["disabled_reason"]) == ("disabled", "Disabled by key consumer.")
    ids = await deliver(client, search_id, "one", "two")
    other = await open_search(client, "other")
    await create(client, receiver.url("/other"), prospect_search_id=other)
    await deliver(client, other, "three")
    await until(receiver, lambda receiver: receiver.events("/other"))
    assert receiver.events("/hook") == []
    assert (await client.post(f"/webhooks/{made['id']}/enable")).json()["status"] == "active"
    await until(receiver, lambda receiver: len(receiver.events("/hook")) == 2)
    assert [event["data"]["company_id"] for event in receiver.events("/hook")] == ids


async def test_410_disables_at_once_and_says_so(client, database, search_id, receiver):
    receiver.behave = lambda _request: Reply(410)
    made = await create(client, receiver.url(), prospect_search_id=search_id)
    await deliver(client, search_id, "hotel")
    state = await eventually(reader(client, f"/webhooks/{made['id']}"), lambda state: state["status"] == "disabled")
    assert state["disabled_reason"] == "The endpoint answered 410 Gone."
    assert len(receiver.requests) == 1
    events = [(row["actor"], row["action"]) for row in await database.rows("SELECT actor, action FROM history ORDER BY id")]
    assert ("dispatcher", "webhook disabled") in events


async def test_five_days_of_nothing_but_failure_disable(client, database, search_id, receiver):
    receiver.behave = lambda _request: Reply(500)
    made = await create(client, receiver.url(), prospect_search_id=search_id)
    await deliver(client, search_id, "hotel")
    await until(receiver, lambda receiver: receiver.requests)
    failing = await eventually(reader(client, f"/webhooks/{made['id']}"), lambda state: state["status"] == "failing")
    assert failing["next_attempt_at"] is not None
    await database.execute("UPDATE webhook_position SET failures = 12, failing_since = failing_since - interval '5 days'")
    state = await eventually(reader(client, f"/webhooks/{made['id']}"), lambda state: state["status"] == "disabled")
    assert "5 days" in state["disabled_reason"]


async def test_success_in_another_search_keeps_a_failing_endpoint_alive(client, database, search_id, receiver):
    fine = await open_search(client, "fine")
    made = await create(client, receiver.url())
    await deliver(client, fine, "one")
    await until(receiver, lambda receiver: receiver.requests)
    receiver.behave = lambda _request: Reply(500)
    await deliver(client, search_id, "two")
    await until(receiver, lambda receiver: len(receiver.requests) >= 2)
    await database.execute(
        "UPDATE webhook_position SET failures = 12, failing_since = failing_since - interval '9 days' WHERE failures > 0"
    )
    await until(receiver, lambda receiver: len(receiver.requests) >= 3)
    state = await eventually(reader(client, f"/webhooks/{made['id']}/attempts"), lambda page: page["total"] >= 3)
    assert state["items"][0]["failure"] == "The endpoint answered 500."
    assert (await client.get(f"/webhooks/{made['id']}")).json()["status"] == "failing"


async def test_a_deleted_endpoint_is_forgotten(client, database, search_id, receiver):
    made = await create(client, receiver.url(), prospect_search_id=search_id)
    await deliver(client, search_id, "hotel")
    await until(receiver, lambda receiver: receiver.requests)
    assert (await client.delete(f"/webhooks/{made['id']}")).status_code == 204
    assert (await client.get(f"/webhooks/{made['id']}")).status_code == 404
    for table in ("webhook", "webhook_secret", "webhook_position", "webhook_attempt"):
        assert await database.value(f"SELECT count(*) FROM {table}") == 0


async def test_attempts_are_forgotten_in_time_failed_ones_later(client, database, search_id, receiver):
    made = await create(client, receiver.url())
    await client.post(f"/webhooks/{made['id']}/test")
    receiver.behave = lambda _request: Reply(500)
    await client.post(f"/webhooks/{made['id']}/test")
    await database.execute("UPDATE webhook_attempt SET at = at - interval '31 days'")
    await forget_attempts(database, Retention(accepted=timedelta(days=30), failed=timedelta(days=90)))
    assert [row["status"] for row in await database.rows("SELECT status FROM webhook_attempt")] == [500]


async def test_old_attempts_go_in_portions_and_those_that_an_erasure_holds_in_the_next_round(client, database, receiver):
    made = await create(client, receiver.url())
    for _ in range(5):
        await client.post(f"/webhooks/{made['id']}/test")
    await database.execute("UPDATE webhook_attempt SET at = at - interval '31 days'")
    retention = Retention(accepted=timedelta(days=30), failed=timedelta(days=90))
    async with database.transaction() as db:
        held = await db.value("SELECT id FROM webhook_attempt WHERE id = (SELECT min(id) + 1 FROM webhook_attempt) FOR UPDATE")
        await asyncio.wait_for(forget_attempts(database, retention, portion=2), 20)
        assert [row["id"] for row in await db.rows("SELECT id FROM webhook_attempt")] == [held]
    await forget_attempts(database, retention, portion=2)
    assert await database.value("SELECT count(*) FROM webhook_attempt") == 0


async def test_no_secret_and_no_query_of_a_url_is_in_history(client, database, receiver):
    made = await create(client, receiver.url("/hook?token=hush"))
    await client.post(f"/webhooks/{made['id']}/rotate")
    told = str(await database.rows("SELECT details::text FROM history"))
    assert "webhook" in told
    assert "hush" not in told
    assert "whsec" not in told
