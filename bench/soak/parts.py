"""Who takes part: consumers with the loop of the delivery page, producers, and somebody who erases people."""

import hashlib
from collections.abc import Set
from dataclasses import dataclass, field
from random import Random

import msgspec

from bench.soak.caller import Caller

PAGE_COMPANIES = 50
_BATCH_COMPANIES = 10


class _Page(msgspec.Struct):
    items: list[msgspec.Raw]
    has_more: bool


class _Item(msgspec.Struct):
    id: str
    delivered_at: str
    removed_at: str | None = None


class _Outcome(msgspec.Struct):
    id: str


class _Outcomes(msgspec.Struct):
    items: list[_Outcome]


@dataclass(slots=True, kw_only=True)
class Consumer:
    """Pages by `offset`, upserts by `id`, and goes on with `delivered_since`; of a company it keeps its time and a digest."""

    caller: Caller
    path: str
    random: Random
    held: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    texts: list[bytes] | None = None
    _cursor: str | None = None

    async def turn(self) -> None:
        """One run; now and then from the beginning, as somebody who has lost everything."""
        if self._cursor is None or self.random.random() < 0.02:
            self._cursor = None
            self.held.clear()
        since = {"delivered_since": self._cursor} if self._cursor else {}
        newest, offset, has_more = self._cursor, 0, True
        while has_more:
            answer = await self.caller.ask("GET", self.path, params={**since, "limit": PAGE_COMPANIES, "offset": offset})
            page = msgspec.json.decode(answer.content, type=_Page)
            for raw in page.items:
                newest = self._hold(bytes(raw))
            offset, has_more = offset + len(page.items), page.has_more
        self._cursor = newest

    def _hold(self, text: bytes) -> str:
        item = msgspec.json.decode(text, type=_Item)
        if self.texts is not None:
            self.texts.append(text)
        if item.removed_at:
            self.held.pop(item.id, None)
        else:
            self.held[item.id] = item.delivered_at, hashlib.blake2b(text, digest_size=8).digest()
        return item.delivered_at


@dataclass(slots=True, kw_only=True)
class Producer:
    """Delivers some of its own companies, new, changed or the same, and takes one back now and then."""

    caller: Caller
    path: str
    random: Random
    name: str
    companies: int
    delivered: dict[str, str] = field(default_factory=dict)
    count: int = 0

    async def turn(self) -> None:
        if self.delivered and self.random.random() < 0.1:
            source_id = self.random.choice(list(self.delivered))
            await self.caller.ask("DELETE", f"{self.path}/{self.delivered.pop(source_id)}", expected=204)
            return
        sources = [f"{self.name}-{number}" for number in self.random.sample(range(self.companies), k=min(_BATCH_COMPANIES, self.companies))]
        answer = await self.caller.ask("POST", self.path, json={"companies": [self._row(source) for source in sources]})
        outcomes = msgspec.json.decode(answer.content, type=_Outcomes).items
        self.delivered |= {source: outcome.id for source, outcome in zip(sources, outcomes, strict=True)}
        self.count += len(sources)

    def _row(self, source_id: str) -> dict[str, object]:
        people = [{"first_name": f"Person {place}", "email": email, "job_title": "Buyer"} for place, email in enumerate(emails(source_id))]
        return {
            "source_id": source_id,
            "name": f"{source_id} GmbH, {self.random.randrange(5)}",
            "website_url": f"https://{source_id}.example",
            "note": "x" * 300,
            "prospects": people,
        }


@dataclass(slots=True, kw_only=True)
class Eraser:
    """Erases one person after the other, of those who have been delivered."""

    caller: Caller
    producers: list[Producer]
    random: Random
    erased: set[str] = field(default_factory=set)

    async def turn(self) -> None:
        producer = self.random.choice(self.producers)
        if not producer.delivered:
            return
        email = self.random.choice(emails(self.random.choice(list(producer.delivered))))
        await self.caller.ask("POST", "/erasures", expected=201, json={"email": email})
        self.erased.add(email)


def emails(source_id: str) -> list[str]:
    return [f"person.{place}@{source_id}.example" for place in range(3)]


def shown(texts: list[bytes], addresses: Set[str]) -> list[str]:
    """Those of the addresses that stand in the texts."""
    whole = b"\n".join(texts)
    return sorted(address for address in addresses if f'"{address}"'.encode() in whole)
