"""What holds for every page, found from the routes themselves: a session, a token on whatever changes something, a strict policy."""

import re

import pytest
from litestar.routes import HTTPRoute

from openprospect.server.app import create_app
from tests.integration.api_routes import litestar_of

ROUTES = {
    (method, route.path_format)
    for route in litestar_of(create_app("postgresql://nobody@nowhere/nothing")).routes
    if isinstance(route, HTTPRoute) and route.path_format.startswith("/console")
    for method in route.methods
    if method != "OPTIONS"
}
FORMS = sorted(path for method, path in ROUTES if method == "POST" and path != "/console/sign-in")
OPEN = {("GET", "/console/assets/{version}/{name}"), ("GET", "/console/sign-in"), ("POST", "/console/sign-in")}


def filled(path: str) -> str:
    return re.sub(r"\{\w+\}", "a1b2c3d4-e5f6-7890-abcd-ef1234567890", path).removeprefix("/console")


def test_the_routes_are_found():
    assert len(FORMS) >= 10
    assert ROUTES > OPEN


@pytest.mark.parametrize("route", sorted(ROUTES - OPEN), ids=" ".join)
async def test_nobody_comes_in_without_a_session(operators, route):
    method, path = route
    browser = operators.browser()
    answer = await (browser.get(filled(path)) if method == "GET" else browser.post(filled(path)))
    assert (answer.status_code, answer.headers.get("location")) == (303, "/console/sign-in")


@pytest.mark.parametrize("path", FORMS)
@pytest.mark.parametrize("token", ["", "0" * 64, "ä"])
async def test_no_form_is_taken_without_the_token_of_its_session(browser, path, token):
    answer = await browser.post(filled(path), {"csrf": token})
    assert answer.status_code == 403
    assert "another session" in answer.text


@pytest.mark.parametrize("path", FORMS)
async def test_no_form_is_taken_from_another_site(browser, path):
    for origin in ("https://evil.example", "null", "http://service.test.evil.example"):
        answer = await browser.post(filled(path), headers={"Origin": origin})
        assert answer.status_code == 403
        assert "another site" in answer.text


async def test_a_sign_in_is_not_taken_from_another_site(operators):
    answer = await operators.browser().post("/sign-in", {"key": (await operators.key()).key}, headers={"Origin": "https://evil.example"})
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


async def test_a_form_from_this_site_is_taken(browser):
    answer = await browser.post("/searches", {"name": "cafés"}, headers={"Origin": "http://service.test"})
    assert answer.status_code == 303


@pytest.mark.parametrize("path", FORMS)
async def test_nonsense_in_a_form_is_refused_with_a_page_that_says_why(browser, path):
    nonsense = dict.fromkeys(
        ("name", "wanted", "person", "entries", "url", "since", "search_id", "before", "looked_at", "days", "event"), "a\0b"
    )
    answer = await browser.post(filled(path), nonsense)
    assert answer.status_code in {303, 404, 422}
    assert answer.status_code == 303 or 'role="alert"' in answer.text


async def test_the_token_of_one_session_is_worth_nothing_in_another(operators):
    one, other = await operators.signed_in("one"), await operators.signed_in("other")
    answer = await one.post("/searches", {"name": "cafés", "csrf": other.csrf})
    assert answer.status_code == 403


@pytest.mark.parametrize("path", ["/", "/sign-in", "/keys", "/nowhere", "/privacy", "/searches/x"])
async def test_every_page_forbids_what_is_not_its_own(browser, path):
    answer = await browser.get(path)
    policy = dict(part.split(" ", 1) for part in answer.headers.get("Content-Security-Policy", "default-src 'none'").split("; "))
    assert policy["default-src"] == "'none'"
    assert {source for sources in policy.values() for source in sources.split()} <= {"'none'", "'self'"}
    assert not re.search(r"<script(?![^>]* src=)|<style| style=| on[a-z]+=", answer.text)


async def test_no_page_is_kept_in_a_cache(browser):
    for path in ("/", "/keys", "/privacy"):
        assert (await browser.get(path)).headers["Cache-Control"] == "no-store"


async def test_pages_refer_to_files_of_this_service_that_are_there(browser):
    page = await browser.get("/")
    addresses = set(re.findall(r'(?:src|href)="([^"]+)"', page.text))
    assert [address for address in addresses if not re.match(r"/[^/]|#", address)] == []
    files = [address for address in addresses if "/assets/" in address]
    assert len(files) == 4
    for address in files:
        answer = await browser.http.get(address)
        assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "public, max-age=31536000, immutable")


async def test_a_file_that_is_not_of_the_console_is_not_found(browser):
    for path in ("/assets/0000000000000000/console.js", "/assets/0000000000000000/htmx.LICENSE.txt"):
        assert (await browser.get(path)).status_code == 404


async def test_a_method_that_a_page_does_not_know_is_answered_with_a_page(browser):
    answer = await browser.http.delete("/console/keys")
    assert answer.status_code == 405
