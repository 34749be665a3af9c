"""Errors: one flat shape everywhere, with an id, and with nothing in them that should not be seen."""

import json
import logging
import re
from typing import Any
from uuid import UUID

import pytest

from openprospect.server.app import create_app
from openprospect.server.http.body import MAX_BODY_BYTES
from tests.integration.api_routes import ApiRoute, api_routes, litestar_of
from tests.integration.conftest import Service, running
from tests.integration.shared import shared_service

UNKNOWN_ID = "a1b2c3d4-e5f6-7890-abcd-ef1234567890"
ROUTES = [route for route in api_routes(create_app("postgresql://nobody@nowhere/nothing")) if route.guards]


@pytest.fixture(scope="module")
async def service(postgres, template):
    async with shared_service(postgres, template) as service:
        yield service


def problem_of(answer: Any, status: int, code: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/json"
    problem: dict[str, Any] = answer.json()
    assert list(problem) == ["code", "message", "details", "request_id"]
    assert problem["code"] == code
    assert problem["request_id"] == answer.headers["X-Request-Id"]
    assert problem["message"].endswith(".")
    return problem


def path_of(route: ApiRoute, value: str = UNKNOWN_ID) -> str:
    return re.sub(r"{\w+}", value, route.path)


@pytest.mark.parametrize("path", ["/nothing", "/deliveries", f"/deliveries/{UNKNOWN_ID}", "/companies/a/b", "//", "/../secret"])
async def test_an_unknown_path_is_a_404_of_the_same_shape(client, path):
    assert "/docs" in problem_of(await client.get(path), 404, "NOT_FOUND")["message"]


async def test_a_path_outside_the_api_is_a_404_of_the_same_shape(service):
    caller = service.caller({})
    problem_of(await caller.get("http://service.test/nothing"), 404, "NOT_FOUND")


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
async def test_an_unknown_query_parameter_is_refused_and_named(client, route: ApiRoute):
    problem = problem_of(await client.request(route.method, path_of(route), params={"delivered_sinc": "x"}), 422, "VALIDATION_ERROR")
    assert problem["details"] == {"parameter": "delivered_sinc"}
    assert "delivered_sinc" in problem["message"]


@pytest.mark.parametrize(
    "query", ["limit=1&limit=2", "limit=", "limit=0", "limit=101", "limit=1.0", "limit=+1", "limit=%D9%A1", "limit=1e2"]
)
async def test_a_parameter_is_never_guessed_at_or_clamped(client, query):
    problem = problem_of(await client.get(f"/companies?{query}"), 422, "VALIDATION_ERROR")
    assert problem["details"] == {"parameter": "limit"}


@pytest.mark.parametrize("number", [str(2**63), "9" * 30, "9" * 101, "9" * 5000, "-1"])
async def test_a_number_out_of_range_is_refused_however_long(client, number):
    assert problem_of(await client.get(f"/companies?offset={number}"), 422, "VALIDATION_ERROR")["details"] == {"parameter": "offset"}


@pytest.mark.parametrize("query", ["%ff", "limit=%ff", "reason=%ed%a0%80", "%00=1", "=", "&".join(f"a{n}=1" for n in range(60))])
async def test_a_query_string_that_cannot_be_read_is_refused(client, query):
    problem_of(await client.get(f"/companies?{query}"), 422, "VALIDATION_ERROR")


@pytest.mark.parametrize(
    "text", ["no-uuid", "%00", "%ff", "%", "%zz", "..%2f..", "%F0%9F%92%A9", UNKNOWN_ID[:-1], f"{{{UNKNOWN_ID}}}", "0"]
)
async def test_an_id_in_the_path_that_is_none_is_refused_and_not_repeated(client, text):
    answer = await client.get(f"/companies/{text}")
    if answer.status_code != 404:  # a slash that was escaped makes another path
        assert problem_of(answer, 422, "VALIDATION_ERROR")["details"] == {"parameter": "company_id"}
    assert "no-uuid" not in answer.text


BODIES = {
    "no JSON": b"{",
    "nothing": b"",
    "Latin-1": b'{"name": "\xe9"}',
    "lone surrogate": b'{"name": "\\ud800"}',
    "NUL": b'{"name": "\\u0000"}',
    "too deep": b'{"name": ' + b"[" * 100_000,
    "not an object": b"[]",
    "a wrong type": b'{"name": 1}',
    "an unknown field": b'{"name": "x", "nmae": "y"}',
    "a huge number": b'{"name": ' + b"9" * 10_000 + b"}",
    "blank": b'{"name": "  "}',
    "too long": b'{"name": "' + b"x" * 201 + b'"}',
    "no UUID": b'{"name": "x", "id": "y"}',
    "NaN": b'{"name": NaN}',
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
async def test_a_body_that_does_not_fit_is_refused(client, body):
    answer = await client.post("/prospect-searches", content=body, headers={"Content-Type": "application/json"})
    problem_of(answer, 422, "VALIDATION_ERROR")


async def test_a_field_that_does_not_fit_is_named(client):
    problem = (await client.post("/prospect-searches", json={"name": "x", "id": 5})).json()
    assert "$.id" in problem["message"]


@pytest.mark.parametrize("media_type", ["text/csv", "application/xml", "multipart/form-data; boundary=x", "", "application/json5", "a"])
@pytest.mark.parametrize("route", [route for route in ROUTES if "request_body" in route.handler.opt], ids=lambda route: route.name)
async def test_a_body_of_another_kind_is_refused(client, search_id, webhook_id, route: ApiRoute, media_type: str):
    path = path_of(route, webhook_id if "webhook_id" in route.path else search_id)
    answer = await client.request(route.method, path, content=b"{}", headers={"Content-Type": media_type})
    problem_of(answer, 415, "UNSUPPORTED_MEDIA_TYPE")


@pytest.fixture
async def webhook_id(client):
    return (await client.post("/webhooks", json={"url": "https://hotel.invalid/hook"})).json()["id"]


async def test_a_media_type_may_have_parameters_and_any_case(client):
    for media_type in ("application/json; charset=utf-8", "Application/JSON"):
        answer = await client.post("/prospect-searches", content=b'{"name": "x"}', headers={"Content-Type": media_type})
        assert answer.status_code == 201


async def test_a_body_that_is_too_large_is_refused_whether_or_not_it_says_so(client, search_id):
    async def endless():
        for _ in range(MAX_BODY_BYTES // (1 << 20) + 1):
            yield b" " * (1 << 20)

    path = f"/deliveries/{search_id}/companies"
    said = {"Content-Type": "application/json", "Content-Length": str(MAX_BODY_BYTES + 1)}
    problem_of(await client.post(path, content=b"{}", headers=said), 413, "PAYLOAD_TOO_LARGE")
    problem_of(await client.post(path, content=endless(), headers={"Content-Type": "application/json"}), 413, "PAYLOAD_TOO_LARGE")


async def test_a_request_id_is_given_to_whoever_sends_none(client):
    ids = [(await client.get("/auth/validate")).headers["X-Request-Id"] for _ in range(2)]
    assert [UUID(found).version for found in ids] == [7, 7]
    assert ids[0] != ids[1]


@pytest.mark.parametrize(
    "path", ["/auth/validate", "/nothing", "/companies?limit=x", "http://service.test/health", "http://service.test/docs"]
)
async def test_a_decent_request_id_is_kept(client, path):
    answer = await client.get(path, headers={"X-Request-Id": "nightly-2026.11:22_a"})
    assert answer.headers.get_list("X-Request-Id") == ["nightly-2026.11:22_a"]


@pytest.mark.parametrize("sent", ["", " ", "a b", "x" * 129, "a\tb", "caf\xe9", 'x"y', "<script>"])
async def test_a_request_id_that_could_do_harm_in_a_log_is_replaced(client, sent):
    answer = await client.get("/auth/validate", headers={"X-Request-Id": sent.encode("latin-1")})
    assert UUID(answer.headers["X-Request-Id"]).version == 7


PERSONAL = "m.schmidt@grandhotel.example is in the way"


class Broken:
    """A database whose every use fails, with a message that must not be seen."""

    def __getattr__(self, name):
        raise RuntimeError(PERSONAL)


@pytest.fixture
async def broken(dsn, database):
    app = create_app(dsn)
    async with running(app) as transport:
        service = Service(transport, database)
        litestar_of(app).state.database = Broken()
        yield await service.client()
        litestar_of(app).state.database = database
        await service.close()


async def test_a_fault_of_ours_shows_no_traceback_and_no_value(broken, caplog):
    answer = await broken.get("/companies")
    problem = problem_of(answer, 500, "INTERNAL_ERROR")
    assert problem["details"] == {}
    assert "RuntimeError" not in answer.text
    (line,) = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert problem["request_id"] in line.getMessage()
    assert "RuntimeError" in line.getMessage()
    assert "Traceback" in caplog.text
    assert "guard.py" in caplog.text
    assert PERSONAL not in caplog.text + answer.text


async def test_neither_an_answer_nor_the_log_repeats_what_may_be_secret(service, search_id, caplog):
    caplog.set_level(logging.DEBUG)
    whole = await service.client("whole")
    key = whole.headers["Authorization"].removeprefix("Bearer ")
    secrets = (key, key[-32:], "hunter2")
    requests: list[tuple[str, str, dict[str, Any]]] = [
        ("GET", f"/companies?{key}", {}),
        ("GET", f"/companies?limit={key}", {}),
        ("GET", f"/companies/{key}", {}),
        ("GET", f"/{key}", {}),
        ("GET", "/companies", {"headers": {"Authorization": key}}),
        ("GET", "/companies", {"headers": {"Authorization": f"Basic {key}"}}),
        ("GET", "/companies", {"headers": {"Authorization": f"Bearer {key}x"}}),
        ("GET", "/companies", {"headers": {"Authorization": f"Bearer {key[:-1]}"}}),
        ("GET", f"/deliveries/{search_id}/companies?delivered_since=hunter2", {}),
        ("POST", "/prospect-searches", {"json": {"name": "x", "id": key}}),
        (
            "POST",
            "/prospect-searches",
            {"content": f'{{"name": "hunter2", {key}'.encode(), "headers": {"Content-Type": "application/json"}},
        ),
        ("POST", f"/deliveries/{search_id}/companies", {"json": {"companies": [{"source_id": ["hunter2"]}]}}),
        ("POST", f"/deliveries/{search_id}/companies", {"json": {"companies": []}, "headers": {"Idempotency-Key": key * 9}}),
        ("POST", "/erasures", {"json": {"email": "hunter2"}}),
        ("PUT", f"/deliveries/{search_id}/receipt", {"json": {"delivered_until": "hunter2"}}),
    ]
    for method, path, options in requests:
        answer = await whole.request(method, path, **options)
        assert 400 <= answer.status_code < 500, (path, answer.text)
        seen = answer.text + json.dumps(dict(answer.headers))
        assert not any(secret in seen for secret in secrets), (method, path)
    # The test's own HTTP client logs the addresses that it asks for.
    logged = "\n".join(record.getMessage() for record in caplog.records if not record.name.startswith(("httpx", "httpcore")))
    assert not any(secret in logged for secret in secrets)
