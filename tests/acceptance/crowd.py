"""Producers and consumers at work while something is killed, and what all of them must agree on afterwards."""

import random
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx
import psycopg

from tests.acceptance.commands import READ, pages

PATIENCE_SECONDS = 60.0
LIMITS = (7, 20, 100)


def assert_nothing_is_lost_or_doubled(site, server, kill, *, producers, consumers, seconds):
    """Work against a server, killing something at least twice; every consumer then holds the live state, and every batch counts once."""
    search_id = site.new_search()
    writer = site.new_key("producer")
    readers = [site.new_key(f"consumer {number}", scopes=READ) for number in range(consumers)]
    with ExitStack() as stack:
        delivering = [Producer(stack.enter_context(server.client(writer)), search_id, number) for number in range(producers)]
        reading = [Consumer(stack.enter_context(server.client(key)), search_id, limit) for key, limit in zip(readers, LIMITS, strict=False)]
        assert under_load([*delivering, *reading], kill, seconds=seconds) >= 2
        for consumer in reading:
            while consumer.walk():
                pass
        live = {item["id"]: item for item in pages(reading[0].client, search_id)}
    expected = dict(known for producer in delivering for known in producer.state.values())
    assert {company_id: item["attributes"]["version"] for company_id, item in live.items()} == expected
    for consumer in reading:
        assert consumer.held == live
    assert times_delivered(site, search_id) == sum((producer.batches for producer in delivering), Counter())


def persistently(request):
    """The answer, once there is one: a connection that breaks or a service that is not there is no answer."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            response = request()
        except httpx.TransportError:
            response = None
        if response is not None and response.status_code not in {409, 503}:
            return response
        assert time.monotonic() < deadline, response
        time.sleep(0.05)


@dataclass
class Producer:
    """Delivers its own companies, changes them, takes some back; sends each batch again until it is acknowledged."""

    client: httpx.Client
    search_id: str
    number: int
    state: dict[str, tuple[str, int]] = field(default_factory=dict)
    batches: Counter[str] = field(default_factory=Counter)

    def run(self, stop):
        chance = random.Random(self.number)
        version = 0
        while not stop.is_set():
            version += 1
            self.deliver([f"{self.number}-{one}" for one in chance.sample(range(60), 15)], version)
            if self.state and chance.random() < 0.3:
                self.withdraw(chance.choice(sorted(self.state)))

    def deliver(self, source_ids, version):
        rows = [
            {"source_id": one, "name": f"Hotel {one}", "version": version, "prospects": [{"email": f"p{version}@hotel-{one}.example"}]}
            for one in source_ids
        ]
        headers = {"Idempotency-Key": str(uuid4())}
        path = f"/deliveries/{self.search_id}/companies"
        response = persistently(lambda: self.client.post(path, json={"companies": rows}, headers=headers))
        assert response.status_code == 200, response.text
        assert response.json()["delivered"] == len(rows)
        for item in response.json()["items"]:
            self.state[item["source_id"]] = (item["id"], version)
            self.batches[item["id"]] += 1

    def withdraw(self, source_id):
        company_id, _ = self.state.pop(source_id)
        response = persistently(lambda: self.client.delete(f"/deliveries/{self.search_id}/companies/{company_id}"))
        assert response.status_code in {204, 404}, response.text


@dataclass
class Consumer:
    """Does what the delivery page says: walks, upserts by id, keeps the newest time, starts again from there when a walk breaks."""

    client: httpx.Client
    search_id: str
    limit: int
    held: dict[str, Any] = field(default_factory=dict)
    cursor: str | None = None

    def run(self, stop):
        while not stop.is_set():
            self.walk()

    def walk(self):
        """One walk, or as much of it as goes well; whether it came to its end."""
        since = {"delivered_since": self.cursor} if self.cursor else {}
        offset = 0
        while True:
            parameters = {"limit": self.limit, "offset": offset} | since
            response = persistently(lambda: self.client.get(f"/deliveries/{self.search_id}/companies", params=parameters))  # noqa: B023
            assert response.status_code == 200, response.text
            items = response.json()["items"]
            for item in items:
                self.take(item)
            offset += len(items)
            if not response.json()["has_more"]:
                return offset

    def take(self, item):
        self.cursor = max(self.cursor or "", item["delivered_at"])
        if "removed_at" in item:
            self.held.pop(item["id"], None)
        else:
            self.held[item["id"]] = item


def under_load(clients, kill, *, seconds):
    """Everybody at work, with a kill now and then; answers how many there were."""
    stop = threading.Event()
    chance = random.Random(2026)
    ends_at = time.monotonic() + seconds
    kills = 0
    with ThreadPoolExecutor(len(clients)) as pool:
        running = [pool.submit(client.run, stop) for client in clients]
        try:
            while time.monotonic() < ends_at or kills < 2:
                time.sleep(chance.uniform(0.3, 1.2))
                kill()
                kills += 1
        finally:
            stop.set()
        for work in running:
            work.result()
    return kills


def times_delivered(site, search_id):
    """How many deliveries of each company were kept: history has a line for each."""
    with psycopg.connect(site.dsn) as db:
        rows = db.execute(
            "SELECT company_id, count(*) FROM history WHERE prospect_search_id = %s AND action IN ('delivered', 'redelivered') GROUP BY 1",
            (search_id,),
        ).fetchall()
    return Counter({str(company_id): count for company_id, count in rows})
