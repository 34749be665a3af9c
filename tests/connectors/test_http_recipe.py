"""The steps for n8n, Make and Zapier, as a program: what is clicked together there is not run here."""

from typing import Any

import httpx
import pytest

from tests.acceptance.conftest import Service
from tests.connectors.feed import LivingFeed
from tests.sync.contract import SEARCH
from tests.sync.feed_server import KEY, FeedServer, company


class Recipe:
    """`http-recipe.md`, step by step, with no line that is none of them. `fail_after` lets a run die after so many pages, before step 4."""

    def __init__(self, base_url: str, key: str, search_id: str) -> None:
        self._url = f"{base_url}/api/v1/deliveries/{search_id}/companies"
        self._headers = {"Authorization": f"Bearer {key}"}
        self.checkpoint = ""
        self.records: dict[str, dict[str, Any]] = {}

    def run(self, *, fail_after: int | None = None) -> None:
        has_more, pages = True, 0
        while has_more:
            parameters = {"limit": "100"} | ({"delivered_since": self.checkpoint} if self.checkpoint else {})
            page = httpx.get(self._url, params=parameters, headers=self._headers, timeout=60, trust_env=False).raise_for_status().json()
            for item in page["items"]:
                if "removed_at" in item:
                    self.records.pop(item["id"], None)
                else:
                    self.records[item["id"]] = item
            pages += 1
            if pages == fail_after:
                return
            if page["items"]:
                self.checkpoint = page["items"][-1]["delivered_at"]
            has_more = page["has_more"]


@pytest.mark.heavy
def test_the_recipe_ends_with_the_live_feed(service: Service) -> None:
    feed = LivingFeed(service, "recipe")
    recipe = Recipe(feed.service.base_url, feed.key, feed.search_id)
    feed.fill()
    recipe.run(fail_after=2)
    recipe.run()
    feed.stir()
    recipe.run(fail_after=1)

    recipe.run()

    assert sorted(recipe.records.values(), key=lambda one: one["delivered_at"]) == feed.live()


def test_a_run_that_finds_nothing_keeps_the_place_from_which_removals_are_told() -> None:
    with FeedServer() as server:
        feed = server.feed(SEARCH)
        recipe = Recipe(server.url, KEY, SEARCH)
        feed.deliver(company(1), company(2))
        recipe.run()
        recipe.run()
        feed.withdraw(company(1)["id"])

        recipe.run()

        assert recipe.records == feed.live()
