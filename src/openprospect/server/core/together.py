"""Asking together: what is asked while an answer is on its way goes into one question, the next."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextvars import Context
from typing import Generic, TypeVar

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")

# Whoever asks after an answer has been on its way for so long does not wait for it: whatever holds it up may be its own.
_SLOW_SECONDS = 1.0


class Together(Generic[Asked, Answer]):
    """One question at a time, for all who wait. None waits for company: whoever comes first is asked for at once."""

    def __init__(self, ask: Callable[[Sequence[Asked]], Awaitable[Sequence[Answer]]]) -> None:
        """`ask` answers for each, in their order; where it raises, all of them have failed."""
        self._ask = ask
        self._waiting: list[tuple[Asked, asyncio.Future[Answer]]] = []
        self._asking_since: float | None = None
        self._workers: set[asyncio.Task[None]] = set()

    async def answer(self, asked: Asked) -> Answer:
        """What was asked for after this was called, never before. Raises what `ask` raises."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Answer] = loop.create_future()
        self._waiting.append((asked, answer))
        if self._asking_since is None or loop.time() - self._asking_since > _SLOW_SECONDS:
            self._asking_since = loop.time()
            # Of nobody's request: whoever goes away takes nobody along, and what is asked for many belongs to none of them.
            worker = loop.create_task(self._work_off(loop), context=Context())
            self._workers.add(worker)
            worker.add_done_callback(self._workers.discard)
        return await answer

    async def _work_off(self, loop: asyncio.AbstractEventLoop) -> None:
        try:
            while self._waiting:
                self._asking_since = loop.time()
                group, self._waiting = self._waiting, []
                if wanted := [(asked, answer) for asked, answer in group if not answer.done()]:
                    await self._answer(wanted)
        finally:
            self._asking_since = None

    async def _answer(self, group: Sequence[tuple[Asked, "asyncio.Future[Answer]"]]) -> None:
        try:
            answers = dict(zip((answer for _, answer in group), await self._ask([asked for asked, _ in group]), strict=True))
        except Exception as error:  # noqa: BLE001  # it belongs to whoever asked
            for _, answer in group:
                if not answer.done():
                    answer.set_exception(error)
            return
        for answer, given in answers.items():
            if not answer.done():
                answer.set_result(given)
