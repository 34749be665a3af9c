"""The reference page at /docs: complete by itself, and shut to every other host."""

import re

import httpx
import pytest


@pytest.fixture(scope="module")
def page(service):
    return httpx.get(f"{service.base_url}/docs")


def addresses_in(page):
    return [address for address in re.findall(r'(?:src|href)="([^"]+)"', page.text) if not address.startswith("data:")]


def test_the_page_asks_this_service_alone(page):
    assert addresses_in(page)
    assert [address for address in addresses_in(page) if not re.match(r"/[^/]", address)] == []


def test_the_policy_allows_no_other_host_and_nothing_inline(page):
    policy = dict(part.split(" ", 1) for part in page.headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert {source for sources in policy.values() for source in sources.split()} <= {"'none'", "'self'", "data:"}


def test_everything_the_page_refers_to_is_there(service, page):
    answers = {address: httpx.get(service.base_url + address) for address in addresses_in(page)}
    assert {address: answer.status_code for address, answer in answers.items()} == dict.fromkeys(answers, 200)
    kept = {answer.headers["Cache-Control"] for address, answer in answers.items() if address.startswith("/docs/assets/")}
    assert kept == {"public, max-age=31536000, immutable"}


def test_a_file_that_is_not_of_the_page_is_not_found(service):
    for path in ("/docs/assets/0000000000000000/page.js", "/docs/assets/0000000000000000/package.json"):
        assert httpx.get(service.base_url + path).status_code == 404


def test_the_page_is_not_part_of_the_api_that_it_describes(service):
    paths = httpx.get(f"{service.base_url}/api/v1/openapi.json").json()["paths"]
    assert paths
    assert [path for path in paths if path.startswith("/docs")] == []
