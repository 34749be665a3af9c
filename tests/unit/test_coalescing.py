"""Coalescing: who waits shares a question, and nobody is given an answer from before they asked."""

import asyncio
from collections.abc import Sequence
from contextvars import ContextVar
from itertools import chain

import pytest

from openprospect.server.core.coalescing import Coalescer
from openprospect.server.core.errors import Unavailable


class Oracle:
    """Answers with what was asked, ten times as much, once it may."""

    def __init__(self) -> None:
        self.asked: list[list[int]] = []
        self.is_asked = asyncio.Event()
        self.may_answer = asyncio.Event()
        self.fails_on: int | None = None
        self.failure: Exception = LookupError("what was asked for cannot be answered")

    async def __call__(self, asked: Sequence[int]) -> list[int]:
        self.asked.append(list(asked))
        self.is_asked.set()
        await self.may_answer.wait()
        if self.fails_on in asked:
            raise self.failure
        return [10 * one for one in asked]


async def begun(coalescer: Coalescer[int, int], *asked: int) -> list[asyncio.Task[int]]:
    """Those who ask, each as a task that has come to wait."""
    tasks = [asyncio.create_task(coalescer.answer(one)) for one in asked]
    for _ in range(3):
        await asyncio.sleep(0)
    return tasks


async def test_whoever_asks_while_an_answer_is_on_its_way_is_asked_for_with_the_others_in_the_next_question() -> None:
    oracle = Oracle()
    coalescer = Coalescer(oracle)
    first = await begun(coalescer, 1)
    others = await begun(coalescer, 2, 3, 4)
    assert oracle.asked == [[1]]
    oracle.may_answer.set()
    assert await asyncio.gather(*first, *others) == [10, 20, 30, 40]
    assert oracle.asked == [[1], [2, 3, 4]]


async def test_whoever_asks_long_after_a_question_that_hangs_is_not_held_up_by_it(monkeypatch: pytest.MonkeyPatch) -> None:
    oracle = Oracle()
    coalescer = Coalescer(oracle)
    monkeypatch.setattr("openprospect.server.core.coalescing._SLOW_SECONDS", -1.0)
    hanging = await begun(coalescer, 1)
    await begun(coalescer, 2)
    await asyncio.wait_for(until_asked(oracle, 2), 5)
    assert oracle.asked == [[1], [2]]
    oracle.may_answer.set()
    assert await asyncio.gather(*hanging, coalescer.answer(3)) == [10, 30]


async def test_whoever_asked_right_after_a_question_that_hangs_is_asked_for_without_anybody_coming_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    oracle = Oracle()
    coalescer = Coalescer(oracle)
    monkeypatch.setattr("openprospect.server.core.coalescing._SLOW_SECONDS", 0.05)
    hanging = await begun(coalescer, 1)
    others = await begun(coalescer, 2, 3)
    assert oracle.asked == [[1]]
    await asyncio.wait_for(until_asked(oracle, 2), 5)
    more = await begun(coalescer, 4)
    await asyncio.wait_for(until_asked(oracle, 3), 5)
    assert oracle.asked == [[1], [2, 3], [4]]
    oracle.may_answer.set()
    assert await asyncio.gather(*hanging, *others, *more) == [10, 20, 30, 40]


async def until_asked(oracle: Oracle, questions: int) -> None:
    while len(oracle.asked) < questions:
        oracle.is_asked.clear()
        await oracle.is_asked.wait()


async def test_a_question_belongs_to_the_request_of_the_first_of_those_who_wait_for_it() -> None:
    request = ContextVar("request", default=0)
    seen = []

    async def ask(asked: Sequence[int]) -> Sequence[int]:
        seen.append((request.get(), list(asked)))
        await asyncio.sleep(0)
        return asked

    async def come(coalescer: Coalescer[int, int], number: int) -> int:
        request.set(number)
        return await coalescer.answer(number)

    coalescer = Coalescer(ask)
    first = asyncio.create_task(come(coalescer, 1))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert list(await asyncio.gather(first, come(coalescer, 2), come(coalescer, 3))) == [1, 2, 3]
    assert seen == [(1, [1]), (2, [2, 3])]


async def test_a_wrong_number_of_answers_is_an_error_for_all_and_not_a_wait_for_ever() -> None:
    async def ask(asked: Sequence[int]) -> Sequence[int]:
        return asked[1:]

    with pytest.raises(ValueError, match="shorter"):
        await asyncio.wait_for(Coalescer(ask).answer(1), 5)


