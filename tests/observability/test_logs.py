"""The log as JSON: one object a line, with the request's id and nothing about people."""

import io
import json
import logging
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from openprospect.server.access.keys import revoke_key
from openprospect.server.observability.logs import ACCESS, JsonLines, current_request_id
from tests.integration.conftest import BASE_URL
from tests.integration.limited import key


@contextmanager
def logged():
    """What is logged within the block, as JSON."""
    stream = io.StringIO()
    lines: list[dict[str, Any]] = []
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    root, level, access = logging.getLogger("openprospect"), logging.getLogger("openprospect").level, ACCESS.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    ACCESS.setLevel(logging.INFO)
    try:
        yield lines
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
        ACCESS.setLevel(access)
        lines += [json.loads(line) for line in stream.getvalue().splitlines()]


async def test_a_request_is_one_line_with_its_id_and_the_template_of_its_route(service, client, search_id):
    with logged() as lines:
        answer = await client.get(f"/deliveries/{search_id}/companies?limit=5", headers={"X-Request-Id": "abc-123"})
    (line,) = [line for line in lines if line["logger"] == "openprospect.access"]
    assert answer.headers["x-request-id"] == line["request_id"] == "abc-123"
    assert (line["method"], line["status"]) == ("GET", 200)
    assert line["route"] == "/api/v1/deliveries/{prospect_search_id}/companies"
    assert line["milliseconds"] >= 0
    assert line["at"].endswith("Z")


async def test_a_line_tells_whose_request_it_was_also_where_it_was_refused(service, search_id, database):
    path, headers = f"/deliveries/{search_id}/companies", {}
    made = await key(database, tier="custom", rate_limit=1)
    async with httpx.AsyncClient(transport=service.transport, base_url=f"{BASE_URL}/api/v1") as http:
        with logged() as lines:
            await http.get(path)
            headers["Authorization"] = f"Bearer {made.key}"
            for _ in range(3):
                await http.get(path, headers=headers)
            await revoke_key(database, made.id, actor="test")
            fresh = await key(database, name="other")
            await revoke_key(database, fresh.id, actor="test")
            await http.get(path, headers={"Authorization": f"Bearer {fresh.key}"})
    told = [(line["status"], line.get("key_id"), line.get("organization_id")) for line in lines if "status" in line]
    owner = str(await database.value("SELECT organization_id FROM prospect_search"))
    limited = str(made.id)
    # A key that has just spent its hour is not looked up again.
    assert told == [(401, None, None), (200, limited, owner), (429, limited, owner), (429, limited, None), (401, str(fresh.id), owner)]


async def test_nothing_personal_is_logged(service, client, search_id):
    person = {"email": "maria@hotel.example", "first_name": "Maria"}
    with logged() as lines:
        await client.post(f"/deliveries/{search_id}/companies", json={"companies": [{"name": "Hotel", "prospects": [person]}]})
        await client.post("/erasures", json={"email": "maria@hotel.example"})
        await client.get("/maria@hotel.example")
        await client.get("/companies?name=Maria")
        async with httpx.AsyncClient(transport=service.transport, base_url=BASE_URL) as http:
            await http.get("/console/searches/maria@hotel.example")
    assert len(lines) >= 5
    assert "maria" not in json.dumps(lines).lower()


def test_an_error_is_one_line_with_its_trace():
    with logged() as lines:
        token = current_request_id.set("r-1")
        try:
            raise LookupError
        except LookupError:
            logging.getLogger("openprospect.test").exception("broken\nin two lines")
        current_request_id.reset(token)
    (line,) = lines
    assert (line["level"], line["message"], line["request_id"]) == ("error", "broken\nin two lines", "r-1")
    assert "LookupError" in line["trace"]


@pytest.mark.parametrize("text", ["ä € 漢字", '"quoted"', "\x00\x1f", "\ud800"])
def test_a_line_is_json_whatever_it_says(text):
    record = logging.LogRecord("x", logging.INFO, __file__, 1, "%s", (text,), None)
    line = JsonLines().format(record)
    assert "\n" not in line
    assert json.loads(line)["message"] == text
    assert line.encode()
