"""Whoever calls the service: what is put off honestly is tried again, anything else unexpected is a fault."""

import asyncio
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import httpx

_PUT_OFF = {429, 503}
_LONGEST_WAIT_SECONDS = 5.0


class Fault(Exception):
    """An answer that nobody should get."""


@dataclass(slots=True)
class Tally:
    """What came of all requests of a kind: seconds of those that were answered, how many were put off, and what went wrong how often."""

    seconds: list[float] = field(default_factory=list)
    put_off: int = 0
    faults: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """One key's connection."""

    http: httpx.AsyncClient
    key: str
    tally: Tally

    async def ask(self, method: str, path: str, *, expected: int = 200, **options: Any) -> httpx.Response:
        """Until it is answered as expected. Raises Fault."""
        while True:
            started = time.perf_counter()
            try:
                answer = await self.http.request(method, path, headers={"Authorization": f"Bearer {self.key}"}, **options)
            except httpx.HTTPError as error:
                raise Fault(f"{method}: {type(error).__name__}") from error
            if answer.status_code == expected:
                self.tally.seconds.append(time.perf_counter() - started)
                return answer
            wait = answer.headers.get("Retry-After", "")
            if answer.status_code not in _PUT_OFF or not wait.isdecimal():
                raise Fault(f"{method}: {answer.status_code} {answer.text[:200]}")
            self.tally.put_off += 1
            await asyncio.sleep(min(float(wait), _LONGEST_WAIT_SECONDS))
