"""What an answer gives away, or lets a browser do."""

import gzip
import json
from collections.abc import AsyncIterator
from uuid import UUID

import pytest

from openprospect.server.console.gate import COOKIE
from openprospect.server.privacy.wire import ErasureItem, RecipientItem, as_csv
from tests.console.conftest import Browser, Operators
from tests.integration.conftest import Service


@pytest.fixture
async def operators(service: Service) -> AsyncIterator[Operators]:
    operators = Operators(service)
    yield operators
    await operators.close()


async def test_a_packed_body_is_not_unpacked(client, search_id):
    bomb = gzip.compress(json.dumps({"companies": [{"name": "x" * (1 << 20)}]}).encode())
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    answer = await client.post(f"/deliveries/{search_id}/companies", content=bomb, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (415, "UNSUPPORTED_MEDIA_TYPE")


@pytest.mark.parametrize("host", ["evil.example>; rel=next, <x", "a b", "[", "host:port", "a/b", "user@host", "é"])
async def test_a_host_that_is_none_is_refused_where_it_would_be_repeated(client, search_id, host):
    await client.post(f"/deliveries/{search_id}/companies", json={"companies": [{"name": name} for name in "ab"]})
    page = f"/deliveries/{search_id}/companies?limit=1"
    assert "link" in (await client.get(page)).headers
    answer = await client.get(page, headers={"Host": host.encode("latin-1")})
    assert answer.status_code == 422
    assert host not in answer.text
    made = await client.post("/webhooks", json={"url": "https://hotel.invalid/hook"}, headers={"Host": host.encode("latin-1")})
    assert made.status_code == 422


async def test_a_cookie_that_was_planted_is_not_the_session_of_whoever_signs_in(operators):
    planted = (await operators.signed_in("attacker")).http.cookies[COOKIE]
    for value in (planted, "A" * 43):
        victim = operators.browser()
        victim.http.cookies.set(COOKIE, value)
        answer = await victim.post("/sign-in", {"key": (await operators.key("victim")).key})
        assert answer.status_code == 303
        assert answer.cookies[COOKIE] not in {planted, value}


@pytest.mark.parametrize("path", ["/console", "/console/sign-in", "/console/keys", "/docs"])
async def test_no_page_can_be_framed(operators, path):
    browser: Browser = await operators.signed_in()
    answer = await browser.http.get(path)
    assert answer.status_code == 200
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_a_cell_that_begins_like_a_formula_is_quoted(name):
    at = "2026-02-25T12:00:00.000000Z"
    recipient = RecipientItem(key_name=name, received_at=at, confirmed_at=None, is_late=False, settled=None)
    counts = {"companies": 1, "prospects": 1, "confirmed": 0, "settled": 0, "late": 0}
    item = ErasureItem(id=UUID(int=1), status="confirmed", erased_at=at, deadline_at=at, recipients=[recipient], **counts)
    assert f"'{name}" in as_csv(item)
