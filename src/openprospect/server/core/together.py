"""Asking together: what is asked while an answer is on its way goes into one question, the next."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")


class Together(Generic[Asked, Answer]):
    """One question at a time, for all who wait. None waits for company: whoever comes first is asked for at once."""

    def __init__(self, ask: Callable[[Sequence[Asked]], Awaitable[Sequence[Answer]]], *, most: int) -> None:
        """`ask` answers for each of at most `most`, in their order; where it raises, all of them have failed."""
        self._ask = ask
        self._most = most
        self._waiting: list[tuple[Asked, asyncio.Future[Answer]]] = []
        self._worker: asyncio.Task[None] | None = None

    async def answer(self, asked: Asked) -> Answer:
        """What was asked for after this was called, never before. Raises what `ask` raises."""
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((asked, answer))
        if self._worker is None:
            # Of its own, not of the request: whoever goes away takes nobody along.
            self._worker = asyncio.create_task(self._work_off())
        return await answer

    async def _work_off(self) -> None:
        try:
            while self._waiting:
                group, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
                if wanted := [(asked, answer) for asked, answer in group if not answer.done()]:
                    await self._answer(wanted)
        finally:
            self._worker = None

    async def _answer(self, group: Sequence[tuple[Asked, "asyncio.Future[Answer]"]]) -> None:
        try:
            answers = await self._ask([asked for asked, _ in group])
        except Exception as error:  # noqa: BLE001  # it belongs to whoever asked
            for _, answer in group:
                if not answer.done():
                    answer.set_exception(error)
            return
        for (_, answer), given in zip(group, answers, strict=True):
            if not answer.done():
                answer.set_result(given)
