"""An endpoint that is reached elsewhere from now on: what the old address did is not held against the new one."""

from typing import Any

import pytest

from openprospect.server.db.pool import Database
from openprospect.server.feed.receipts import Receipts
from openprospect.server.searches.model import Search
from openprospect.server.webhooks.dispatch import Dispatcher
from openprospect.server.webhooks.endpoints import give_up, known_webhook, update
from openprospect.server.webhooks.message import Message
from openprospect.server.webhooks.model import Attempt, Status, Target, Webhook
from openprospect.server.webhooks.sender import Sent
from tests.webhooks.conftest import create, deliver, eventually, until
from tests.webhooks.pushing import endpoint, given_up, held_place, put
from tests.webhooks.receiver import Reply

MANAGE = ["webhooks:read", "webhooks:write"]


class MovedMeanwhile:
    """A sender under which the endpoint is moved just before its old address answers that it is gone."""

    def __init__(self, database: Database, *, to: str) -> None:
        self._database = database
        self._to = to
        self.webhook: Webhook | None = None

    async def send(self, _target: Target, message: Message) -> Sent:
        assert self.webhook
        await update(self._database, self.webhook, url=self._to, base_url=None, allow_private=True, actor="test")
        gone = Attempt(event=message.event, message_id=message.id, latency_ms=1, status=410, failure="Gone.", answer=None)
        return Sent(attempt=gone)


async def failing_for_hours(client, database, search_id, receiver) -> dict[str, Any]:
    """An endpoint whose next attempt is due tomorrow."""
    receiver.behave = lambda request: Reply(500 if request.path == "/hook" else 204)
    made = await create(client, receiver.url(), prospect_search_id=search_id)
    await deliver(client, search_id, "hotel")
    await until(receiver, lambda receiver: receiver.requests)
    await database.execute(
        "UPDATE webhook_position SET failures = 30, failing_since = failing_since - interval '6 days', "
        "next_attempt_at = clock_timestamp() + interval '1 day', claim = NULL, claimed_until = NULL"
    )
    return made


async def test_a_moved_endpoint_is_sent_to_at_once_and_has_a_clean_record(client, database, search_id, receiver):
    made = await failing_for_hours(client, database, search_id, receiver)
    moved = await client.patch(f"/webhooks/{made['id']}", json={"url": receiver.url("/new")})
    assert (moved.status_code, moved.json()["url"]) == (200, receiver.url("/new"))
    assert (moved.json()["status"], moved.json()["next_attempt_at"]) == ("active", None)
    await until(receiver, lambda receiver: receiver.events("/new"))


async def test_the_first_failure_at_a_new_address_is_the_first(client, database, search_id, receiver):
    made = await failing_for_hours(client, database, search_id, receiver)
    receiver.behave = lambda _request: Reply(500)
    await client.patch(f"/webhooks/{made['id']}", json={"url": receiver.url("/new")})
    await until(receiver, lambda receiver: len(receiver.events("/new")) >= 2)
    assert (await client.get(f"/webhooks/{made['id']}")).json()["status"] == "failing"


async def test_an_endpoint_that_was_given_up_goes_on_at_its_new_address(client, database, search_id, receiver):
    made = await failing_for_hours(client, database, search_id, receiver)
    await given_up(database, made["id"], reason="for a test")
    assert (await client.get(f"/webhooks/{made['id']}")).json()["status"] == "disabled"
    moved = (await client.patch(f"/webhooks/{made['id']}", json={"url": receiver.url("/new")})).json()
    assert (moved["status"], moved["disabled_reason"]) == ("active", None)
    await until(receiver, lambda receiver: receiver.events("/new"))


async def test_an_endpoint_that_somebody_switched_off_stays_off_where_it_is_moved(client, search_id, receiver):
    made = await create(client, receiver.url(), prospect_search_id=search_id)
    await client.post(f"/webhooks/{made['id']}/disable")
    assert (await client.patch(f"/webhooks/{made['id']}", json={"url": receiver.url("/new")})).json()["status"] == "disabled"


async def test_what_the_old_address_answers_after_the_move_disables_nothing(database: Database, search: Search):
    sender = MovedMeanwhile(database, to="http://127.0.0.1:59997/new")
    sender.webhook = made = await endpoint(database, search, "http://127.0.0.1:59997/old")
    await put(database, search, "hotel")
    dispatcher = Dispatcher(database, sender, Receipts())  # type: ignore[arg-type]  # as far as the dispatcher uses one
    await dispatcher.upkeep()
    await dispatcher.poll()

    async def known() -> Webhook:
        return await known_webhook(database, made.id, None)

    await eventually(known, lambda webhook: webhook.url.endswith("/new"))
    await dispatcher.stop()
    assert (await known()).status is Status.ACTIVE
    assert await database.value("SELECT failures FROM webhook_position") == 0


async def test_whoever_was_found_failing_before_a_move_is_not_given_up_after_it(database: Database, search: Search):
    made = await endpoint(database, search, "http://127.0.0.1:59997/old")
    place = await held_place(database, made.id)
    await update(database, made, url="http://127.0.0.1:59997/new", base_url=None, allow_private=True, actor="test")
    assert not await give_up(database, place, reason="for a test")
    assert (await known_webhook(database, made.id, None)).status is Status.ACTIVE


async def test_whoever_may_not_pull_people_cannot_move_an_endpoint_that_carries_them(service, client, receiver):
    manager = await service.client("manager", scopes=MANAGE)
    thin, full = await create(client, receiver.url()), await create(client, receiver.url(), full=True)
    assert (await manager.patch(f"/webhooks/{thin['id']}", json={"url": receiver.url("/new")})).status_code == 200
    assert (await manager.patch(f"/webhooks/{full['id']}", json={"url": receiver.url("/new")})).status_code == 403
    assert (await client.get(f"/webhooks/{full['id']}")).json()["url"] == receiver.url()


@pytest.mark.parametrize("body", [{}, {"url": "http://169.254.169.254/"}, {"url": "ftp://crm.example.com"}, {"full": True}])
async def test_a_move_to_nowhere_is_refused(client, receiver, body):
    made = await create(client, receiver.url())
    response = await client.patch(f"/webhooks/{made['id']}", json=body)
    assert (response.status_code, response.json()["code"]) == (422, "VALIDATION_ERROR")
