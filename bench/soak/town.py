"""A service with everybody who uses it: set up, set going, stopped, compared."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from random import Random
from typing import Protocol

import httpx

from bench.feed import open_search
from bench.service import Service
from bench.soak.caller import Caller, Fault, Tally
from bench.soak.crowd import Crowd, Soaked
from bench.soak.parts import Consumer, Eraser, Producer, shown
from bench.soak.watch import Watch, until_stopped, watching
from openprospect import verify_webhook
from openprospect.server.access.keys import create_key
from openprospect.server.access.model import DEFAULT_ORGANIZATION, Scope, Tier
from openprospect.server.core.vault import Vault
from openprospect.server.db.pool import Database
from openprospect.server.searches.model import Search
from openprospect.server.webhooks.endpoints import create_webhook
from tests.webhooks.receiver import Received, Receiver, Reply

SECRET_KEY = "of a measurement that has nothing to hide"
_ACTOR = "bench"
_SETTLED_SECONDS = 60.0


class _Part(Protocol):
    async def turn(self) -> None: ...


@dataclass(slots=True)
class _Pushed:
    """What the receiver has been told: the newest time of each company."""

    secrets: dict[str, str] = field(default_factory=dict)
    newest: dict[str, str] = field(default_factory=dict)
    count: int = 0

    def take(self, request: Received) -> Reply:
        data = verify_webhook(request.body, request.headers, self.secrets[request.path]).data
        company = data["company_id"]
        self.newest[company] = max(self.newest.get(company, ""), data["delivered_at"])
        self.count += 1
        return Reply()


async def soak(dsn: str, service: Service, receiver: Receiver, crowd: Crowd, *, server_pid: int) -> Soaked:
    """Everybody for as long as the crowd says, then what they ended up with."""
    async with await Database.open(dsn, size=2) as database, AsyncExitStack() as stack:
        reading, writing, pushed, stop = Tally(), Tally(), _Pushed(), asyncio.Event()
        searches = [await open_search(database) for _ in range(crowd.searches)]
        receiver.behave = pushed.take
        for place, search in enumerate(searches):
            pushed.secrets[f"/{place}"] = await _endpoint(database, receiver.url(f"/{place}"), search)
        newcomer = _Newcomer(database, stack, f"{service.base_url}/api/v1")
        consumers = [
            Consumer(caller=await newcomer.caller(f"consumer {n}", reading), path=_path(searches[n % crowd.searches]), random=Random(n))
            for n in range(crowd.consumers)
        ]
        producers = [
            Producer(
                caller=await newcomer.caller(f"producer {n}", writing),
                path=_path(searches[n % crowd.searches]),
                random=Random(n),
                name=f"p{n}",
                companies=crowd.companies * crowd.searches // crowd.producers,
            )
            for n in range(crowd.producers)
        ]
        eraser = Eraser(caller=await newcomer.caller("eraser", writing), producers=producers, random=Random(0))
        watch = Watch(service_pid=service.pid, server_pid=server_pid, database=database)
        parts: list[Awaitable[None]] = [
            *(_go_on(consumer, reading, stop, lambda: 0.5 + consumers[0].random.random()) for consumer in consumers),
            *(_go_on(producer, writing, stop, lambda: 1.0 + 2 * producers[0].random.random()) for producer in producers),
            _go_on(eraser, writing, stop, lambda: min(5.0, crowd.seconds / 4)),
            _forgetting(receiver, stop),
            watching(watch, stop, seconds=crowd.seconds),
        ]
        asyncio.get_running_loop().call_later(crowd.seconds, stop.set)
        await asyncio.gather(*parts)
        live: dict[str, tuple[str, bytes]] = {}
        drifted = 0
        for place, search in enumerate(searches):
            feed = Consumer(caller=await newcomer.caller(f"feed {place}", reading), path=_path(search), random=Random(place), texts=[])
            await feed.turn()
            live |= feed.held
            if leaked := shown(feed.texts or [], eraser.erased):
                writing.faults[f"{len(leaked)} erased people are in a feed"] += 1
            mine = consumers[place :: crowd.searches]
            await asyncio.gather(*(_attempt(consumer, reading) for consumer in mine))
            drifted += sum(consumer.held != feed.held for consumer in mine)
        return Soaked(
            reading=reading,
            writing=writing,
            delivered=sum(producer.count for producer in producers),
            erased=len(eraser.erased),
            events_missing=await _missing(pushed, {company: at for company, (at, _) in live.items()}),
            events=pushed.count,
            drifted=drifted,
            series=watch.series,
        )


@dataclass(frozen=True, slots=True)
class _Newcomer:
    """Makes keys, and clients for them."""

    database: Database
    stack: AsyncExitStack
    base_url: str

    async def caller(self, name: str, tally: Tally) -> Caller:
        made = await create_key(
            self.database,
            name,
            organization=DEFAULT_ORGANIZATION,
            scopes=list(Scope),
            expires_in=None,
            is_live=False,
            actor=_ACTOR,
            tier=Tier.ENTERPRISE,
        )
        # A client each: the pool of one that all share is looked through as a whole, request by request.
        http = httpx.AsyncClient(base_url=self.base_url, timeout=60, trust_env=False, verify=False)
        return Caller(http=await self.stack.enter_async_context(http), key=made.key, tally=tally)


async def _endpoint(database: Database, url: str, search: Search) -> str:
    """Push a search there; answers the secret."""
    _, made = await create_webhook(
        database,
        url,
        organization_id=search.organization_id,
        search_id=search.id,
        events=(),
        is_full=False,
        base_url="http://127.0.0.1",
        allow_private=True,
        vault=Vault([SECRET_KEY]),
        actor=_ACTOR,
    )
    return made.secret


async def _go_on(part: _Part, tally: Tally, stop: asyncio.Event, pause: Callable[[], float]) -> None:
    while await until_stopped(stop, pause):
        await _attempt(part, tally)


async def _attempt(part: _Part, tally: Tally) -> None:
    try:
        await part.turn()
    except Fault as fault:
        tally.faults[str(fault)] += 1


async def _forgetting(receiver: Receiver, stop: asyncio.Event) -> None:
    """What was received has been looked at."""
    while await until_stopped(stop, lambda: 5.0):
        receiver.requests.clear()


async def _missing(pushed: _Pushed, live: dict[str, str]) -> int:
    """How many companies' last event does not arrive, given a minute."""
    deadline = time.monotonic() + _SETTLED_SECONDS
    while True:
        missing = sum(pushed.newest.get(company) != at for company, at in live.items())
        if not missing or time.monotonic() > deadline:
            return missing
        await asyncio.sleep(0.2)


def _path(search: Search) -> str:
    return f"/deliveries/{search.id}/companies"
