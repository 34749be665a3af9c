"""Any request that a client can send, to any route and any form, is answered, and never by a fault of ours."""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from litestar.routes import HTTPRoute

from openprospect.server.access.keys import create_key
from openprospect.server.access.model import DEFAULT_ORGANIZATION
from openprospect.server.app import create_app
from tests.integration.api_routes import litestar_of
from tests.integration.conftest import BASE_URL
from tests.integration.world import World
from tests.security.effort import EFFORT

ROUTES = sorted(
    (method, route.path_format)
    for route in litestar_of(create_app("postgresql://nobody@nowhere/nothing")).routes
    if isinstance(route, HTTPRoute)
    for method in route.methods
    if method != "OPTIONS"
)
FORMS = sorted(path for method, path in ROUTES if method == "POST" and path.startswith("/console") and path != "/console/sign-in")

ID = "a1b2c3d4-e5f6-7890-abcd-ef1234567890"
ODD = st.sampled_from(
    [
        "",
        " ",
        "\0",
        "%00",
        "%ff",
        "..",
        "'",
        '"',
        "\\",
        "\ud7ff",
        "\u202e",
        "💩",
        "-1",
        "0",
        "1e9",
        "9" * 30,
        "NaN",
        "null",
        "[]",
        "{}",
        "{",
        ID,
    ]
)
MOMENTS = st.sampled_from(["2026-02-25T12:00:00Z", "2026-02-25", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59.999999-14:00", "24:00"])
TEXT = ODD | MOMENTS | st.text(max_size=30)
NAMES = st.sampled_from(
    [
        "limit",
        "offset",
        "after",
        "delivered_since",
        "delivered_until",
        "as_of",
        "format",
        "prospect_search_id",
        "company_id",
        "reason",
        "before",
    ]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT, lambda part: st.lists(part) | st.dictionaries(TEXT, part)
)
FIELDS = st.sampled_from(["name", "id", "companies", "email", "prospect_id", "delivered_until", "url", "events", "since", "full", "secret"])
INPUTS = st.sampled_from(
    [
        "name",
        "wanted",
        "before",
        "looked_at",
        "person",
        "entries",
        "change",
        "scope",
        "days",
        "kind",
        "tier",
        "rate_limit",
        "event",
        "since",
        "to",
        "step",
    ]
)
# Latin-1 without what ends a header, which no client can send.
HEADER_TEXT = TEXT.map(lambda text: re.sub(r"[\r\n\0]", "", text).encode("latin-1", errors="replace"))
HEADERS = st.dictionaries(
    st.sampled_from(
        ["accept", "accept-encoding", "authorization", "content-type", "cookie", "host", "if-none-match", "idempotency-key", "origin",
         "traceparent", "x-request-id", "x-forwarded-for", "content-encoding", "range", "expect"]
    ),
    HEADER_TEXT,
    max_size=4,
)  # fmt: skip


def address(path: str, place: str) -> str:
    """A route's, with a text in each place; percent escapes that are in it stay what they are."""
    return BASE_URL + re.sub(r"\{[^}]*\}", lambda _: quote(place, safe="%"), path)


@pytest.fixture(scope="module")
def world(module_dsn: str) -> Iterator[World]:
    with World(module_dsn) as world:
        yield world


@EFFORT
@given(
    route=st.sampled_from(ROUTES),
    place=TEXT | st.just(ID),
    query=st.lists(st.tuples(NAMES | TEXT, TEXT), max_size=3),
    headers=HEADERS,
    body=st.binary(max_size=40) | st.dictionaries(FIELDS | TEXT, VALUES, max_size=4),
    with_key=st.booleans(),
)
def test_any_request_to_any_route_is_answered_and_not_by_a_fault(world: World, *, route, place, query, headers, body, with_key):
    method, path = route
    url = f"{address(path, place)}?{urlencode(query)}"
    if with_key:
        headers = {"authorization": world.producer.headers["authorization"].encode(), "content-type": b"application/json"} | headers
    options: dict[str, Any] = {"content": body} if isinstance(body, bytes) else {"json": jsonable(body)}

    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=world.service.transport, timeout=30) as client:
            return await client.request(method, url, headers=headers, **options)

    answer = world.run(ask())
    assert answer.status_code < 500, answer.text


def jsonable(value: Any) -> Any:
    """Without the numbers that JSON has no word for, which httpx refuses to send."""
    if isinstance(value, float):
        return value if value - value == 0 else 0.5
    if isinstance(value, list):
        return [jsonable(part) for part in value]
    return {name: jsonable(part) for name, part in value.items()} if isinstance(value, dict) else value


@pytest.fixture(scope="module")
def browser(world: World) -> Iterator[tuple[httpx.AsyncClient, str]]:
    """Somebody who is signed in, and the token that their forms carry."""

    async def sign_in() -> tuple[httpx.AsyncClient, str]:
        key = await create_key(
            world.database, "operator", organization=DEFAULT_ORGANIZATION, scopes=["console"], expires_in=None, is_live=True, actor="test"
        )
        client = httpx.AsyncClient(transport=world.service.transport, base_url=BASE_URL, timeout=30)
        await client.post("/console/sign-in", data={"key": key.key})
        found = re.search(r'name="csrf" value="([0-9a-f]{64})"', (await client.get("/console")).text)
        assert found
        return client, found[1]

    client, token = world.run(sign_in())
    yield client, token
    world.run(client.aclose())


@EFFORT
@given(
    path=st.sampled_from([path for path in FORMS if not path.endswith("/sign-out")]),
    place=TEXT | st.just(ID),
    form=st.dictionaries(INPUTS, TEXT),
)
def test_any_form_is_answered_with_a_page_and_not_by_a_fault(world: World, browser, path, place, form):
    client, token = browser
    url = address(path, place)
    answer = world.run(client.post(url, data={"csrf": token} | {name: text.encode(errors="replace") for name, text in form.items()}))
    assert answer.status_code < 500, answer.text
    location = answer.headers.get("location", "/console/")
    assert location.startswith("/console/") or location == "/console"
