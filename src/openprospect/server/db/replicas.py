"""Replicas: copies of the database that only read, and may be behind. Whether one may answer is for the question to say."""

import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TypeVar

from openprospect.server.db.pool import Database, OnStatement

T = TypeVar("T")

logger = logging.getLogger(__name__)

OnAsked = Callable[[str, str], None]
"""Is told of each question put to a replica: which one, as 1, 2 or so, and whether it `answered`, was `behind` or has `failed`."""

# One that hangs costs the request so much, before the primary is asked.
_PATIENCE_SECONDS = 2.0
_REST_AFTER_FAILURE_SECONDS = 5.0
# What is behind for one feed may not be for others, but one that stands still should not be asked at every request.
_REST_WHEN_BEHIND_SECONDS = 0.1


class Replicas:
    """They are asked in turn; one that failed, or was behind, rests for a while. False where there are none."""

    def __init__(self, databases: Sequence[Database] = (), *, on_asked: OnAsked | None = None) -> None:
        self._replicas = [_Replica(database, str(number), on_asked) for number, database in enumerate(databases, start=1)]
        self._turn = 0

    def __bool__(self) -> bool:
        return bool(self._replicas)

    async def ask(self, question: Callable[[Database], Awaitable[T | None]]) -> T | None:
        """What the next one answers. None where none can be asked just now, where it fails, or where it answers so itself: it is behind."""
        now = time.monotonic()
        for _ in self._replicas:
            self._turn = (self._turn + 1) % len(self._replicas)
            replica = self._replicas[self._turn]
            if replica.rests_until <= now:
                return await replica.ask(question)
        return None


NO_REPLICAS = Replicas()


class _Replica:
    def __init__(self, database: Database, number: str, on_asked: OnAsked | None) -> None:
        self._database = database
        self._number = number
        self._on_asked = on_asked
        self._has_failed = False
        self.rests_until = 0.0

    async def ask(self, question: Callable[[Database], Awaitable[T | None]]) -> T | None:
        try:
            answer = await question(self._database)
        except Exception as error:  # noqa: BLE001  # whatever is the matter with a copy, the primary can answer
            self._rest(_REST_AFTER_FAILURE_SECONDS)
            self._note("failed", type(error).__name__)
            return None
        self._note("answered" if answer is not None else "behind")
        if answer is None:
            self._rest(_REST_WHEN_BEHIND_SECONDS)
        return answer

    def _rest(self, seconds: float) -> None:
        self.rests_until = time.monotonic() + seconds

    def _note(self, outcome: str, failure: str | None = None) -> None:
        """A failure is logged when it begins and when it is over, by its kind alone."""
        if self._on_asked:
            self._on_asked(self._number, outcome)
        if failure and not self._has_failed:
            logger.warning("replica %s does not answer (%s); the primary is asked instead", self._number, failure)
        elif self._has_failed and not failure:
            logger.info("replica %s answers again", self._number)
        self._has_failed = failure is not None


@asynccontextmanager
async def open_replicas(
    urls: Sequence[str], *, on_statement: OnStatement | None = None, on_asked: OnAsked | None = None
) -> AsyncIterator[Replicas]:
    """Connects when they are first asked: the service starts without them."""
    async with AsyncExitStack() as stack:
        opened = [await Database.open(url, on_statement=on_statement, patience_seconds=_PATIENCE_SECONDS, is_standby=True) for url in urls]
        yield Replicas([await stack.enter_async_context(database) for database in opened], on_asked=on_asked)
