"""HTTP as a feed needs it: pooled, patient, and never sending the key to another host. It knows no feed."""

import logging
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import urllib3
from urllib3.util.request import ACCEPT_ENCODING

from openprospect.sync.errors import (
    AnswerUnclear,
    FixNeeded,
    KeyRefused,
    QuotaSpent,
    RateLimited,
    RequestRefused,
    SearchGone,
    SyncError,
    TryLater,
)
from openprospect.sync.links import joined
from openprospect.sync.proxies import proxy_for, sign_in_needed
from openprospect.sync.retry import Retry, asked_pause_seconds
from openprospect.sync.wire import decode_failure

log = logging.getLogger("openprospect.sync")

_LOOPBACK = {"127.0.0.1", "::1", "localhost"}
TRANSIENT = {408, 425, 429, 500, 502, 503, 504}
_REDIRECTS = {301, 302, 303, 307, 308}
_MOST_REDIRECTS = 5
_PROXY_WANTS_SIGN_IN = 407
# About as many companies as a page has, so that these are still in the processor's cache when they become columns.
_PIECE_BYTES = 64 * 1024
_REFUSALS: dict[int, type[FixNeeded]] = {401: KeyRefused, 403: KeyRefused, 404: SearchGone, 410: RequestRefused, 422: RequestRefused}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back. `pieces`: the body as it arrives, in place of `body`; raises `TryLater` where it breaks off."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""
    pieces: Iterable[bytes] = ()
    code: str = ""


Explain = Callable[[Answer], SyncError]
"""What an answer that nobody expected means, and so what to do about it."""


def feed_error(answer: Answer) -> SyncError:
    """What a refusal of the delivery service means."""
    failure = decode_failure(answer.body)
    request_id = failure.request_id or answer.headers.get("X-Request-Id")
    message = failure.message or f"The server answered {answer.status} without saying why."
    if answer.status == 429:
        return RateLimited(message, request_id=request_id)
    if answer.status >= 500 or answer.status in TRANSIENT:
        return TryLater(message, request_id=request_id)
    return _REFUSALS.get(answer.status, AnswerUnclear)(message, request_id=request_id)


class Transport:
    """One server, one way to be known to it, one pool of connections."""

    def __init__(
        self,
        base_url: str,
        authorization: str,
        *,
        connect_seconds: float,
        read_seconds: float,
        retry: Retry,
        explain: Explain = feed_error,
    ) -> None:
        self.base_url = base_url
        self._origin = _origin(base_url)
        self._retry = retry
        self._explain = explain
        self._headers = {
            "Authorization": authorization,
            "Accept": "application/json",
            "Accept-Encoding": _accepted_encodings(base_url),
            "User-Agent": f"openprospect-sync (Python {sys.version_info.major}.{sys.version_info.minor})",
        }
        self._pool = _pool(base_url, timeout=urllib3.Timeout(connect=connect_seconds, read=read_seconds))

    def request(
        self,
        method: str,
        url: str,
        *,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        expected: frozenset[int],
        is_stream: bool = False,
    ) -> Answer:
        """Ask until the answer has an expected status, or patience or hope is lost; the answer's body as it arrives if `is_stream`.

        Raises `TryLater` or one of its kin where waiting may help, `FixNeeded` where it will not.
        """
        started, attempt = self._retry.clock(), 0
        while True:
            try:
                answer = self._attempt(method, url, body, headers, is_stream=is_stream)
                if answer.status in expected:
                    return answer
                if answer.status == _PROXY_WANTS_SIGN_IN:
                    raise sign_in_needed(self._origin)
                error, asked = self._explain(answer), asked_pause_seconds(answer.headers)
                if answer.status not in TRANSIENT or isinstance(error, QuotaSpent):
                    raise error
            except urllib3.exceptions.HTTPError as failure:
                error, asked = _network_error(failure, self._origin), None
                if isinstance(error, FixNeeded):
                    raise error from failure
            pause = self._retry.pause_seconds(attempt=attempt, elapsed=self._retry.clock() - started, asked=asked)
            if pause is None:
                raise error
            log.warning("%s Next attempt in %.1f s.", error, pause)
            self._retry.sleep(pause)
            attempt += 1

    def close(self) -> None:
        self._pool.clear()

    def _attempt(self, method: str, url: str, body: bytes | None, headers: Mapping[str, str] | None, *, is_stream: bool) -> Answer:
        for _ in range(_MOST_REDIRECTS):
            response = self._pool.request(
                method,
                url,
                body=body,
                headers={**self._headers, **(headers or {})},
                redirect=False,
                retries=False,
                preload_content=not is_stream,
            )
            if is_stream and response.status == 200:
                return Answer(status=response.status, headers=response.headers, pieces=self._pieces(response))
            if response.status not in _REDIRECTS:
                return Answer(
                    status=response.status,
                    headers=response.headers,
                    body=response.data,
                    code="" if response.status < 400 else decode_failure(response.data).code,
                )
            url = self._same_origin(joined(url, response.headers.get("Location", "")).geturl())
        raise AnswerUnclear(f"{self._origin} redirects in circles. Is the base URL that of the service?")

    def _pieces(self, response: urllib3.BaseHTTPResponse) -> Iterator[bytes]:
        try:
            yield from response.stream(_PIECE_BYTES)
        except urllib3.exceptions.HTTPError as failure:
            raise _network_error(failure, self._origin) from failure
        finally:
            response.close()  # What is left of it is not waited for.

    def _same_origin(self, url: str) -> str:
        if _origin(url) != self._origin:
            raise AnswerUnclear(
                f"{self._origin} redirects to {_origin(url)}; the key is not sent there. If that is the service, make it the base URL."
            )
        return url


def _pool(base_url: str, *, timeout: urllib3.Timeout) -> urllib3.PoolManager:
    proxy = None if _is_loopback(base_url) else proxy_for(base_url)
    if proxy is None:
        return urllib3.PoolManager(timeout=timeout)
    return urllib3.ProxyManager(proxy.url, proxy_headers=proxy.headers, timeout=timeout)


def _accepted_encodings(base_url: str) -> str:
    """Compression pays on a network, and costs both sides on one machine."""
    if _is_loopback(base_url):
        return "identity"
    return "zstd, gzip" if "zstd" in ACCEPT_ENCODING else "gzip"


def _is_loopback(url: str) -> bool:
    return urlsplit(url).hostname in _LOOPBACK


def _origin(url: str) -> str:
    parts = urlsplit(url)
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    return f"{parts.scheme}://{parts.hostname}:{port}"


def _network_error(failure: urllib3.exceptions.HTTPError, origin: str) -> SyncError:
    if isinstance(failure, urllib3.exceptions.SSLError) and "CERTIFICATE_VERIFY_FAILED" in str(failure):
        return FixNeeded(f"The certificate of {origin} is not trusted: {failure}")
    if isinstance(failure, urllib3.exceptions.ProxyError) and f"failed: {_PROXY_WANTS_SIGN_IN}" in str(failure):
        return sign_in_needed(origin)
    return TryLater(f"{origin} cannot be reached, or broke off: {failure}.")
