"""Limits on requests: by tier, over all processes, told in headers; and on keys that do not work."""

import asyncio
import re
import signal
from contextlib import AsyncExitStack
from dataclasses import replace

import httpx
import pytest

from openprospect.server.access.keys import set_tier
from openprospect.server.access.limits.rates import HOUR_SECONDS
from openprospect.server.access.secret import new_secret
from openprospect.server.app import create_app
from openprospect.server.core.errors import InvalidInput, NotFound
from tests.integration.conftest import KEYED, Service, open_search, running
from tests.integration.limited import end_hour, key
from tests.integration.redis_server import needs_redis, redis_server


def bearer(service, made):
    return service.caller({"Authorization": f"Bearer {made.key}"})


def told(answer):
    """limit, window, remaining and seconds as the headers tell them."""
    pattern = r'"hour";q=(\d+);w=(\d+) "hour";r=(\d+);t=(\d+)'
    match = re.fullmatch(pattern, f"{answer.headers['RateLimit-Policy']} {answer.headers['RateLimit']}")
    assert match, answer.headers
    return tuple(map(int, match.groups()))


@pytest.fixture
async def services(dsn, database):
    """Services of one database, each as another process would be: made with settings."""
    async with AsyncExitStack() as stack:

        async def start(**settings):
            transport = await stack.enter_async_context(running(create_app(dsn, replace(KEYED, **settings))))
            service = Service(transport, database)
            stack.push_async_callback(service.close)
            return service

        yield start


# Without a limit.


async def test_a_key_without_a_tier_has_no_limit_and_no_headers_where_none_is_set(service):
    answer = await bearer(service, await key(service.database)).get("/auth/validate")
    assert answer.status_code == 200
    assert not {name for name in answer.headers if name.startswith("ratelimit")}
    assert await service.database.value("SELECT count(*) FROM request_count") == 0


# Limits.


async def test_the_setting_is_the_limit_of_keys_without_a_tier(services):
    client = bearer(service := await services(rate_limit=3), await key((await services()).database))
    statuses = [(await client.get("/auth/validate")).status_code for _ in range(5)]
    assert statuses == [200, 200, 200, 429, 429]
    assert (await bearer(service, await key(service.database, tier="free")).get("/auth/validate")).status_code == 200


@pytest.mark.parametrize(
    ("tier", "rate_limit", "limit"), [("free", None, 20), ("pro", None, 300), ("enterprise", None, 4000), ("custom", 55, 55)]
)
async def test_a_tier_sets_the_limit(services, tier, rate_limit, limit):
    service = await services(rate_limit=7, rate_limit_free=20, rate_limit_pro=300, rate_limit_enterprise=4000)
    client = bearer(service, await key(service.database, tier=tier, rate_limit=rate_limit))
    policy, window, remaining, seconds = told(await client.get("/auth/validate"))
    assert (policy, window, remaining) == (limit, HOUR_SECONDS, limit - 1)
    assert HOUR_SECONDS - 60 < seconds <= HOUR_SECONDS


async def test_every_kind_of_answer_counts_and_tells(services):
    service = await services()
    made = await key(service.database, tier="custom", rate_limit=10)
    client, search_id = bearer(service, made), await open_search(await service.client())
    page = await client.get(f"/deliveries/{search_id}/companies")
    answers = [
        page,
        await client.get(f"/deliveries/{search_id}/companies", headers={"If-None-Match": page.headers["ETag"]}),
        await client.get(f"/deliveries/{search_id}/companies", headers={"If-None-Match": 'W/"older"'}),
        await client.get(f"/deliveries/{search_id}/companies", params={"limit": 0}),
        await client.get(f"/deliveries/{search_id}/export"),
        await client.get(f"/deliveries/{made.id}/companies"),
        await client.delete(f"/deliveries/{search_id}/companies/{made.id}"),
        await client.get("/companies"),
    ]
    assert [answer.status_code for answer in answers] == [200, 304, 200, 422, 200, 404, 403, 200]
    assert [told(answer)[2] for answer in answers] == [9, 8, 7, 6, 5, 4, 3, 2]
    assert {len(answer.headers.get_list("RateLimit")) for answer in answers} == {1}


async def test_a_refusal_says_when_to_come_back(services):
    service = await services()
    client = bearer(service, await key(service.database, tier="custom", rate_limit=1))
    await client.get("/companies")
    for _ in range(2):  # as the process learns it, and as it remembers it
        answer = await client.get("/companies")
        problem = answer.json()
        assert (answer.status_code, problem["code"], problem["details"]["retryable"]) == (429, "RATE_LIMITED", True)
        assert told(answer)[:3] == (1, HOUR_SECONDS, 0)
        assert int(answer.headers["Retry-After"]) == problem["details"]["retry_after_seconds"] == told(answer)[3]
        assert (problem["details"]["limit"], problem["details"]["window_seconds"]) == (1, HOUR_SECONDS)


async def test_a_key_that_is_spent_costs_the_database_nothing(services):
    service = await services()
    made = await key(service.database, tier="custom", rate_limit=1)
    client = bearer(service, made)
    for _ in range(2):
        await client.get("/companies")
    async with service.database.transaction() as db:
        await db.execute("LOCK TABLE api_key IN ACCESS EXCLUSIVE MODE")
        assert (await asyncio.wait_for(client.get("/companies"), 5)).status_code == 429


