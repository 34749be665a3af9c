"""The steps for n8n, Make and Zapier, as a program: what is clicked together there is not run here."""

from typing import Any

import httpx
import pytest

from tests.acceptance.conftest import Service
from tests.connectors.feed import LivingFeed

pytestmark = pytest.mark.heavy


class Recipe:
    """`http-recipe.md`, step by step. `fail_after` lets a run die after so many pages, before the position is kept."""

    def __init__(self, feed: LivingFeed) -> None:
        self._url = f"{feed.service.base_url}/api/v1/deliveries/{feed.search_id}/companies"
        self._headers = {"Authorization": f"Bearer {feed.key}"}
        self.position: str | None = None
        self.records: dict[str, dict[str, Any]] = {}

    def run(self, *, fail_after: int | None = None) -> None:
        has_more, pages = True, 0
        while has_more:
            parameters = {"limit": "100"} | ({"delivered_since": self.position} if self.position else {})
            page = httpx.get(self._url, params=parameters, headers=self._headers, timeout=60, trust_env=False).raise_for_status().json()
            for company in page["items"]:
                if "removed_at" in company:
                    self.records.pop(company["id"], None)
                else:
                    self.records[company["id"]] = company
            pages += 1
            if pages == fail_after:
                return
            if page["items"]:
                self.position = page["items"][-1]["delivered_at"]
            has_more = page["has_more"]


def test_the_recipe_ends_with_the_live_feed(service: Service) -> None:
    feed = LivingFeed(service, "recipe")
    recipe = Recipe(feed)
    feed.fill()
    recipe.run(fail_after=2)
    recipe.run()
    feed.stir()
    recipe.run(fail_after=1)

    recipe.run()

    assert sorted(recipe.records.values(), key=lambda one: one["delivered_at"]) == feed.live()
