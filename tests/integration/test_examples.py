"""The examples of the OpenAPI document are what the service really answers, ids and times made steady.

`make openapi` writes them anew.
"""

import json
import os
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from openprospect.server.app import create_app
from openprospect.server.core.timestamps import format_timestamp
from openprospect.server.http.openapi import EXAMPLES
from openprospect.server.settings import Settings
from tests.integration.conftest import SECRET_KEY, Service, running
from tests.webhooks.conftest import eventually
from tests.webhooks.receiver import Receiver

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")

_CHANCE = {
    re.compile(r"whsec_[A-Za-z0-9+/=]+"): "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    re.compile(r"msg_[0-9a-f]+"): "msg_2b7e151628aed2a6abf7158809cf4f3c",
    re.compile(r'"latency_ms": \d+'): '"latency_ms": 42',
    re.compile(r"http://127\.0\.0\.1:\d+/hook"): "https://crm.example.com/hooks",
}
_BEGIN = datetime(2026, 2, 25, 12, tzinfo=UTC)

HOTEL = {
    "source_id": "crm-1001",
    "name": "Grand Hotel Berlin",
    "website_url": "https://www.grandhotel-berlin.example",
    "city": "Berlin",
    "prospects": [
        {"first_name": "Maria", "last_name": "Schmidt", "email": "m.schmidt@grandhotel-berlin.example", "job_title": "General Manager"}
    ],
}


class Recording:
    """Asks the service, and keeps question and answer as examples of the operation."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.examples: dict[str, dict[str, Any]] = {}

    async def ask(self, operation: str, method: str, path: str, body: Any = None) -> Any:
        answer = await self._client.request(method, path, json=body)
        kept = self.examples.setdefault(operation, {})
        if body is not None and answer.is_success:
            kept["request"] = body
        if answer.content:
            kept[str(answer.status_code)] = answer.json()
        return answer.json() if answer.content else None


def steadied(examples: Any) -> Any:
    """Ids numbered as they come, times as they follow each other: the same hour for all, as many days apart as they are."""
    text = json.dumps(examples)
    ids = {found: f"01985e7a-0000-7000-8000-{number:012}" for number, found in enumerate(dict.fromkeys(_UUID.findall(text)), 1)}
    times = sorted(set(_TIMESTAMP.findall(text)))
    begin = datetime.fromisoformat(times[0])
    steady = {
        found: _BEGIN + timedelta(days=(datetime.fromisoformat(found) - begin).days, microseconds=number)
        for number, found in enumerate(times, 1)
    }
    for chance, example in _CHANCE.items():
        text = chance.sub(example, text)
    text = _UUID.sub(lambda found: ids[found[0]], text)
    return json.loads(_TIMESTAMP.sub(lambda found: format_timestamp(steady[found[0]]), text))


async def record(client: Any, url: str) -> dict[str, dict[str, Any]]:
    recording = Recording(client)
    ask = recording.ask
    await ask("validate_key", "GET", "/auth/validate")
    search = await ask("open_prospect_search", "POST", "/prospect-searches", {"name": "Hotels in Berlin"})
    feed = f"/deliveries/{search['id']}"
    result = await ask("deliver_companies", "POST", f"{feed}/companies", {"companies": [HOTEL]})
    await ask("deliver_companies", "POST", f"{feed}/companies", {"companies": [{"name": " "}]})
    page = await ask("delivered_companies", "GET", f"{feed}/companies")
    await ask("confirm_receipt", "PUT", f"{feed}/receipt", {"delivered_until": result["delivered_until"]})
    await ask("prospect_searches", "GET", "/prospect-searches")
    (company,) = page["items"]
    (person,) = company["prospects"]
    await ask("companies", "GET", "/companies")
    await ask("company", "GET", f"/companies/{company['id']}")
    await ask("prospects", "GET", "/prospects")
    await ask("prospect", "GET", f"/prospects/{person['id']}")
    # Who received the page is written down a moment after it.
    await eventually(lambda: client.post("/disclosures", json={"email": person["email"]}), lambda answer: answer.json()["recipients"])
    await ask("disclose_person", "POST", "/disclosures", {"email": person["email"]})
    erasure = await ask("erase_person", "POST", "/erasures", {"email": person["email"]})
    await ask("erasure", "GET", f"/erasures/{erasure['id']}")
    await ask("withdraw_company", "DELETE", f"{feed}/companies/{company['id']}")
    await ask("withdraw_company", "DELETE", f"{feed}/companies/{company['id']}")
    await record_webhooks(ask, search["id"], url, since=result["delivered_until"])
    examples: dict[str, dict[str, Any]] = steadied(recording.examples)
    return examples


async def record_webhooks(ask: Any, search_id: str, url: str, *, since: str) -> None:
    webhook = await ask("create_webhook", "POST", "/webhooks", {"url": url, "prospect_search_id": search_id})
    await ask("create_webhook", "POST", "/webhooks", {"url": "https://someone:secret@crm.example.com/hooks"})
    path = f"/webhooks/{webhook['id']}"
    await ask("try_webhook", "POST", f"{path}/test")
    await ask("webhook_attempts", "GET", f"{path}/attempts")
    await ask("rotate_webhook", "POST", f"{path}/rotate")
    # Disabled from here on: what the dispatcher would send meanwhile is not part of the examples.
    await ask("disable_webhook", "POST", f"{path}/disable")
    await ask("webhook", "GET", path)
    await ask("webhooks", "GET", "/webhooks")
    await ask("move_webhook", "PATCH", path, {"url": url})
    await ask("replay_webhook", "POST", f"{path}/replay", {"since": since})
    await ask("delete_webhook", "DELETE", path)
    await ask("delete_webhook", "DELETE", path)
    other = await ask("create_destination", "POST", f"/deliveries/{search_id}/destinations", {"url": url})
    await ask("enable_webhook", "POST", f"/webhooks/{other['id']}/enable")


@pytest.fixture
async def service(dsn, database):
    """One that may push to the receiver of this test."""
    async with running(create_app(dsn, Settings(webhook_allow_private=True, secret_keys=(SECRET_KEY,)))) as transport:
        service = Service(transport, database)
        yield service
        await service.close()


@pytest.fixture
def url():
    with Receiver().listening() as receiver:
        yield receiver.url()


async def test_the_documented_examples_are_what_the_service_answers(client, url):
    examples = await record(client, url)
    if os.environ.get("WRITE_EXAMPLES"):
        EXAMPLES.write_text(json.dumps(examples, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    assert json.loads(EXAMPLES.read_text(encoding="utf-8")) == examples, (
        "run `make openapi`, and look at what the change means for consumers"
    )


async def test_every_operation_has_an_example_of_what_it_takes_and_of_what_it_answers(client):
    paths = (await client.get("/openapi.json")).json()["paths"]
    operations = [operation for methods in paths.values() for operation in methods.values()]
    assert [operation["operationId"] for operation in operations for place in exemplary(operation) if "example" not in place] == []


def exemplary(operation):
    """The contents that should have an example: the body asked for, and the answer where all goes well."""
    answers = [operation["responses"][status] for status in ("200", "201") if status in operation["responses"]]
    bodies = [operation["requestBody"]] if "requestBody" in operation else []
    return [place["content"]["application/json"] for place in answers + bodies if "application/json" in place["content"]]
