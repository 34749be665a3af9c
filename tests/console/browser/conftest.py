"""Debian's Chromium on a real service with something in it.

Whatever a page logs, fails at or asks of another host is gathered, and fails its test.
"""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.acceptance.commands import READ, Server, Site, eventually, open_site, pages

_AXE = Path(__file__).with_name("node_modules") / "axe-core" / "axe.min.js"

DESK = {"width": 1180, "height": 800}
PHONE = {"width": 390, "height": 844}
_SCREENSHOTS = Path(__file__).resolve().parents[3] / "docs" / "screenshots"


@dataclass
class World:
    """A service with a search, consumers, and an endpoint that nobody answers; and the operator's key."""

    site: Site
    server: Server
    operator: str
    search_id: str

    @property
    def base_url(self) -> str:
        return self.server.base_url

    def deliver(self, numbers: range, *, search_id: str = "") -> None:
        rows = "\n".join(_hotel(number) for number in numbers)
        self.site.json("deliver", search_id or self.search_id, "-", stdin=rows.encode())

    def behind(self, search_id: str = "") -> list[int]:
        """How many companies each consumer has not confirmed."""
        return [line["behind_companies"] for line in self.site.run("receipts", search_id or self.search_id, "--json").answers]

    def pull(self, key: str, *, search_id: str = "", since: str | None = None) -> str:
        """Pull a search as the delivery page says; the cursor to go on from."""
        with self.server.client(key) as client:
            items = pages(client, search_id or self.search_id, since=since)
        return str(max(item["delivered_at"] for item in items)) if items else since or ""


@dataclass
class Watched:
    """A page, and what it did that it should not."""

    page: Page
    host: str
    faults: list[str] = field(default_factory=list)
    bytes: int = 0

    def __post_init__(self) -> None:
        self.page.on(
            "console", lambda message: self.faults.append(f"console: {message.text}") if message.type in {"error", "warning"} else None
        )
        self.page.on("pageerror", lambda error: self.faults.append(f"script: {error}"))
        self.page.on("request", self._check_host)

    def _check_host(self, request) -> None:
        if request.url.startswith("blob:"):
            return
        if urlsplit(request.url).netloc != self.host:
            self.faults.append(f"another host: {request.url}")


def _hotel(number: int) -> str:
    person = f'{{"first_name": "Maria", "last_name": "Schmidt", "email": "maria@hotel{number}.example", "job_title": "General Manager"}}'
    return (
        f'{{"name": "Hotel {number}", "source_id": "crm-{number}", "website_url": "https://www.hotel{number}.example", '
        f'"city": "Berlin", "prospects": [{person}]}}'
    )


@pytest.fixture(scope="package")
def world() -> Iterator[World]:
    with open_site() as site:
        environment = site.environment | {"OPENPROSPECT_WEBHOOK_ALLOW_PRIVATE": "1"}
        with site.serving(environment=environment) as server:
            yield _filled(site, server)


def _filled(site: Site, server: Server) -> World:
    world = World(site, server, operator=site.new_key("operator", scopes=("console",)), search_id=site.new_search("Hotels in Berlin"))
    world.deliver(range(120))
    crm, warehouse = (site.new_key(name, scopes=READ) for name in ("crm", "warehouse"))
    cursor = world.pull(crm)
    world.pull(warehouse)
    eventually(lambda: len(world.behind()) == 2)
    site.json("erase", "maria@hotel7.example")
    world.deliver(range(120, 150))
    world.pull(crm, since=world.pull(crm, since=cursor))
    site.new_search("Restaurants in Hamburg")
    site.json(
        "webhooks", "create", "http://127.0.0.1:59998/hook?token=t0ps3cret", "--search", world.search_id,
        environment=site.environment | {"OPENPROSPECT_WEBHOOK_ALLOW_PRIVATE": "1"},
    )  # fmt: skip
    world.deliver(range(150, 152))
    world.pull(crm, since=world.pull(crm, since=cursor))
    return world


# Not for the whole session: while Playwright is up, it holds the event loop that other tests need.
@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    executable = shutil.which("chromium")
    if executable is None:
        pytest.skip("needs Chromium: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def cookies(chromium: Browser, world: World):
    """Of an operator who has signed in by hand."""
    with chromium.new_context() as context:
        page = context.new_page()
        page.goto(f"{world.base_url}/console")
        page.get_by_label("API key").fill(world.operator)
        page.keyboard.press("Enter")
        page.wait_for_url("**/console")
        return context.cookies()


@pytest.fixture
def context(request, chromium: Browser, world: World, cookies) -> Iterator[BrowserContext]:
    """Signed in; at desk width unless the test says otherwise."""
    options = getattr(request, "param", {"viewport": DESK})
    with chromium.new_context(base_url=world.base_url, reduced_motion="reduce", **options) as context:
        context.set_default_timeout(15_000)
        context.add_cookies(cookies)
        yield context


@pytest.fixture
def watched(context: BrowserContext, world: World) -> Iterator[Watched]:
    watched = Watched(context.new_page(), host=urlsplit(world.base_url).netloc)
    yield watched
    assert watched.faults == []


@pytest.fixture
def page(watched: Watched) -> Page:
    return watched.page


@pytest.fixture
def photograph():
    """Take a picture of a page for the docs, where `make screenshots` asks for new ones."""

    def keep(page: Page, name: str) -> None:
        if "SCREENSHOTS" in os.environ:
            page.screenshot(path=_SCREENSHOTS / f"{name}.png", animations="disabled")

    return keep


def violations(page):
    """What a page does that keeps some of its readers out."""
    page.evaluate(_AXE.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
    return [f"{each['id']}: {each['help']} at {[node['target'] for node in each['nodes']]}" for each in found]
