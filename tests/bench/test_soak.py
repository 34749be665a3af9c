"""The soak sees what it is for: answers nobody should get, consumers who drift, memory that grows."""

from random import Random

import httpx
import pytest

from bench.soak.caller import Caller, Fault, Tally
from bench.soak.parts import Consumer, shown
from bench.soak.watch import Course


def caller(*answers):
    """A caller who gets these answers, one after the other, and their tally."""
    left = iter(answers)
    http = httpx.AsyncClient(transport=httpx.MockTransport(lambda _request: next(left)), base_url="http://service.test")
    tally = Tally()
    return Caller(http=http, key="key", tally=tally), tally


def page(*items, has_more=False):
    return httpx.Response(200, json={"items": list(items), "has_more": has_more})


def company(company_id, delivered_at, **more):
    return {"id": company_id, "delivered_at": delivered_at} | more


@pytest.mark.parametrize("status", [429, 503])
async def test_an_honest_refusal_is_waited_for(status):
    polite, tally = caller(httpx.Response(status, headers={"Retry-After": "0"}), page())
    await polite.ask("GET", "/")
    assert (tally.put_off, len(tally.seconds)) == (1, 1)


@pytest.mark.parametrize("answer", [httpx.Response(429), httpx.Response(503), httpx.Response(500), httpx.Response(404)], ids=str)
async def test_anything_else_is_a_fault(answer):
    with pytest.raises(Fault, match=str(answer.status_code)):
        await caller(answer)[0].ask("GET", "/")


async def test_a_consumer_holds_what_it_was_last_given():
    polite, _ = caller(
        page(company("a", "1"), company("b", "2"), has_more=True),
        page(company("c", "3")),
        page(company("a", "4", name="new"), company("b", "5", removed_at="5")),
    )
    consumer = Consumer(caller=polite, path="/feed", random=Random(1))
    await consumer.turn()
    before = dict(consumer.held)
    await consumer.turn()
    assert set(before) == {"a", "b", "c"}
    assert {name: at for name, (at, _) in consumer.held.items()} == {"a": "4", "c": "3"}
    assert consumer.held["c"] == before["c"]


def test_who_was_erased_is_found_where_they_still_stand():
    assert shown([b'{"email":"a@x.example"}'], {"a@x.example", "b@x.example"}) == ["a@x.example"]


def test_growth_is_told_in_what_an_hour_adds():
    course = Course.of([(minute, 100.0 + minute) for minute in range(60)])
    assert (course.start, course.middle, course.end) == (102.5, 129.5, 156.5)
    assert course.an_hour == pytest.approx(60)
