"""What lies between a service and its PostgreSQL, and what can go wrong with it: delays, silence, a cable that is pulled."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

_ANSWER_SECONDS = 0.3
"""For the server to do what it was told, while nobody listens."""


class Proxy:
    """Passes bytes between its own port and a PostgreSQL's; how it behaves may change at any time."""

    def __init__(self, port: int) -> None:
        self.target = port
        self.port = 0
        self.delay_seconds = 0.0
        self.flows = asyncio.Event()
        self.flows.set()
        self.cuts_after: tuple[bytes, ...] = ()
        """Words of a client, one after the other: once all were said, its connection breaks before anybody hears of the answer."""
        self.is_deaf = False
        """Whether the server does not get the last of them either."""
        self._tasks: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def listening(self) -> AsyncIterator["Proxy"]:
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _connected(self, client_reader: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            server_reader, server = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            client.close()
            return
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._ask(client_reader, server, client))
                both.create_task(self._pass_on(server_reader, client))
        except* (OSError, EOFError):
            pass
        finally:
            for writer in (client, server):
                writer.transport.abort()
            self._tasks.discard(task)

    async def _ask(self, reader: asyncio.StreamReader, server: asyncio.StreamWriter, client: asyncio.StreamWriter) -> None:
        said = 0
        async for chunk in self._chunks(reader):
            if self.cuts_after and self.cuts_after[said] in chunk:
                said += 1
                if said == len(self.cuts_after):
                    self.cuts_after = ()
                    client.transport.abort()
                    await self._tell(b"" if self.is_deaf else chunk, server)
                    await asyncio.sleep(_ANSWER_SECONDS)
                    raise ConnectionAbortedError
            await self._tell(chunk, server)

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async for chunk in self._chunks(reader):
            await self._tell(chunk, writer)

    async def _chunks(self, reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
        """Until the other side closes; ends by an error then, so that the other direction ends too."""
        while chunk := await reader.read(1 << 16):
            if self.delay_seconds:
                await asyncio.sleep(self.delay_seconds)
            await self.flows.wait()
            yield chunk
        raise EOFError

    async def _tell(self, chunk: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(chunk)
        await writer.drain()
