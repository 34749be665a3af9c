"""Who is measured: the service, its peers and its limits, each a running server with its own way to ask for a page."""

import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import msgspec

from bench.database import libpq_environment
from bench.load import Answer
from bench.model import PEERS_PYTHON
from bench.read.data import PAGE, Data, Feed
from bench.service import Service, serving
from openprospect.demo.service import COMMAND

OURS, BARE, CONSTANT = "openprospect", "bare ASGI, same statement", "bare ASGI, constant bytes"
FASTAPI, DJANGO = "FastAPI + SQLAlchemy", "Django REST Framework"
PEERS = ("fastapi", "django")
_PEER_CASES = frozenset({"first page", "deep page", "jump", "delivered_since", "empty poll"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """`page` gives the path of a page by offset, after `since` if given; `following` that of the next one, out of an answer.

    `compared` are the members of a page that must be the same for everybody.
    """

    name: str
    service: Service
    cases: frozenset[str]
    is_peer: bool = False
    compared: frozenset[str] = frozenset({"items", "total", "limit", "offset", "has_more"})
    page: Callable[[Feed, int, str | None], str]
    following: Callable[[Answer], str]

    @property
    def walks(self) -> bool:
        """Whether it has offsets at all that a consumer may count through."""
        return "jump" in self.cases


@contextmanager
def running(data: Data, databases: Mapping[str, str], logs: Path) -> Iterator[list[Subject]]:
    """All of them at once: who is not asked just now costs next to nothing."""
    with ExitStack() as stack:
        subjects = [ours(stack, data, logs)]
        subjects += [_fastapi(stack, databases["fastapi"], logs), _django(stack, databases["django"], logs)] if databases else []
        page_bytes = PAGE * 700
        subjects += _bare(stack, data, logs, page_bytes)
        yield subjects


def documented(feed: Feed, offset: int, since: str | None) -> str:
    parameters = {"limit": PAGE, "offset": offset} | ({"delivered_since": since} if since else {})
    return f"/api/v1/deliveries/{feed.search_id}/companies?{urlencode(parameters)}"


def _linked(answer: Answer) -> str:
    """The target of the Link header, without scheme and host."""
    return "/" + answer.headers[b"link"].decode().split(">")[0].split("/", 3)[3]


def ours(stack: ExitStack, data: Data, logs: Path) -> Subject:
    """The service itself, on the database of the data."""
    command: list[str | Path] = [COMMAND, "serve", "--port", "{port}", "--no-migrate"]
    service = stack.enter_context(serving(command, environment={"OPENPROSPECT_DATABASE_URL": data.dsn}, log=logs / "openprospect.log"))
    return Subject(
        name=OURS,
        service=service,
        cases=_PEER_CASES | {"early page", "next link", "empty poll, no ETag"},
        page=documented,
        following=_linked,
    )


def _fastapi(stack: ExitStack, dsn: str, logs: Path) -> Subject:
    program = PEERS_PYTHON.with_name("uvicorn")
    command: list[str | Path] = [program, "bench.peers.fastapi_app:app", "--port", "{port}", "--no-access-log", "--log-level", "warning"]
    environment = {"PEER_DATABASE_URL": dsn.replace("postgresql://", "postgresql+asyncpg://", 1)}
    service = stack.enter_context(serving(command, environment=environment, log=logs / "fastapi.log"))
    return Subject(name=FASTAPI, service=service, cases=_PEER_CASES, is_peer=True, page=documented, following=_linked)


def _django(stack: ExitStack, dsn: str, logs: Path) -> Subject:
    program = PEERS_PYTHON.with_name("gunicorn")
    workers = ["--workers", "2", "--worker-class", "gthread", "--threads", "8", "--keep-alive", "60", "--no-control-socket"]
    command: list[str | Path] = [program, "bench.peers.django_app:application", "--bind", "127.0.0.1:{port}", *workers]
    service = stack.enter_context(serving(command, environment=libpq_environment(dsn), log=logs / "django.log"))
    return Subject(name=DJANGO, service=service, cases=_PEER_CASES, is_peer=True, page=documented, following=_linked)


def _bare(stack: ExitStack, data: Data, logs: Path, page_bytes: int) -> list[Subject]:
    command: list[str | Path] = [
        Path(COMMAND).with_name("uvicorn"),
        "bench.peers.bare:app",
        "--port",
        "{port}",
        "--no-access-log",
        "--log-level",
        "warning",
    ]
    command += ["--loop", "uvloop", "--http", "httptools"]
    environment = {"BENCH_DATA": msgspec.json.encode(data).decode(), "BENCH_PAGE_BYTES": str(page_bytes)}
    service = stack.enter_context(serving(command, environment=environment, log=logs / "bare.log"))
    cases = frozenset({"first page", "deep page", "delivered_since", "next link"})
    return [
        Subject(name=BARE, service=service, cases=cases, compared=frozenset({"items", "total"}), page=_bare_page, following=_bare_next),
        Subject(name=CONSTANT, service=service, cases=frozenset({"constant"}), page=lambda *_: "/constant", following=_bare_next),
    ]


def _bare_page(_feed: Feed, offset: int, since: str | None) -> str:
    if offset:
        return f"/page_at?offset={offset}"
    return f"/page?{urlencode({'since': since})}" if since else "/page"


def _bare_next(answer: Answer) -> str:
    """By the time of the last company, as the service's own links go."""
    mark = b'"delivered_at":"'
    begin = answer.body.rindex(mark) + len(mark)
    return f"/page?since={answer.body[begin : begin + 27].decode()}"


def has_peers() -> bool:
    return PEERS_PYTHON.with_name("gunicorn").exists() and shutil.which(PEERS_PYTHON.with_name("uvicorn")) is not None
