"""What is asked for: each case is a script that one consumer carries out on one connection, and that checks every answer."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from bench.load import Answer, Script, WrongAnswer, companies_in
from bench.read.data import PAGE, Feed
from bench.read.subjects import OURS, Subject

DEEP_SHARE = 0.8
_STRETCH = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One consumer at one subject, asking for one feed."""

    subject: Subject
    feed: Feed
    key: str

    def get(self, path: str, *, headers: str = "") -> bytes:
        bearer = f"Authorization: Bearer {self.key}\r\n"
        return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{self.subject.service.port}\r\n{bearer}{headers}\r\n".encode()

    def page(self, offset: int = 0, since: str | None = None, *, headers: str = "") -> bytes:
        return self.get(self.subject.page(self.feed, offset, since), headers=headers)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """`prelude` requests of each script lead to where the case begins, and do not count.

    `stands_at`: how far every consumer has come in a run, page by page, when the case begins; without it, none has begun one.
    """

    name: str
    script: Callable[[Visit], Script]
    prelude: int = 0
    stands_at: Callable[[Feed], int] | None = None


def deep_offset(feed: Feed) -> int:
    """Where the last fifth of a walk begins."""
    return int(feed.total * DEEP_SHARE) // PAGE * PAGE


def first_page(visit: Visit) -> Script:
    """Over and over: each is the beginning of a walk."""
    while True:
        _check((yield visit.page()), companies=PAGE)


def walk_from(name: str, offset: Callable[[Feed], int]) -> Case:
    """The documented loop of a run that has come to an offset, for as many pages as a deep one goes."""

    def script(visit: Visit) -> Script:
        first, end = offset(visit.feed), visit.feed.total - PAGE + 1
        for place in range(first, min(first + end - deep_offset(visit.feed), end), PAGE):
            _check((yield visit.page(place)), companies=PAGE)

    return Case(name=name, script=script, stands_at=offset)


def stretches(visit: Visit) -> Script:
    """Begins a walk, goes anywhere in it, and on from there for a hundred pages; again and again."""
    random, end = Random(visit.key), visit.feed.total - PAGE + 1
    while True:
        _check((yield visit.page()), companies=PAGE)
        first = random.randrange(0, max(end - _STRETCH * PAGE, 1), PAGE)
        for offset in range(first, min(first + _STRETCH * PAGE, end), PAGE):
            _check((yield visit.page(offset)), companies=PAGE)


def whole_walks(visit: Visit) -> Script:
    """The documented loop from the beginning to the end, and again."""
    while True:
        for offset in range(0, visit.feed.total - PAGE + 1, PAGE):
            _check((yield visit.page(offset)), companies=PAGE)


def jump(visit: Visit) -> Script:
    """Offsets in no order, inside one walk."""
    yield visit.page()
    random = Random(visit.key)
    while True:
        offset = random.randrange(0, visit.feed.total - PAGE + 1, PAGE)
        _check((yield visit.page(offset)), companies=PAGE)


def delivered_since(visit: Visit) -> Script:
    """A full page, the last of its feed."""
    while True:
        _check((yield visit.page(0, visit.feed.near_head)), companies=PAGE)


def next_link(visit: Visit) -> Script:
    """Pages in time, each found in the one before."""
    answer = yield visit.page()
    for _ in range(visit.feed.total // PAGE - 1):
        answer = yield visit.get(visit.subject.following(answer))
        _check(answer, companies=PAGE)


def empty_poll(visit: Visit) -> Script:
    """Nothing new: a 304 where the subject knows how to say so."""
    answer = yield visit.page(0, visit.feed.watermark)
    headers = f"If-None-Match: {answer.headers[b'etag'].decode()}\r\n" if b"etag" in answer.headers else ""
    status = 304 if visit.subject.name == OURS else 200
    while True:
        _check((yield visit.page(0, visit.feed.watermark, headers=headers)), status=status, companies=0)


def plain_poll(visit: Visit) -> Script:
    """Nothing new, asked for as the documented clients do."""
    while True:
        _check((yield visit.page(0, visit.feed.watermark)), companies=0)


def constant(visit: Visit) -> Script:
    """What the server and the generator do by themselves."""
    while True:
        _check((yield visit.page()), companies=0)


FIRST = Case(name="first page", script=first_page)
EARLY = walk_from("early page", lambda _feed: PAGE)
DEEP = walk_from("deep page", deep_offset)
JUMP = Case(name="jump", script=jump, prelude=1)
SINCE = Case(name="delivered_since", script=delivered_since)
NEXT = Case(name="next link", script=next_link, prelude=1)
POLL = Case(name="empty poll", script=empty_poll, prelude=1)
PLAIN_POLL = Case(name="empty poll, no ETag", script=plain_poll)
STRETCHES = Case(name="pages of a walk", script=stretches)
WALKS = Case(name="whole walks", script=whole_walks)
CASES = [FIRST, EARLY, DEEP, JUMP, SINCE, NEXT, POLL, PLAIN_POLL, Case(name="constant", script=constant)]


def _check(answer: Answer, *, companies: int, status: int = 200) -> None:
    """Raises WrongAnswer."""
    found = companies_in(answer)
    if answer.status != status or found != companies:
        raise WrongAnswer(f"{answer.status} with {found} companies instead of {status} with {companies}: {answer.body[:200]!r}")
