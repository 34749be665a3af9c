"""What machines ask: is the service ready, and how is it doing?"""

from contextlib import AsyncExitStack, asynccontextmanager
from time import time

import asyncpg
import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from openprospect.server.app import create_app
from openprospect.server.db.embedded import temporary
from openprospect.server.db.migrate import migrate
from openprospect.server.settings import Settings
from tests.conftest import ADMINISTRATOR, as_role
from tests.databases import seeing_all
from tests.integration.conftest import BASE_URL, pull, running
from tests.webhooks.pushing import given_up


def seen_from(host, transport):
    """The same service, to a caller with this address."""
    return httpx.ASGITransport(transport.app, client=(host, 4711))


async def scraped(transport, *, token=None):
    """Samples by name, each a list of labels and value."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with httpx.AsyncClient(transport=transport, base_url=BASE_URL, headers=headers) as http:
        answer = await http.get("/metrics")
    assert answer.status_code == 200, answer.text
    samples: dict[str, list[tuple[dict[str, str], float]]] = {}
    for family in text_string_to_metric_families(answer.text):
        for sample in family.samples:
            samples.setdefault(sample.name, []).append((sample.labels, sample.value))
    return samples


@asynccontextmanager
async def service_without_its_database():
    """A service whose PostgreSQL has been stopped."""
    with temporary() as dsn:
        await migrate(dsn)
        stack = AsyncExitStack()
        transport = await stack.enter_async_context(running(create_app(dsn)))
    async with stack, httpx.AsyncClient(transport=transport, base_url=BASE_URL) as http:
        yield http


async def test_ready_means_that_the_database_answers(service):
    async with httpx.AsyncClient(transport=service.transport, base_url=BASE_URL) as http:
        answer = await http.get("/ready")
    assert (answer.status_code, answer.json()) == (200, {"status": "ready"})


async def test_without_its_database_the_service_is_alive_and_not_ready_and_still_counts():
    async with service_without_its_database() as http:
        assert (await http.get("/ready")).status_code == 503
        assert (await http.get("/health")).status_code == 200
        metrics = (await http.get("/metrics")).text
    assert "openprospect_database_up 0.0" in metrics
    assert 'route="/ready",status="503"' in metrics


async def test_requests_are_counted_by_the_template_of_their_route(service, client, search_id):
    await pull(client, search_id)
    await client.head(f"/deliveries/{search_id}/companies")
    await client.get("/companies/nonsense")
    await client.get("/no/such/route?email=maria@hotel.example")
    samples = await scraped(service.transport)
    found = {(labels["method"], labels["route"], labels["status"]): value for labels, value in samples["openprospect_requests_total"]}
    assert found["GET", "/api/v1/deliveries/{prospect_search_id}/companies", "200"] == 2
    assert found["GET", "/api/v1/companies/{company_id}", "422"] == 1
    assert found["GET", "(no such route)", "404"] == 1
    assert not any("maria" in part or search_id in part for labels in found for part in labels)
    timed = {labels["route"]: value for labels, value in samples["openprospect_request_seconds_count"]}
    assert timed["/api/v1/deliveries/{prospect_search_id}/companies"] == 2


async def test_lag_is_told_for_each_consumer(service, client, search_id):
    rows = [{"name": f"Hotel {number}", "source_id": str(number)} for number in range(3)]
    await client.post(f"/deliveries/{search_id}/companies", json={"companies": rows})
    page = await pull(client, search_id)
    await client.put(f"/deliveries/{search_id}/receipt", json={"delivered_until": page["items"][0]["delivered_at"]})
    samples = await scraped(service.transport)
    ((labels, behind),) = samples["openprospect_consumer_behind_companies"]
    assert (labels["consumer"], labels["search"], labels["search_id"], behind) == ("consumer", "hotels", search_id, 2)
    (_, companies) = samples["openprospect_feed_companies"][0]
    (_, deliveries) = samples["openprospect_deliveries_total"][0]
    assert (companies, deliveries) == (3, 3)
    ((_, oldest),) = samples["openprospect_consumer_oldest_unconfirmed_timestamp_seconds"]
    ((_, watermark),) = samples["openprospect_feed_watermark_timestamp_seconds"]
    assert oldest <= watermark


async def test_an_erasure_counts_until_its_recipients_have_confirmed(service, client, search_id):
    person = {"email": "maria@hotel.example"}
    await client.post(f"/deliveries/{search_id}/companies", json={"companies": [{"name": "Hotel", "prospects": [person]}]})
    page = await pull(client, search_id)
    await client.put(f"/deliveries/{search_id}/receipt", json={"delivered_until": page["items"][0]["delivered_at"]})
    await client.post("/erasures", json=person)
    samples = await scraped(service.transport)
    assert [value for _, value in samples["openprospect_erasures_unconfirmed"]] == [1]
    assert [value for _, value in samples["openprospect_erasures_late"]] == [0]
    page = await pull(client, search_id)
    await client.put(f"/deliveries/{search_id}/receipt", json={"delivered_until": page["items"][0]["delivered_at"]})
    assert "openprospect_erasures_unconfirmed" not in await scraped(service.transport)


async def test_what_waits_for_an_endpoint_is_told_and_whether_it_was_given_up(service, client, search_id, database):
    made = await client.post("/webhooks", json={"url": "http://127.0.0.1:59997/", "prospect_search_id": search_id})
    await client.post(f"/webhooks/{made.json()['id']}/disable")
    rows = [{"name": f"Hotel {number}", "source_id": str(number)} for number in range(130)]
    await client.post(f"/deliveries/{search_id}/companies", json={"companies": rows})
    samples = await scraped(service.transport)
    ((labels, waiting),) = samples["openprospect_webhook_waiting_companies"]
    assert (labels["webhook_id"], waiting) == (made.json()["id"], 130)
    assert [value for _, value in samples["openprospect_webhook_failing"]] == [0]
    await given_up(database, made.json()["id"], reason="for a test")
    assert [value for _, value in (await scraped(service.transport))["openprospect_webhook_failing"]] == [0]
    await client.post(f"/webhooks/{made.json()['id']}/enable")
    await given_up(database, made.json()["id"], reason="for a test")
    assert [value for _, value in (await scraped(service.transport))["openprospect_webhook_failing"]] == [1]


async def test_a_feed_tells_how_many_consumers_it_has(service, client, search_id, database):
    await client.post(f"/deliveries/{search_id}/companies", json={"companies": [{"name": "Hotel"}]})

    async def consumers():
        return [value for _, value in (await scraped(service.transport))["openprospect_feed_consumers"]]

    assert await consumers() == [0]
    page = await pull(client, search_id)
    await client.put(f"/deliveries/{search_id}/receipt", json={"delivered_until": page["items"][0]["delivered_at"]})
    await client.post("/webhooks", json={"url": "http://127.0.0.1:59997/", "prospect_search_id": search_id})
    assert await consumers() == [2]
    await database.execute("UPDATE api_key SET revoked_at = now()")
    assert await consumers() == [1]


async def test_a_consumer_whose_key_expired_is_still_told_of_until_it_is_revoked(service, client, search_id, database):
    await client.post(f"/deliveries/{search_id}/companies", json={"companies": [{"name": "Hotel"}]})
    page = await pull(client, search_id)
    await client.put(f"/deliveries/{search_id}/receipt", json={"delivered_until": page["items"][0]["delivered_at"]})
    assert "openprospect_key_expires_timestamp_seconds" not in await scraped(service.transport)
    await database.execute("UPDATE api_key SET expires_at = now() - interval '1 minute'")
    samples = await scraped(service.transport)
    ((labels, expires_at),) = samples["openprospect_key_expires_timestamp_seconds"]
    assert (labels, expires_at < time()) == ({"organization": "default", "key_name": "consumer"}, True)
    assert "openprospect_consumer_behind_companies" in samples
    await database.execute("UPDATE api_key SET revoked_at = now()")
    samples = await scraped(service.transport)
    assert not {"openprospect_consumer_behind_companies", "openprospect_key_expires_timestamp_seconds"} & set(samples)


async def test_nothing_personal_is_in_the_metrics(service, client, search_id):
    person = {"email": "maria@hotel.example", "first_name": "Maria"}
    await client.post(f"/deliveries/{search_id}/companies", json={"companies": [{"name": "Hotel", "prospects": [person]}]})
    await client.post("/erasures", json={"email": "maria@hotel.example"})
    async with httpx.AsyncClient(transport=service.transport, base_url=BASE_URL) as http:
        assert "maria" not in (await http.get("/metrics")).text.lower()


async def test_the_database_is_told_of(service):
    samples = await scraped(service.transport)
    assert samples["openprospect_database_up"] == [({}, 1)]
    ((labels, _),) = samples["openprospect_info"]
    assert labels["database"] == "embedded"
    assert {labels["state"] for labels, _ in samples["openprospect_database_connections"]} == {"busy", "idle"}


async def test_the_oldest_transaction_is_told_where_others_can_be_seen_and_only_there(service, dsn):
    name = "openprospect_database_oldest_transaction_seconds"
    async with AsyncExitStack() as stack:
        other = await asyncpg.connect(as_role(dsn, ADMINISTRATOR))
        stack.push_async_callback(other.close)
        await stack.enter_async_context(other.transaction())
        assert name not in await scraped(service.transport)
        async with seeing_all(dsn):
            ((_, seconds),) = (await scraped(service.transport))[name]
    assert seconds > 0


async def test_connections_to_the_servers_other_databases_count_too(service, postgres):
    async with AsyncExitStack() as stack:
        for _ in range(40):
            stack.push_async_callback((await asyncpg.connect(postgres)).close)
        samples = await scraped(service.transport)
    assert sum(value for _, value in samples["openprospect_database_connections"]) > 40


@pytest.mark.parametrize("host", ["8.8.8.8", "2606:4700::1", "10.0.0.7", "172.18.0.1", "192.168.1.2", "fd00::1", "nonsense"])
async def test_without_a_token_metrics_leave_the_machine_for_nobody(dsn, host):
    async with (
        running(create_app(dsn)) as transport,
        httpx.AsyncClient(transport=seen_from(host, transport), base_url=BASE_URL) as http,
    ):
        assert (await http.get("/metrics")).status_code == 403


@pytest.mark.parametrize("header", ["X-Forwarded-For", "X-Forwarded-Proto", "Forwarded", "Via", "X-Real-IP"])
async def test_without_a_token_metrics_do_not_go_through_a_proxy_on_this_machine(service, header):
    async with httpx.AsyncClient(transport=service.transport, base_url=BASE_URL) as http:
        assert (await http.get("/metrics")).status_code == 200
        assert (await http.get("/metrics", headers={header: "127.0.0.1"})).status_code == 403


async def test_a_token_opens_the_metrics_from_anywhere_and_nothing_else_does(dsn):
    async with running(create_app(dsn, Settings(metrics_token="open sesame"))) as transport:
        assert (await scraped(seen_from("8.8.8.8", transport), token="open sesame"))["openprospect_database_up"] == [({}, 1)]
        async with httpx.AsyncClient(transport=transport, base_url=BASE_URL) as http:
            for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "open sesame"}):
                assert (await http.get("/metrics", headers=headers)).status_code == 401
