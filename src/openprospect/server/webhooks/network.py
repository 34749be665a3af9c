"""Dialling: a name is looked up, all its addresses are vetted, and one of those very addresses is connected to.

Checking a URL when it is registered would not be enough: names change their addresses.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from ipaddress import ip_address

import httpcore

from openprospect.server.webhooks.address import is_allowed

Resolve = Callable[[str, int], Awaitable[list[str]]]

_LOOKUPS_AT_ONCE = 32


class AddressRefused(Exception):
    """The name leads to an address that messages may not be sent to."""


class NameUnknown(Exception):
    """The name has no address."""


class Lookup:
    """The system's resolver on threads of its own: the event loop's few are shared with everything else, and a lookup may hang."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_LOOKUPS_AT_ONCE, thread_name_prefix="webhook-lookup")

    async def __call__(self, host: str, port: int) -> list[str]:
        """Every address of the host. Raises NameUnknown."""
        with suppress(ValueError):
            return [str(ip_address(host))]
        loop = asyncio.get_running_loop()
        try:
            found = await loop.run_in_executor(self._threads, lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError):
            raise NameUnknown from None
        return [str(entry[4][0]) for entry in found]

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


class VettedNetwork(httpcore.AsyncNetworkBackend):
    """Connects to no address that it has not looked at; the name itself is never handed on."""

    def __init__(self, resolve: Resolve, *, allow_private: bool, inner: httpcore.AsyncNetworkBackend | None = None) -> None:
        self._resolve = resolve
        self._allow_private = allow_private
        self._inner = inner or httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  # the interface is httpcore's
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        addresses = await self._vetted(host, port)
        last = len(addresses) - 1
        for place, address in enumerate(addresses):
            try:
                return await self._inner.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                if place == last:
                    raise
        raise NameUnknown

    async def _vetted(self, host: str, port: int) -> list[str]:
        """All of them must pass: a name that leads inside and outside is an attack, or a mistake that would work now and then."""
        addresses = await self._resolve(host.strip("[]"), port)
        if not all(is_allowed(address, allow_private=self._allow_private) for address in addresses):
            raise AddressRefused
        return addresses
