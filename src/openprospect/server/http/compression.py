"""Compression, where the client asks for it: zstd rather than gzip, both at their quickest, a stream flushed chunk by chunk."""

import asyncio
import re
import sys
import zlib
from functools import lru_cache
from typing import Any, Protocol

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

_MINIMUM_BYTES = 1024
# What takes longer than a millisecond or so is done beside the event loop.
_LONG_BYTES = 128 << 10
# What else is served is compressed by itself.
_COMPRESSIBLE = re.compile(rb"text/|application/(json|x-ndjson|javascript)|image/svg\+xml")
_CODING = re.compile(rb"\s*([\w-]+)\s*(?:;\s*q\s*=\s*([01](?:\.\d{0,3})?)\s*)?", re.ASCII)


class Compressed:
    """ASGI middleware. What is short, or compressed by itself, is left as it is."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        coding = _preferred(_accepted(scope["headers"])) if scope["type"] == ScopeType.HTTP else None
        await self._app(scope, receive, _Answer(coding, send) if coding else send)


class _Compressor(Protocol):
    def compress(self, data: bytes, *, is_last: bool) -> bytes:
        """All of it is readable at once, not only when the last is there."""


class _Zstd:
    def __init__(self) -> None:
        self._compressor = zstd.ZstdCompressor(level=1)

    def compress(self, data: bytes, *, is_last: bool) -> bytes:
        return self._compressor.compress(data, self._compressor.FLUSH_FRAME if is_last else self._compressor.FLUSH_BLOCK)


class _Gzip:
    def __init__(self) -> None:
        self._compressor = zlib.compressobj(level=1, wbits=zlib.MAX_WBITS | 16)

    def compress(self, data: bytes, *, is_last: bool) -> bytes:
        return self._compressor.compress(data) + self._compressor.flush(zlib.Z_FINISH if is_last else zlib.Z_SYNC_FLUSH)


_CODINGS: dict[bytes, type[_Compressor]] = {b"zstd": _Zstd, b"gzip": _Gzip}


class _Answer:
    """One answer on its way out, in place of `send`. Its start is held back until its first chunk: the headers depend on that."""

    def __init__(self, coding: bytes, send: Send) -> None:
        self._coding = coding
        self._send = send
        self._start: Any = None
        self._compressor: _Compressor | None = None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start = message
        elif message["type"] == "http.response.body":
            body = await self._begun(message["body"], is_last=not message["more_body"])
            await self._send({**message, "body": body})
        else:
            await self._send(message)

    async def _begun(self, body: bytes, *, is_last: bool) -> bytes:
        """The body as it is sent, once the start has gone out."""
        start, self._start = self._start, None
        if start and (len(body) >= _MINIMUM_BYTES or not is_last) and _is_compressible(start["headers"]):
            self._compressor = _CODINGS[self._coding]()
        body = await _compressed(self._compressor, body, is_last=is_last) if self._compressor else body
        if start:
            if self._compressor:
                start["headers"] = _headers(start["headers"], self._coding, length=len(body) if is_last else None)
            await self._send(start)
        return body


async def _compressed(compressor: _Compressor, body: bytes, *, is_last: bool) -> bytes:
    if len(body) < _LONG_BYTES:
        return compressor.compress(body, is_last=is_last)
    return await asyncio.to_thread(compressor.compress, body, is_last=is_last)


def _accepted(headers: Any) -> bytes:
    return b",".join(value for name, value in headers if name == b"accept-encoding")


@lru_cache(maxsize=256)
def _preferred(accepted: bytes) -> bytes | None:
    """The coding that the client likes best, of those that it names."""
    found = (_CODING.fullmatch(part) for part in accepted.lower().split(b","))
    weights = {match[1]: float(match[2] or 1) for match in found if match}
    best = max(_CODINGS, key=lambda coding: weights.get(coding, 0))
    return best if weights.get(best) else None


def _is_compressible(headers: Any) -> bool:
    return any(name == b"content-type" and _COMPRESSIBLE.match(value) for name, value in headers)


def _headers(headers: Any, coding: bytes, *, length: int | None) -> list[tuple[bytes, bytes]]:
    kept = [(name, value) for name, value in headers if name != b"content-length"]
    if not any(name == b"vary" and b"accept-encoding" in value.lower() for name, value in kept):
        kept.append((b"vary", b"Accept-Encoding"))
    if length is not None:
        kept.append((b"content-length", str(length).encode()))
    return [*kept, (b"content-encoding", coding)]
