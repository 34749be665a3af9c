"""A consumer that does what the delivery page says, and nothing more. It knows no walk, no lock and no clock of the service's."""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx

Item = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """A page, and what its headers say."""

    page: dict[str, Any]
    watermark: str
    link: str | None


@dataclass
class NaiveClient:
    """Pages with `offset` or by Link, upserts by `id`, and keeps a timestamp for `delivered_since`.

    `held` and `cursor` are on its disk; everything else is lost when it crashes.
    """

    http: httpx.AsyncClient
    search_id: str
    follows_links: bool = False
    keeps_watermark: bool = False
    held: dict[str, Item] = field(default_factory=dict)
    cursor: str | None = None
    last_question: dict[str, Any] | None = None
    asked: list[dict[str, Any]] = field(default_factory=list)
    _next: dict[str, Any] | None = None
    _cache: dict[str, tuple[str, Answer]] = field(default_factory=dict)

    @property
    def is_walking(self) -> bool:
        return self._next is not None

    def next_question(self) -> dict[str, Any]:
        """The parameters of the page that it asks for next, without `limit`."""
        return self._next or ({"delivered_since": self.cursor} if self.cursor else {})

    async def pull(self, limit: int) -> Answer:
        """The next page, stored; after the last one, the first of the next run."""
        question = self.next_question()
        answer = await self._ask({**question, "limit": limit})
        self.last_question = {**question, "limit": limit}
        self.asked = [*self.asked, self.last_question] if "offset" in question else []
        self._store(question, answer)
        return answer

    async def repeat(self) -> Answer:
        """The page asked for last, once more, as if its answer had been lost."""
        assert self.last_question is not None
        return await self._ask(self.last_question)

    async def ask_in_vain(self, question: dict[str, Any]) -> Answer:
        """What it asks for is given out, and never arrives."""
        return _answer(await self.http.get(self._url(question)))

    async def sync(self, limit: int = 100) -> list[Item]:
        """A whole run, from where it stands; answers what came."""
        items: list[Item] = []
        while True:
            items += (await self.pull(limit)).page["items"]
            if not self.is_walking:
                return items

    def crash(self) -> None:
        """Lose what is only in memory."""
        self.last_question = self._next = None
        self.asked = []
        self._cache.clear()

    def _store(self, question: dict[str, Any], answer: Answer) -> None:
        items = answer.page["items"]
        if not question:
            # A run from nothing: what a broken one left behind may be gone since, and a full walk does not tell of it.
            self.held.clear()
        self.held |= {item["id"]: item for item in items}
        if not self.keeps_watermark and items:
            self.cursor = items[-1]["delivered_at"]
        if not answer.page["has_more"]:
            self._next = None
            if self.keeps_watermark:
                self.cursor = answer.watermark
        elif self.follows_links:
            assert answer.link is not None
            self._next = {name: value for name, value in parse_qsl(urlsplit(answer.link).query) if name != "limit"}
        else:
            self._next = {**question, "offset": question.get("offset", 0) + len(items)}

    async def _ask(self, question: dict[str, Any]) -> Answer:
        """With a cache such as every HTTP library offers: what the service calls unchanged is taken from memory."""
        url = self._url(question)
        etag, cached = self._cache.get(url, ("", None))
        response = await self.http.get(url, headers={"If-None-Match": etag} if etag else {})
        if response.status_code == 304 and cached is not None:
            return Answer(cached.page, response.headers["delivery-watermark"], cached.link)
        answer = _answer(response)
        self._cache[url] = response.headers["etag"], answer
        return answer

    def _url(self, question: dict[str, Any]) -> str:
        return str(httpx.URL(f"/deliveries/{self.search_id}/companies", params=question))


def _answer(response: httpx.Response) -> Answer:
    assert response.status_code == 200, response.text
    return Answer(response.json(), response.headers["delivery-watermark"], response.links.get("next", {}).get("url"))
