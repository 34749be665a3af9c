"""Coalesces concurrent requests: what arrives while a query runs goes into the next one."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from openprospect.server.core.errors import Unavailable

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")

# In one question at most: who has asked for little need not wait for much more than that, and what is held in memory at once stays small.
_MOST = 16
_MOST_BYTES = 1 << 21
# Nobody waits for an answer that has been on its way for so long: whatever holds it up may be its own.
_SLOW_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class _Waiting(Generic[Asked, Answer]):
    asked: Asked
    answer: asyncio.Future[Answer]
    context: Context = field(default_factory=copy_context)


class Coalescer(Generic[Asked, Answer]):
    """One question at a time for all who wait, while that is quick. None waits for company: whoever comes first is asked for at once."""

    def __init__(
        self, ask: Callable[[Sequence[Asked]], Awaitable[Sequence[Answer]]], *, weigh: Callable[[Answer], int] = lambda _: 0
    ) -> None:
        """`ask` answers for each, in their order, or raises, and has then done nothing. It runs in the context of the first.

        `weigh` gives the bytes of an answer: after heavy ones fewer are asked for together.
        """
        self._ask = ask
        self._weigh = weigh
        self._most = _MOST
        self._waiting: list[_Waiting[Asked, Answer]] = []
        # The questions on their way, and since when. Tasks of their own, not of the requests: whoever goes away takes nobody along.
        self._questions: dict[asyncio.Task[None], float] = {}
        self._watch: asyncio.TimerHandle | None = None

    async def answer(self, asked: Asked) -> Answer:
        """What was asked for after this was called, never before. Raises what `ask` raises."""
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(asked, answer))
        if len(self._waiting) % self._most == 0:
            self._begin()  # a full question waits for no other
        else:
            self._go_on()
        return await answer

    def _go_on(self) -> None:
        """Ask for those who wait, unless there is a question on its way that they may wait for."""
        if not self._waiting:
            return
        loop = asyncio.get_running_loop()
        until = max(self._questions.values(), default=0.0) + _SLOW_SECONDS
        if until <= loop.time():
            self._begin()
        elif self._watch is None:
            self._watch = loop.call_at(until, self._look)

    def _look(self) -> None:
        self._watch = None
        self._go_on()

    def _begin(self) -> None:
        loop = asyncio.get_running_loop()
        question = loop.create_task(self._answer_waiting(), context=self._waiting[0].context)
        self._questions[question] = loop.time()
        question.add_done_callback(self._ended)

    def _ended(self, question: asyncio.Task[None]) -> None:
        del self._questions[question]
        self._go_on()

    async def _answer_waiting(self) -> None:
        group, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
        self._go_on()  # more than one question takes may be left, where fewer go into one than when they came
        if still := [one for one in group if not one.answer.done()]:
            await self._answer(still)

    async def _answer(self, group: Sequence[_Waiting[Asked, Answer]]) -> None:
        answers: list[tuple[_Waiting[Asked, Answer], Answer | Exception]]
        try:
            given = await self._ask([one.asked for one in group])
            answers = list(zip(group, given, strict=True))
            self._most = min(max(_MOST_BYTES // max(1, *map(self._weigh, given)), 1), _MOST)
        except Unavailable as error:
            answers = [(one, error) for one in group]
        except Exception as error:  # noqa: BLE001  # it belongs to whoever asked
            if len(group) > 1:
                await self._answer_apart(group)
                return
            answers = [(group[0], error)]
        for one, answer in answers:
            resolve(one.answer, answer)

    async def _answer_apart(self, group: Sequence[_Waiting[Asked, Answer]]) -> None:
        """What one of them asked for cannot be answered: now only its own question fails."""
        for one in group:
            if not one.answer.done():
                await self._answer([one])


def resolve(answer: asyncio.Future[Answer], given: Answer | Exception) -> None:
    """Give an answer, or what went wrong, to whoever waits for it; whoever has gone away has cancelled it."""
    if answer.done():
        return
    if isinstance(given, Exception):
        answer.set_exception(given)
    else:
        answer.set_result(given)
