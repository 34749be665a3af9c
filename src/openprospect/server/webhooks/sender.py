"""One attempt: a signed message goes out, and what comes back is read as far as it matters. Nothing is followed or tried again."""

import asyncio
import re
import ssl
import time
from collections import OrderedDict
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import MappingProxyType, TracebackType
from typing import Self, cast

import httpcore

from openprospect.server.core.vault import Vault
from openprospect.server.webhooks.failures import SECRETS_UNREADABLE, reason, refusal
from openprospect.server.webhooks.message import Message
from openprospect.server.webhooks.model import Attempt, Target, WebhookId
from openprospect.server.webhooks.network import Lookup, Resolve, VettedNetwork
from openprospect.server.webhooks.retry import retry_after
from openprospect.server.webhooks.signature import signed_headers

_MOST_ANSWER_BYTES = 1024
_EMAIL = re.compile(r"[\w.!#$&'*+=?^`{|}~%-]+(?:@|%40)[\w.-]*")
# With what is under way besides, well below the 1,024 files that a process may often open.
_MOST_POOLS = 256
NO_HEADERS: Mapping[str, str] = MappingProxyType({})

_HEADERS = {"content-type": "application/json", "user-agent": "OpenProspect-Webhooks", "accept-encoding": "identity"}


@dataclass(frozen=True, slots=True, kw_only=True)
class SendTimeouts:
    """How long an endpoint may take, in seconds: to let us in, to say something, and in all."""

    connect: float = 5.0
    read: float = 10.0
    whole: float = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """An attempt, and how long the endpoint asks us to wait before the next. Where it could not be signed here, nothing went out."""

    attempt: Attempt
    retry_after: timedelta | None = None
    is_signed: bool = True

    @property
    def is_accepted(self) -> bool:
        return self.attempt.failure is None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    status: int
    text: str
    retry_after: timedelta | None


class Sender:
    """Sends messages over connections that it keeps for a while, a small pool an endpoint. Use it as a context manager."""

    def __init__(
        self,
        vault: Vault,
        *,
        allow_private: bool,
        patience: SendTimeouts | None = None,
        resolve: Resolve | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._vault = vault
        self._lookup = Lookup()
        self._network = VettedNetwork(resolve or self._lookup, allow_private=allow_private)
        self._patience = patience or SendTimeouts()
        self._clock = clock
        self._tls = ssl.create_default_context()
        self._pools: OrderedDict[WebhookId, _Pool] = OrderedDict()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for pool in self._pools.values():
            await pool.connections.aclose()
        self._lookup.close()

    async def send(self, target: Target, message: Message, *, headers: Mapping[str, str] = NO_HEADERS) -> Sent:
        """Try once, with headers besides ours. Never raises for what an endpoint does: that is told in the attempt."""
        started = time.monotonic()
        keys = [key for sealed in target.sealed_secrets if (key := self._vault.open(sealed))]
        answer, failure = await self._outcome(target, message, headers, keys) if keys else (None, SECRETS_UNREADABLE)
        attempt = Attempt(
            event=message.event,
            message_id=message.id,
            latency_ms=round((time.monotonic() - started) * 1000),
            status=answer.status if answer else None,
            failure=failure,
            # A receiver may echo what it was sent: an answer to people's data is not kept. To ids alone it may still name somebody.
            answer=_EMAIL.sub("***@***", answer.text) if answer and failure and not message.is_personal else None,
        )
        return Sent(attempt=attempt, retry_after=answer.retry_after if answer else None, is_signed=bool(keys))

    async def _outcome(
        self, target: Target, message: Message, headers: Mapping[str, str], keys: Sequence[bytes]
    ) -> tuple[_Answer | None, str | None]:
        """What was answered, if anything; and why it is a failure, if it is one."""
        try:
            async with asyncio.timeout(self._patience.whole):
                answer = await self._exchange(target, message, headers, keys)
        except Exception as error:  # noqa: BLE001  # whatever an endpoint provokes is its failure, with the pauses that follow from one
            return None, reason(error)
        return answer, None if 200 <= answer.status < 300 else refusal(answer.status)

    async def _exchange(self, target: Target, message: Message, headers: Mapping[str, str], keys: Sequence[bytes]) -> _Answer:
        now = self._clock()
        signed = signed_headers(message.body, message_id=message.id, timestamp=int(now.timestamp()), keys=keys)
        timeouts = {"connect": self._patience.connect, "read": self._patience.read, "write": self._patience.read}
        url = httpcore.URL(target.url)
        async with (
            self._pool(target.id) as pool,
            pool.stream(
                "POST",
                url,
                headers=[
                    ("host", _host(url)),
                    ("content-length", str(len(message.body))),
                    *_HEADERS.items(),
                    *headers.items(),
                    *signed.items(),
                ],
                content=message.body,
                extensions={"timeout": timeouts},
            ) as response,
        ):
            answered = {name.lower(): value.decode("latin-1") for name, value in response.headers}
            return _Answer(
                status=response.status, text=await _beginning(response), retry_after=retry_after(answered.get(b"retry-after"), now=now)
            )

    @asynccontextmanager
    async def _pool(self, webhook_id: WebhookId) -> AsyncIterator[httpcore.AsyncConnectionPool]:
        """The connections to this endpoint. One pool for all would look through every connection at every request."""
        pool = self._pools.get(webhook_id) or _Pool(
            httpcore.AsyncConnectionPool(
                ssl_context=self._tls,
                max_connections=None,
                max_keepalive_connections=2,
                keepalive_expiry=30.0,
                network_backend=self._network,
            )
        )
        self._pools[webhook_id] = pool
        self._pools.move_to_end(webhook_id)
        pool.users += 1
        try:
            yield pool.connections
        finally:
            pool.users -= 1
            await self._drop_oldest()

    async def _drop_oldest(self) -> None:
        """Close the pool that was used longest ago and is idle, where there are too many."""
        if len(self._pools) > _MOST_POOLS:
            idle = next((webhook_id for webhook_id, pool in self._pools.items() if not pool.users), None)
            if idle is not None:
                await self._pools.pop(idle).connections.aclose()


@dataclass(slots=True)
class _Pool:
    connections: httpcore.AsyncConnectionPool
    users: int = field(default=0)


async def _beginning(response: httpcore.Response) -> str:
    """How the body begins. The rest is not read: the connection is closed over it."""
    received = b""
    async with aclosing(cast("AsyncGenerator[bytes]", response.aiter_stream())) as chunks:
        async for chunk in chunks:
            received += chunk[:_MOST_ANSWER_BYTES]
            if len(received) >= _MOST_ANSWER_BYTES:
                break
    # PostgreSQL's text has no place for NUL.
    return received[:_MOST_ANSWER_BYTES].decode("utf-8", errors="replace").replace("\0", "\ufffd")


def _host(url: httpcore.URL) -> str:
    name = url.host.decode()
    host = f"[{name}]" if ":" in name else name
    return host if url.port is None else f"{host}:{url.port}"
