"""Deliveries that share commits: those that arrive while another to the same search is being committed go into the next one together.

Each keeps what it would have alone: all or nothing, its own answer and errors, its turn. Nothing is answered before it is committed.
"""

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence
from contextvars import Context, copy_context
from dataclasses import dataclass, field

import msgspec

from openprospect.server.access.model import OrganizationId
from openprospect.server.core.coalescing import resolve
from openprospect.server.core.errors import Unavailable
from openprospect.server.db.pool import Connection
from openprospect.server.feed.writing.locks import Writing
from openprospect.server.feed.writing.produce import result_of
from openprospect.server.feed.writing.publish import MAX_BATCH, Published, Submission, publish_together
from openprospect.server.http.idempotency import IdempotencyKey, keep_answers, kept_answers, under_way
from openprospect.server.searches.model import Search, SearchId


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Pending:
    """A submission on its way; `answer` is given once it is committed. A caller who is gone has cancelled it."""

    submission: Submission
    key: IdempotencyKey | None
    answer: asyncio.Future[bytes] = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    context: Context = field(default_factory=copy_context)


class SharedCommits:
    """The deliveries that this process has under way, a queue a search. Between processes, the feed's lock keeps the order."""

    def __init__(self, writing: Writing) -> None:
        self._writing = writing
        self._queues: dict[SearchId, _Queue] = {}
        self._keys: set[tuple[OrganizationId, str]] = set()

    async def deliver(self, search: Search, submission: Submission, *, key: IdempotencyKey | None) -> bytes:
        """The answer, as JSON, once the submission is committed. Raises RejectedRows, Conflict while a request of that key is under way."""
        if key is None:
            return await self._enqueue(search, _Pending(submission=submission, key=None))
        name = (search.organization_id, key.text)
        if name in self._keys:
            raise under_way()
        self._keys.add(name)
        try:
            return await self._enqueue(search, _Pending(submission=submission, key=key))
        finally:
            self._keys.remove(name)

    async def _enqueue(self, search: Search, delivery: _Pending) -> bytes:
        queue = self._queues.get(search.id)
        if queue is None:
            queue = self._queues[search.id] = _Queue(self._writing, search)
            queue.add(delivery)
            # Of its own, not of the request: whoever goes away takes nobody along.
            queue.worker = asyncio.create_task(self._work_off(queue, search.id))
        else:
            queue.add(delivery)
        return await delivery.answer

    async def _work_off(self, queue: "_Queue", search_id: SearchId) -> None:
        try:
            await queue.work_off()
        finally:
            del self._queues[search_id]


class _Queue:
    """The deliveries to one search, in the order of their arrival."""

    def __init__(self, writing: Writing, search: Search) -> None:
        self._writing = writing
        self._search = search
        self._waiting: deque[_Pending] = deque()
        self.worker: asyncio.Task[None] | None = None

    def add(self, delivery: _Pending) -> None:
        self._waiting.append(delivery)

    async def work_off(self) -> None:
        """Commit until nobody waits, each group in the context of its first."""
        while group := self._next_group():
            await asyncio.create_task(self._deliver(group), context=group[0].context)

    def _next_group(self) -> list[_Pending]:
        """As many as make up a batch; those whose caller is gone are dropped."""
        group: list[_Pending] = []
        size = 0
        while self._waiting:
            delivery = self._waiting[0]
            if not delivery.answer.done():
                size += len(delivery.submission.rows)
                if group and size > MAX_BATCH:
                    break
                group.append(delivery)
            self._waiting.popleft()
        return group

    async def _deliver(self, group: Sequence[_Pending]) -> None:
        answers: Mapping[_Pending, bytes | Exception]
        try:
            answers = await self._writing.at_feed(self._search.id, lambda db: self._commit(db, group))
        except Unavailable as error:
            answers = dict.fromkeys(group, error)
        except Exception as error:  # noqa: BLE001  # it belongs to whoever asked
            if len(group) > 1:
                await self._deliver_apart(group)
                return
            answers = {group[0]: error}
        # Those that mean a company of another in the group come next, in their turn.
        self._waiting.extendleft(delivery for delivery in reversed(group) if delivery not in answers)
        for delivery, answer in answers.items():
            resolve(delivery.answer, answer)

    async def _deliver_apart(self, group: Sequence[_Pending]) -> None:
        """One of them broke the transaction, which took nothing in: now only its own breaks."""
        for delivery in group:
            if not delivery.answer.done():
                await self._deliver([delivery])

    async def _commit(self, db: Connection, group: Sequence[_Pending]) -> dict[_Pending, bytes | Exception]:
        """What one transaction does; answers for those that it reached."""
        kept = await kept_answers(db, self._search.organization_id, [delivery.key for delivery in group if delivery.key])
        answers: dict[_Pending, bytes | Exception] = {
            delivery: kept[delivery.key] for delivery in group if delivery.key is not None and delivery.key in kept
        }
        fresh = [delivery for delivery in group if delivery not in answers]
        return answers | await self._publish(db, fresh) if fresh else answers

    async def _publish(self, db: Connection, deliveries: Sequence[_Pending]) -> dict[_Pending, bytes | Exception]:
        published = await publish_together(db, self._search, [delivery.submission for delivery in deliveries])
        answers: dict[_Pending, bytes | Exception] = {
            delivery: msgspec.json.encode(result_of(answer)) if isinstance(answer, Published) else answer
            for delivery, answer in zip(deliveries, published, strict=False)  # fewer answers than deliveries: the rest comes after
        }
        bodies = {delivery.key: answer for delivery, answer in answers.items() if delivery.key and isinstance(answer, bytes)}
        await keep_answers(db, self._search.organization_id, bodies)
        return answers