async def test_whoever_goes_away_takes_nobody_along_and_is_not_asked_for_any_more() -> None:
    oracle = Oracle()
    coalescer = Coalescer(oracle)
    first = await begun(coalescer, 1)
    gone, stays = await begun(coalescer, 2, 3)
    first[0].cancel()
    gone.cancel()
    oracle.may_answer.set()
    assert await stays == 30
    assert oracle.asked == [[1], [3]]


async def test_what_cannot_be_answered_fails_for_whoever_asked_for_it_and_nobody_else() -> None:
    oracle = Oracle()
    oracle.fails_on = 2
    coalescer = Coalescer(oracle)
    first, failing, last = await begun(coalescer, 1, 2, 3)
    oracle.may_answer.set()
    assert (await first, await last) == (10, 30)
    with pytest.raises(LookupError):
        await failing
    assert oracle.asked == [[1, 2, 3], [1], [2], [3]]


async def test_whoever_goes_away_while_the_others_are_asked_for_apart_is_not_asked_for_any_more() -> None:
    oracle = Oracle()
    oracle.fails_on = 2
    coalescer = Coalescer(oracle)
    first, failing, gone = await begun(coalescer, 1, 2, 3)
    gone.cancel()
    oracle.may_answer.set()
    assert await first == 10
    with pytest.raises(LookupError):
        await failing
    assert oracle.asked == [[1, 2, 3], [1], [2]]


async def test_where_nobody_can_be_answered_just_now_none_is_asked_for_twice() -> None:
    oracle = Oracle()
    oracle.fails_on, oracle.failure = 1, Unavailable("not now")
    coalescer = Coalescer(oracle)
    failing = await begun(coalescer, 1, 2)
    others = await begun(coalescer, 3)
    oracle.may_answer.set()
    for task in failing:
        with pytest.raises(Unavailable):
            await task
    assert await others[0] == 30
    assert oracle.asked == [[1, 2], [3]]


async def test_a_full_question_waits_for_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("openprospect.server.core.coalescing._MOST", 3)
    oracle = Oracle()
    coalescer = Coalescer(oracle)
    tasks = await begun(coalescer, 1)
    tasks += await begun(coalescer, 2, 3, 4, 5)
    assert oracle.asked == [[1], [2, 3, 4]]
    oracle.may_answer.set()
    assert await asyncio.gather(*tasks) == [10, 20, 30, 40, 50]
    assert oracle.asked == [[1], [2, 3, 4], [5]]


async def test_after_heavy_answers_fewer_are_asked_for_together_until_they_are_light_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("openprospect.server.core.coalescing._MOST_BYTES", 100)
    oracle = Oracle()
    coalescer = Coalescer(oracle, weigh=lambda answer: answer)
    oracle.may_answer.set()
    await coalescer.answer(5)
    assert await asyncio.gather(*(coalescer.answer(one) for one in (1, 2, 6))) == [10, 20, 60]
    assert await coalescer.answer(1) == 10
    await asyncio.gather(*(coalescer.answer(1) for _ in range(4)))
    assert oracle.asked == [[5], [1, 2], [6], [1], [1, 1, 1, 1]]


async def test_those_whom_a_question_has_no_room_for_after_a_heavy_answer_do_not_wait_for_one_that_hangs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("openprospect.server.core.coalescing._MOST_BYTES", 20)
    monkeypatch.setattr("openprospect.server.core.coalescing._SLOW_SECONDS", 0.05)
    oracle = Oracle()
    coalescer = Coalescer(oracle, weigh=lambda answer: answer)
    tasks = await begun(coalescer, 1)
    tasks += await begun(coalescer, 2, 3, 4, 5, 6)
    oracle.may_answer.set()
    await tasks[0]
    oracle.may_answer.clear()
    async with asyncio.timeout(5):
        while sum(map(len, oracle.asked)) < len(tasks):
            await until_asked(oracle, len(oracle.asked) + 1)
    oracle.may_answer.set()
    assert await asyncio.gather(*tasks) == [10, 20, 30, 40, 50, 60]


async def test_of_many_who_come_at_once_each_is_asked_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("openprospect.server.core.coalescing._MOST", 3)
    oracle = Oracle()
    oracle.may_answer.set()
    coalescer = Coalescer(oracle)
    assert await asyncio.gather(*(coalescer.answer(number) for number in range(8))) == [10 * number for number in range(8)]
    assert sorted(chain.from_iterable(oracle.asked)) == list(range(8))
    assert max(map(len, oracle.asked)) == 3


async def test_the_same_asked_again_later_is_asked_for_again() -> None:
    oracle = Oracle()
    oracle.may_answer.set()
    coalescer = Coalescer(oracle)
    assert [await coalescer.answer(1), await coalescer.answer(1)] == [10, 10]
    assert oracle.asked == [[1], [1]]
