"""Every page at phone and desk width: sound, accessible, light, complete by itself."""

import pytest

from tests.console.browser.conftest import DESK, PHONE, violations

HEAVIEST = 200_000

PAGES = {
    "overview": "/console",
    "search": "/console/searches/{search_id}",
    "deliver": "/console/searches/{search_id}/deliver",
    "connect": "/console/searches/{search_id}/connect",
    "consumers": "/console/consumers",
    "searches": "/console/searches",
    "keys": "/console/keys",
    "privacy": "/console/privacy",
    "webhooks": "/console/webhooks",
}
BEHIND = {
    "company": ("/console/searches/{search_id}", "table a[href*='/companies/']"),
    "consumer": ("/console", "table a[href*='/consumers']"),
    "lacking": ("/console", "table a[href*='/lacking']"),
    "erasure": ("/console/privacy", "a[href*='/erasures/']"),
    "webhook": ("/console/webhooks", "a[href*='/webhooks/']"),
}
WIDTHS = {"desk": {"viewport": DESK}, "phone": {"viewport": PHONE, "is_mobile": True, "has_touch": True}}


BOTH_WIDTHS = [pytest.param(options, id=name) for name, options in WIDTHS.items()]


def go_to(page, name, world):
    path, link = BEHIND.get(name) or (PAGES[name], None)
    page.goto(path.format(search_id=world.search_id))
    if link:
        page.locator(link).first.click()
        page.wait_for_load_state()


@pytest.mark.parametrize("context", BOTH_WIDTHS, indirect=True)
@pytest.mark.parametrize("name", [*PAGES, *BEHIND])
def test_a_page_is_sound(page, world, photograph, name):
    go_to(page, name, world)
    is_phone = page.viewport_size == PHONE
    if not is_phone or name in {"overview", "search"}:
        photograph(page, f"{name}-phone" if is_phone else name)
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0, "it scrolls sideways"
    assert violations(page) == []


@pytest.mark.parametrize("context", [{"viewport": DESK, "color_scheme": "dark"}], indirect=True)
@pytest.mark.parametrize("name", ["overview", "keys", "webhook", "deliver"])
def test_a_page_is_as_legible_in_the_dark(page, world, photograph, name):
    go_to(page, name, world)
    if name == "overview":
        photograph(page, "overview-dark")
    assert violations(page) == []


@pytest.mark.parametrize("context", BOTH_WIDTHS, indirect=True)
def test_the_sign_in_is_sound(page, context, photograph):
    context.clear_cookies()
    page.goto("/console")
    assert page.get_by_label("API key").is_visible()
    photograph(page, "sign-in")
    assert violations(page) == []


@pytest.mark.parametrize("name", [*PAGES, *BEHIND])
def test_a_page_and_all_that_it_needs_is_light(context, world, name):
    page = context.new_page()
    session = context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    weights = []
    session.on("Network.dataReceived", lambda event: weights.append(event["dataLength"]))
    go_to(page, name, world)
    page.wait_for_load_state("networkidle")
    pages = 2 if name in BEHIND else 1
    assert 0 < sum(weights) < HEAVIEST * pages
