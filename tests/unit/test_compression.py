"""Compression of answers: which coding, what is left alone, and that a stream can be read as far as it was sent."""

import asyncio
import re
import sys
import zlib
from collections.abc import Callable
from typing import Any

import pytest

from openprospect.server.http.compression import Compressed

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

LONG = b"grand hotel " * 200


async def answer(
    accepted: str | None, *chunks: bytes, content_type: str = "application/json", sent: Callable[[bytes], None] = lambda _: None
) -> tuple[dict[str, str], bytes]:
    """Headers and body of an application's answer, as a client sees them that accepts these codings."""

    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        headers = [(b"content-type", content_type.encode()), (b"vary", b"Accept")]
        headers += [(b"content-length", str(len(chunks[0])).encode())] if len(chunks) == 1 else []
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        for number, chunk in enumerate(chunks, start=1):
            await send({"type": "http.response.body", "body": chunk, "more_body": number < len(chunks)})
            sent(b"".join(bodies))

    started: list[dict[str, str]] = []
    bodies: list[bytes] = []

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            started.append({})
            for name, value in message["headers"]:
                started[0][name.decode()] = ", ".join(filter(None, [started[0].get(name.decode()), value.decode()]))
        else:
            bodies.append(message["body"])

    scope: Any = {"type": "http", "headers": [(b"accept-encoding", accepted.encode())] if accepted is not None else []}
    await Compressed(app)(scope, asyncio.Event().wait, send)  # type: ignore[arg-type]  # nothing is received
    return started[0], b"".join(bodies)


DECOMPRESSED: dict[str, Callable[[bytes], bytes]] = {
    "zstd": lambda data: zstd.ZstdDecompressor().decompress(data),
    "gzip": lambda data: zlib.decompressobj(wbits=zlib.MAX_WBITS | 16).decompress(data),
}


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("gzip", "gzip"),
        ("gzip, deflate, br, zstd", "zstd"),
        ("GZIP;q=0.5 , Zstd ; q=0.5", "zstd"),
        ("zstd;q=0.4, gzip;q=0.5", "gzip"),
        ("zstd;q=0, gzip", "gzip"),
        ("gzip;q=0", None),
        ("br, *", None),
        ("identity", None),
        ("gzip;q=high, \x80", None),
        ("", None),
        (None, None),
    ],
)
async def test_the_coding_is_one_that_the_client_names(accepted: str | None, coding: str | None) -> None:
    headers, body = await answer(accepted, LONG)
    assert headers.get("content-encoding") == coding
    assert headers["content-length"] == str(len(body))
    assert (DECOMPRESSED[coding](body) if coding else body) == LONG
    assert headers["vary"] == ("Accept, Accept-Encoding" if coding else "Accept")


@pytest.mark.parametrize("content_type", ["application/vnd.apache.parquet", "image/png", "application/octet-stream"])
async def test_what_is_compressed_by_itself_is_left_alone(content_type: str) -> None:
    headers, body = await answer("gzip, zstd", LONG, LONG, b"", content_type=content_type)
    assert ("content-encoding" in headers, body) == (False, LONG + LONG)


async def test_a_short_answer_is_left_alone() -> None:
    headers, body = await answer("gzip, zstd", b"{}")
    assert (headers.get("content-encoding"), headers["content-length"], body) == (None, "2", b"{}")


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
async def test_each_chunk_of_a_stream_can_be_read_as_soon_as_it_is_sent(coding: str) -> None:
    chunks = [b"first", LONG, b"x" * 300_000, b"last"]
    seen: list[int] = []
    headers, body = await answer(coding, *chunks, b"", sent=lambda body: seen.append(len(DECOMPRESSED[coding](body))))
    assert seen == [5, 5 + len(LONG), 300_005 + len(LONG), 300_009 + len(LONG), 300_009 + len(LONG)]
    assert DECOMPRESSED[coding](body) == b"".join(chunks)
    assert "content-length" not in headers
    assert re.fullmatch("gzip|zstd", headers["content-encoding"])
