"""What a process takes of a key's hour in advance, and what it remembers of bad keys."""

import asyncio

import pytest

from openprospect.server.access.limits.bad_keys import BadKeyLimiter
from openprospect.server.access.limits.counting import checked_redis_url
from openprospect.server.access.limits.counts import DatabaseCounts
from openprospect.server.access.limits.leases import Leases
from openprospect.server.access.limits.rates import HOUR_SECONDS
from openprospect.server.access.limits.redis_counts import RedisCounts
from openprospect.server.core.errors import Misconfigured, TooManyRequests, Unavailable
from tests.integration.limited import end_hour, key
from tests.integration.redis_server import needs_redis, redis_server


async def test_most_requests_ask_nobody(database):
    class Watched(DatabaseCounts):
        asked = 0

        async def take(self, key_id, *, wanted, limit):
            Watched.asked += 1
            return await super().take(key_id, wanted=wanted, limit=limit)

    leases, made = Leases(Watched(database)), await key(database)
    for _ in range(1000):
        assert (await leases.count(b"key", made.id, 10_000)).is_within
    assert Watched.asked == 10


async def test_requests_of_one_key_at_the_same_time_share_what_is_taken(database):
    leases, made = Leases(DatabaseCounts(database)), await key(database)
    await asyncio.gather(*(leases.count(b"key", made.id, 1000) for _ in range(10)))
    assert await database.value("SELECT taken FROM request_count") == 10


async def test_the_hour_ends_for_those_who_took_in_advance(database):
    now = 0.0
    leases, made = Leases(DatabaseCounts(database), clock=lambda: now), await key(database)
    await leases.count(b"key", made.id, 1000)
    await end_hour(database, made)
    now = HOUR_SECONDS + 1.0
    assert (await leases.count(b"key", made.id, 1000)).remaining == 999


async def test_a_spent_key_is_asked_about_again_seconds_later(database):
    now = 0.0
    leases, made = Leases(DatabaseCounts(database), clock=lambda: now), await key(database)
    for _ in range(2):
        allowance = await leases.count(b"key", made.id, 1)
    assert not allowance.is_within
    assert leases.spent(b"key") is not None
    await end_hour(database, made)
    now = 6.0
    assert leases.spent(b"key") is None
    assert (await leases.count(b"key", made.id, 1)).is_within


async def test_leases_whose_hour_is_over_are_forgotten_when_there_are_many(database, monkeypatch):
    monkeypatch.setattr("openprospect.server.access.limits.leases._MANY_LEASES", 10)
    now = 0.0
    leases, made = Leases(DatabaseCounts(database), clock=lambda: now), await key(database)
    for number in range(10):
        await leases.count(b"%d" % number, made.id, 1000)
    now = HOUR_SECONDS + 1.0
    await leases.count(b"another", made.id, 1000)
    assert len(leases._leases) == 1


async def test_while_nobody_can_be_asked_a_process_goes_by_itself(database, caplog):
    class Away:
        async def take(self, key_id, *, wanted, limit):
            raise Unavailable("not now")

    leases, made = Leases(Away()), await key(database)
    assert [(await leases.count(b"key", made.id, 3)).is_within for _ in range(3)] == [True] * 3
    assert "each process for itself: not now" in caplog.text


@needs_redis
async def test_redis_forgets_a_key_when_its_hour_is_over(database):
    with redis_server() as (url, _):
        async with RedisCounts(url) as counts:
            made = await key(database)
            taken = await counts.take(made.id, wanted=2, limit=3)
            assert (taken.given, taken.left) == (2, 1)
            assert HOUR_SECONDS - 10 < taken.ends_in_seconds <= HOUR_SECONDS
            assert [(await counts.take(made.id, wanted=2, limit=3)).given for _ in range(2)] == [1, 0]
            await counts._redis.pexpire(f"openprospect:requests:{made.id}", 1)
            await asyncio.sleep(0.01)
            assert (await counts.take(made.id, wanted=2, limit=3)).given == 2


def test_an_address_is_let_in_again_after_a_minute_and_others_always():
    now = 0.0
    bad_keys = BadKeyLimiter(clock=lambda: now)
    for _ in range(60):
        bad_keys.failed("2001:db8::1")
    bad_keys.refuse("2001:db8:0:1::1", b"key")
    with pytest.raises(TooManyRequests):
        bad_keys.refuse("2001:db8::2", b"key")
    now = 61.0
    bad_keys.refuse("2001:db8::2", b"key")


@pytest.mark.parametrize("url", ["http://redis", "localhost:6379", "redis://:secret/@host:6379", "redis://host:port", "redis://[::1"])
def test_an_address_that_is_no_redis_is_refused_without_being_quoted(url):
    with pytest.raises(Misconfigured, match="OPENPROSPECT_REDIS_URL must look like") as refused:
        checked_redis_url(url)
    assert "secret" not in str(refused.value)


def test_an_address_of_a_redis_is_taken():
    assert checked_redis_url("rediss://:secret@host:6379/1") == "rediss://:secret@host:6379/1"
    assert checked_redis_url(None) is None
