"""Answers that are sent while they are made."""

from collections.abc import AsyncIterator


class BrokenOff(Exception):
    """A stream that cannot go on. The server closes the connection before its end, so that nobody takes half for the whole."""


async def broken_off(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The same chunks; a fault among them ends the transfer, and the log gets its kind and places alone, as for any other answer."""
    try:
        async for chunk in chunks:
            yield chunk
    except Exception as error:  # noqa: BLE001  # whatever it says may quote somebody's data
        raise BrokenOff(type(error).__name__).with_traceback(error.__traceback__) from None


async def nothing() -> AsyncIterator[bytes]:
    """For a HEAD request: an empty chunk, so that the headers are those of a stream."""
    yield b""