async def test_the_next_hour_begins_with_the_next_request(services):
    service = await services()
    made = await key(service.database, tier="custom", rate_limit=2)
    first = [(await bearer(service, made).get("/companies")).status_code for _ in range(3)]
    await end_hour(service.database, made)
    fresh = bearer(await services(), made)
    second = [(await fresh.get("/companies")).status_code for _ in range(3)]
    assert first == second == [200, 200, 429]


async def test_an_hour_that_began_before_the_clock_was_set_back_shuts_nobody_out_for_longer_than_an_hour(services):
    service = await services()
    made = await key(service.database, tier="custom", rate_limit=1)
    assert [(await bearer(service, made).get("/companies")).status_code for _ in range(2)] == [200, 429]
    await service.database.execute("UPDATE request_count SET ends_at = ends_at + interval '3 days'")
    answer = await bearer(await services(), made).get("/companies")
    assert answer.status_code == 200
    assert told(answer)[-1] <= HOUR_SECONDS


async def test_a_new_tier_holds_from_the_next_request_on(services):
    service = await services(rate_limit_pro=5)
    made = await key(service.database, tier="custom", rate_limit=2)
    client = bearer(service, made)
    assert told(await client.get("/companies"))[0] == 2
    await set_tier(service.database, made.id, "pro", rate_limit=None, actor="test")
    assert told(await client.get("/companies"))[:3] == (5, HOUR_SECONDS, 3)
    await set_tier(service.database, made.id, None, rate_limit=None, actor="test")
    assert "RateLimit" not in (await client.get("/companies")).headers


@pytest.mark.parametrize(
    ("tier", "rate_limit"), [("gold", None), ("custom", None), ("pro", 5), (None, 5), ("custom", 0), ("custom", 10**10)]
)
async def test_a_tier_that_makes_no_sense_is_refused(database, tier, rate_limit):
    with pytest.raises(InvalidInput):
        await key(database, tier=tier, rate_limit=rate_limit)


async def test_the_tier_of_a_key_that_is_not_there_cannot_be_changed(database):
    made = await key(database)
    await database.execute("DELETE FROM api_key WHERE id = $1", made.id)
    with pytest.raises(NotFound):
        await set_tier(database, made.id, "pro", rate_limit=None, actor="test")


# Over processes.


@pytest.fixture(params=["the database", pytest.param("Redis", marks=needs_redis)])
async def shared_counts(request, dsn):
    """What a service needs to be told to count there."""
    if request.param == "the database":
        yield {}
    else:
        with redis_server() as (url, _):
            yield {"redis_url": url}


async def test_processes_together_give_out_no_more_than_the_limit(services, shared_counts):
    workers = [await services(**shared_counts) for _ in range(3)]
    made = await key(workers[0].database, tier="custom", rate_limit=40)
    clients = [bearer(worker, made) for worker in workers]
    statuses = [answer.status_code for answer in await asyncio.gather(*(clients[n % 3].get("/companies") for n in range(60)))]
    assert (statuses.count(200), statuses.count(429)) == (40, 20)


async def test_a_process_withholds_no_more_than_a_hundredth_from_the_others(services, shared_counts):
    idle, busy = await services(**shared_counts), await services(**shared_counts)
    made = await key(idle.database, tier="custom", rate_limit=250)
    assert told(await bearer(idle, made).get("/companies"))[2] == 249
    client = bearer(busy, made)
    granted = 0
    while (await client.get("/auth/validate")).status_code == 200:
        granted += 1
    assert 250 - 250 // 100 <= granted + 1 <= 250


@needs_redis
async def test_a_redis_that_is_gone_or_hangs_refuses_nobody(services):
    with redis_server() as (url, process):
        service = await services(redis_url=url)
        client = bearer(service, await key(service.database, tier="custom", rate_limit=1))
        assert [(await client.get("/companies")).status_code for _ in range(2)] == [200, 429]
        other = bearer(service, await key(service.database, tier="custom", rate_limit=1))
        process.send_signal(signal.SIGSTOP)
        assert (await other.get("/companies")).status_code == 200
        process.kill()
        third = bearer(service, await key(service.database, tier="custom", rate_limit=1))
        assert (await third.get("/companies")).status_code == 200


# Keys that do not work.


async def test_after_too_many_keys_that_do_not_work_an_address_is_refused_for_a_while(service):
    known, fresh = await key(service.database), await key(service.database, name="fresh")
    assert (await bearer(service, known).get("/companies")).status_code == 200
    for _ in range(60):
        assert (await service.caller({"Authorization": f"Bearer {new_secret(is_live=True)}"}).get("/companies")).status_code == 401
    refused = await bearer(service, fresh).get("/companies")
    assert (refused.status_code, refused.json()["code"]) == (429, "RATE_LIMITED")
    assert 0 < int(refused.headers["Retry-After"]) <= 60
    assert (await bearer(service, known).get("/companies")).status_code == 200
    sign_in = httpx.AsyncClient(transport=service.transport, base_url="http://service.test")
    assert (await sign_in.post("/console/sign-in", data={"key": new_secret(is_live=True)})).status_code == 429
