"""Asking together: what is asked while an answer is on its way goes into one question, the next."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")

# Whoever waits once an answer has been on its way for so long does not wait for it: whatever holds it up may be its own.
_SLOW_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class _Waiting(Generic[Asked, Answer]):
    asked: Asked
    answer: asyncio.Future[Answer]
    context: Context = field(default_factory=copy_context)


class Together(Generic[Asked, Answer]):
    """One question at a time, for all who wait. None waits for company: whoever comes first is asked for at once."""

    def __init__(self, ask: Callable[[Sequence[Asked]], Awaitable[Sequence[Answer]]]) -> None:
        """`ask` answers for each, in their order; where it raises, all of them have failed. It runs in the context of the first."""
        self._ask = ask
        self._waiting: list[_Waiting[Asked, Answer]] = []
        self._asking_since: float | None = None
        self._watch: asyncio.TimerHandle | None = None
        # Tasks of their own, not of the requests: whoever goes away takes nobody along.
        self._under_way: set[asyncio.Task[None]] = set()

    async def answer(self, asked: Asked) -> Answer:
        """What was asked for after this was called, never before. Raises what `ask` raises."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Answer] = loop.create_future()
        self._waiting.append(_Waiting(asked, answer))
        if self._asking_since is None:
            self._begin(loop)
        elif self._watch is None:
            self._watch = loop.call_at(self._asking_since + _SLOW_SECONDS, self._look, loop)
        return await answer

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        """Whether those who wait have waited for too long; once a second at most, however many questions there are in it."""
        self._watch = None
        if not self._waiting or self._asking_since is None:
            return
        if loop.time() < self._asking_since + _SLOW_SECONDS:  # another one by now
            self._watch = loop.call_at(self._asking_since + _SLOW_SECONDS, self._look, loop)
        else:
            self._begin(loop)

    def _begin(self, loop: asyncio.AbstractEventLoop) -> None:
        self._asking_since = loop.time()
        task = loop.create_task(self._answer_waiting(loop), context=self._waiting[0].context)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _answer_waiting(self, loop: asyncio.AbstractEventLoop) -> None:
        group, self._waiting = [one for one in self._waiting if not one.answer.done()], []
        try:
            if group:
                await self._answer(group)
        finally:
            self._asking_since = None
            if self._waiting:
                self._begin(loop)

    async def _answer(self, group: Sequence[_Waiting[Asked, Answer]]) -> None:
        answers: list[tuple[_Waiting[Asked, Answer], Answer | Exception]]
        try:
            answers = list(zip(group, await self._ask([one.asked for one in group]), strict=True))
        except Exception as error:  # noqa: BLE001  # it belongs to whoever asked
            answers = [(one, error) for one in group]
        for one, answer in answers:
            settle(one.answer, answer)


def settle(answer: asyncio.Future[Answer], given: Answer | Exception) -> None:
    """Give an answer, or what went wrong, to whoever waits for it; whoever has gone away has cancelled it."""
    if answer.done():
        return
    if isinstance(given, Exception):
        answer.set_exception(given)
    else:
        answer.set_result(given)
