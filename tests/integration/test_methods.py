"""HEAD, OPTIONS, wrong methods and odd spellings of a path: what clients and monitors try, though no page documents it."""

import re

import pytest

from openprospect.server.app import create_app
from tests.integration.api_routes import api_routes
from tests.integration.conftest import open_search
from tests.integration.shared import shared_service

ROUTES = [route for route in api_routes(create_app("postgresql://nobody@nowhere/nothing")) if route.guards]
METHODS: dict[str, set[str]] = {}
for _route in ROUTES:
    METHODS.setdefault(_route.path, set()).add(_route.method)
READ = [path for path, methods in METHODS.items() if "GET" in methods]
OTHERS = ["http://service.test/health", "http://service.test/docs", "/openapi.json"]


def allowed(path):
    return ", ".join(sorted(METHODS[path] | {"OPTIONS"} | ({"HEAD"} if "GET" in METHODS[path] else set())))


@pytest.fixture(scope="module")
async def service(postgres, template):
    async with shared_service(postgres, template) as service:
        yield service


@pytest.fixture
async def fill(client, search_id, deliver):
    """Puts ids of things that exist into a path."""
    delivered = await deliver({"name": "Hotel", "prospects": [{"first_name": "Maria", "email": "m@hotel.example"}]})
    erasure = await client.post("/erasures", json={"email": "gone@hotel.example"})
    webhook = await client.post("/webhooks", json={"url": "https://hotel.invalid/hook"})
    people = await client.get("/prospects")
    ids = {
        "prospect_search_id": search_id,
        "company_id": delivered["items"][0]["id"],
        "prospect_id": people.json()["items"][0]["id"],
        "erasure_id": erasure.json()["id"],
        "webhook_id": webhook.json()["id"],
    }
    return lambda path: re.sub(r"{(\w+)}", lambda name: ids[name[1]], path)


@pytest.mark.parametrize("path", [*READ, *OTHERS])
async def test_head_answers_as_get_does_without_the_body(client, fill, path):
    got, head = await client.get(fill(path)), await client.head(fill(path))
    assert got.status_code == head.status_code == 200
    assert head.content == b""
    headers = [{name: value for name, value in answer.headers.items() if name != "x-request-id"} for answer in (got, head)]
    assert headers[0] == headers[1]


@pytest.mark.parametrize("path", READ)
async def test_head_is_guarded_as_get_is(service, fill, path):
    assert (await service.caller({}).head(fill(path))).status_code == 401


async def test_head_is_no_proof_that_a_consumer_was_served(client, search_id, deliver, service):
    delivered = await deliver("Hotel")
    await client.head(f"/deliveries/{search_id}/companies")
    await client.head(f"/deliveries/{search_id}/companies", params={"delivered_since": delivered["delivered_until"]})
    answer = await client.put(f"/deliveries/{search_id}/receipt", json={"delivered_until": delivered["delivered_until"]})
    assert answer.json() == {"delivered_until": None}


@pytest.mark.parametrize("path", METHODS)
async def test_options_tells_the_methods_of_a_path_to_anybody(service, fill, path):
    answer = await service.caller({}).options(fill(path))
    assert (answer.status_code, answer.content, answer.headers["Allow"]) == (204, b"", allowed(path))


@pytest.mark.parametrize("path", METHODS)
async def test_a_wrong_method_is_told_the_right_ones(client, fill, path):
    for method in {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE", "BREW"} - METHODS[path]:
        if method == "HEAD" and "GET" in METHODS[path]:
            continue
        answer = await client.request(method, fill(path))
        assert (answer.status_code, answer.headers["Allow"]) == (405, allowed(path)), method
        assert method == "HEAD" or answer.json()["code"] == "METHOD_NOT_ALLOWED"


@pytest.mark.parametrize("path", READ)
async def test_a_slash_at_the_end_changes_nothing_and_redirects_nobody(client, fill, path):
    plain, slashed = await client.get(fill(path)), await client.get(fill(path) + "/")
    assert (plain.status_code, plain.content) == (slashed.status_code, slashed.content)
    assert plain.status_code == 200


async def test_a_slash_at_the_end_is_also_fine_for_writing(client):
    assert (await client.post("/prospect-searches/", json={"name": "hotels"})).status_code == 201
    search_id = await open_search(client)
    answer = await client.post(f"/deliveries/{search_id}/companies/", json={"companies": [{"name": "Hotel"}]})
    assert answer.status_code == 200
