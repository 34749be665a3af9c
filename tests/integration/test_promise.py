"""The promise: whatever happens in whatever order, a client that does what the delivery page says ends up with what was delivered."""

import itertools
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import rule, run_state_machine_as_test

from tests.integration.changes import Changes
from tests.integration.export_consumer import ExportConsumer
from tests.integration.feed_model import FeedModel
from tests.integration.naive_client import Answer, NaiveClient
from tests.integration.walk_model import Walk, chosen, is_contested
from tests.integration.world import World

IN_A_HURRY = settings(max_examples=20, stateful_step_count=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
SETTINGS = (
    settings(IN_A_HURRY, max_examples=3_000, stateful_step_count=100) if os.environ.get("HYPOTHESIS_PROFILE") == "long" else IN_A_HURRY
)

CONSUMER = st.integers(0, 7)
LIMITS = st.integers(1, 3)


@dataclass
class Consumer:
    """A client, the feed it reads, and the walk it is in the middle of."""

    client: NaiveClient
    feed: FeedModel
    walks: dict[str | None, list[Walk]]
    walk: Walk | None = None
    repeatable: Walk | None = None


class Promise(Changes):
    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.consumers = list(self.all_consumers())
        self.exporter = ExportConsumer(world.database, self.search_ids[0], self.feeds[0])

    def all_consumers(self) -> Iterator[Consumer]:
        """Two clients of one name at a time, as where a run is still going when the next begins; and some that follow links."""
        crm, warehouse = self.world.consumers
        for http, search, ways in ((crm, 0, (False, True)), (warehouse, 0, (False,)), (crm, 1, (False,))):
            walks: dict[str | None, list[Walk]] = {}
            for follows_links, keeps_watermark in itertools.product(ways, (False, True)):
                client = NaiveClient(http, self.search_ids[search], follows_links=follows_links, keeps_watermark=keeps_watermark)
                yield Consumer(client, self.feeds[search], walks)

    # What consumers do.

    @rule(number=CONSUMER, limit=LIMITS)
    def pull(self, number: int, limit: int) -> None:
        consumer = self.consumers[number]
        question = consumer.client.next_question()
        if consumer.client.follows_links:
            answer = self.run(consumer.client.pull(limit))
            self.check_live_page(consumer, {**question, "limit": limit}, answer)
        elif "offset" not in question:
            self.begin_walk(consumer, limit)
        else:
            self.go_on(consumer, limit)

    def begin_walk(self, consumer: Consumer, limit: int) -> None:
        since = consumer.client.cursor
        feed = consumer.feed
        walk = Walk(feed.after(since), feed.number, feed.watermark)
        answer = self.run(consumer.client.pull(limit))
        self.check_page(consumer, walk, 0, limit, answer)
        if answer.page["has_more"]:
            consumer.walks.setdefault(since, []).append(walk)
        consumer.walk = walk if answer.page["has_more"] else None
        consumer.repeatable = consumer.walk

    def go_on(self, consumer: Consumer, limit: int) -> None:
        question = consumer.client.next_question()
        answering = self.answering(consumer, consumer.walk, question)
        if answering is None:
            return
        if self.is_contested(consumer, answering, question):
            self.turn_away(consumer, answering, {**question, "limit": limit})
            return
        answer = self.run(consumer.client.pull(limit))
        self.check_page(consumer, answering, question["offset"], limit, answer)
        consumer.repeatable = consumer.walk
        if not answer.page["has_more"]:
            consumer.walk = None

    @rule(number=CONSUMER)
    def pull_again(self, number: int) -> None:
        """The page asked for last, as if its answer had been lost."""
        consumer = self.consumers[number]
        question = consumer.client.last_question
        if question is None:
            return
        if consumer.client.follows_links:
            self.check_live_page(consumer, question, self.run(consumer.client.repeat()))
        elif "offset" in question and (answering := self.answering(consumer, consumer.repeatable, question)):
            if self.is_contested(consumer, answering, question):
                self.turn_away(consumer, answering, question)
            else:
                self.check_page(consumer, answering, question["offset"], question["limit"], self.run(consumer.client.repeat()))

    @rule(number=CONSUMER, limit=LIMITS)
    def lose_answer(self, number: int, limit: int) -> None:
        """The next page is given out, and never arrives: whoever asks again may ask for more of it, or for less."""
        consumer = self.consumers[number]
        question = {**consumer.client.next_question(), "limit": limit}
        if "offset" in question and (answering := self.answering(consumer, consumer.walk, question)):
            self.give_out_in_vain(consumer, answering, question)

    @rule(number=CONSUMER, which=st.integers(0, 99))
    def arrive_late(self, number: int, which: int) -> None:
        """Some question of this run arrives once more, as where a proxy has asked twice."""
        consumer = self.consumers[number]
        if asked := consumer.client.asked:
            question = asked[which % len(asked)]
            self.give_out_in_vain(consumer, chosen(consumer.walks[question.get("delivered_since")], question["offset"]), question)

    def give_out_in_vain(self, consumer: Consumer, answering: Walk, question: dict[str, Any]) -> None:
        if self.is_contested(consumer, answering, question):
            self.refuse(consumer, answering, question)
        else:
            self.check_page(consumer, answering, question["offset"], question["limit"], self.run(consumer.client.ask_in_vain(question)))

    @rule()
    def take_batch(self) -> None:
        self.run(self.exporter.take())

    @rule()
    def break_off_export(self) -> None:
        self.exporter.break_off()

    @rule(number=CONSUMER)
    def crash(self, number: int) -> None:
        self.crash_of(self.consumers[number])

    def crash_of(self, consumer: Consumer) -> None:
        consumer.client.crash()
        consumer.walk = consumer.repeatable = None

    def turn_away(self, consumer: Consumer, contested: Walk, question: dict[str, Any]) -> None:
        """Which run asks cannot be told, so neither is answered from the other's snapshot; this one begins anew."""
        self.refuse(consumer, contested, question)
        self.crash_of(consumer)

    def refuse(self, consumer: Consumer, contested: Walk, question: dict[str, Any]) -> None:
        response = self.run(consumer.client.http.get(f"/deliveries/{consumer.client.search_id}/companies", params=question))
        assert (response.status_code, response.json()["code"]) == (410, "WALK_CONTESTED")
        contested.tell()

    def answering(self, consumer: Consumer, mine: Walk | None, question: dict[str, Any]) -> Walk | None:
        """The walk that answers; None where another snapshot would, because two runs expect this offset at this moment.

        A client alone with its runs, broken off and begun anew as they may be, never gets there: its own is the newest, or is contested.
        """
        assert mine is not None
        walk = chosen(consumer.walks[question.get("delivered_since")], question["offset"])
        if walk.number == mine.number or self.is_contested(consumer, walk, question):
            return walk
        assert walk.moved > mine.begun, "a client alone was given another run's snapshot"
        return None

    def is_contested(self, consumer: Consumer, answering: Walk, question: dict[str, Any]) -> bool:
        return is_contested(answering, consumer.walks[question.get("delivered_since")], question["offset"])

    def check_page(self, consumer: Consumer, walk: Walk, offset: int, limit: int, answer: Answer) -> None:
        expected = walk.snapshot[offset : offset + limit]
        reached = offset + len(expected)
        consumer.feed.check_items(answer.page["items"], expected)
        has_more = reached < len(walk.snapshot)
        assert answer.page | {"items": []} == {
            "items": [],
            "total": len(walk.snapshot),
            "limit": limit,
            "offset": offset,
            "has_more": has_more,
        }
        assert answer.watermark == walk.watermark
        walk.step(offset, reached, has_more=has_more)

    def check_live_page(self, consumer: Consumer, question: dict[str, Any], answer: Answer) -> None:
        feed = consumer.feed
        expected = feed.after(question.get("after", question.get("delivered_since")))
        limit = question["limit"]
        feed.check_items(answer.page["items"], expected[:limit])
        assert (answer.page["total"], answer.page["has_more"]) == (len(expected), len(expected) > limit)
        assert answer.watermark == feed.watermark
        if "after" not in question and answer.page["has_more"]:
            # The service cannot know that this client will follow the link: for all it knows, a walk has begun.
            walk = Walk(expected, feed.number, feed.watermark, expects=limit, end=limit, reached=limit)
            consumer.walks.setdefault(question.get("delivered_since"), []).append(walk)

    def teardown(self) -> None:
        """However each client stands: one more run, and it has exactly what there is."""
        for consumer in self.consumers:
            consumer.client.crash()
            self.run(consumer.client.sync(3))
            consumer.feed.check_held(consumer.client.held)
        self.run(self.exporter.finish())
        self.exporter.feed.check_held(self.exporter.held)


@pytest.fixture
def world(dsn: str) -> Iterator[World]:
    with World(dsn) as world:
        yield world


def test_every_client_ends_up_with_exactly_what_was_delivered(world: World) -> None:
    run_state_machine_as_test(lambda: Promise(world), settings=SETTINGS)  # type: ignore[arg-type]  # any maker of machines will do
