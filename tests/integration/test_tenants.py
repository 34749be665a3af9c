"""Two tenants with the same source ids, hosts, company ids and people never meet, by any route that the application has."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Any
from uuid import uuid4

import httpx
import pytest

from openprospect.server.app import create_app
from openprospect.server.http.parameters import declared
from tests.integration.api_routes import ApiRoute, api_routes
from tests.integration.conftest import Service, open_search
from tests.integration.shared import shared_service

UNKNOWN_ID = "a1b2c3d4-e5f6-7890-abcd-ef1234567890"
SHARED_COMPANY_ID = "11111111-2222-4333-8444-555555555555"
SHARED_PERSON_ID = "66666666-7777-4888-9999-aaaaaaaaaaaa"
SHARED_EMAIL = "maria@grandhotel.example"

ROUTES = [route for route in api_routes(create_app("postgresql://nobody@nowhere/nothing")) if route.guards]


@dataclass(frozen=True, kw_only=True)
class Tenant:
    client: httpx.AsyncClient
    ids: dict[str, str]
    """What stands for each path parameter, and is this tenant's alone."""

    async def state(self) -> list[str]:
        """All that the tenant can see."""
        paths = ("/prospect-searches", "/companies", "/prospects", "/webhooks", f"/deliveries/{self.ids['prospect_search_id']}/companies")
        return [(await self.client.get(path)).text for path in paths]


# What a request of each route carries; a route that takes a body and is missing here fails.
BODIES: dict[str, Any] = {
    "open_prospect_search": {"name": "beta hotels"},
    "deliver_companies": {"companies": [{"name": "beta hotel", "source_id": "crm-1"}]},
    "confirm_receipt": {"delivered_until": "2026-02-25T12:00:00Z"},
    "disclose_person": {"email": SHARED_EMAIL},
    "erase_person": {"email": SHARED_EMAIL},
    "create_webhook": {"url": "https://beta.invalid/hook"},
    "create_destination": {"url": "https://beta.invalid/hook"},
    "move_webhook": {"url": "https://elsewhere.invalid/hook"},
    "replay_webhook": {"since": "2026-02-25T12:00:00Z"},
}


@pytest.fixture(scope="module")
async def service(postgres: str, template: str) -> AsyncIterator[Service]:
    async with shared_service(postgres, template) as service:
        yield service


async def tenant(service: Service, name: str) -> Tenant:
    client = await service.client("consumer", organization=await service.organization(f"{name} {uuid4()}"))
    search_id = await open_search(client, f"{name} search")
    person = {"first_name": "Maria", "last_name": name, "email": SHARED_EMAIL}
    shared = {"id": SHARED_COMPANY_ID, "source_id": "crm-1", "name": f"{name} shared", "website_url": "https://grandhotel.example"}
    alone = {"source_id": "crm-2", "name": f"{name} alone", "website_url": "https://other.example", "prospects": [person]}
    rows = [{**shared, "prospects": [{**person, "id": SHARED_PERSON_ID}]}, alone]
    answer = await client.post(f"/deliveries/{search_id}/companies", json={"companies": rows})
    company_id = answer.json()["items"][1]["id"]
    people = (await client.get("/prospects")).json()["items"]
    erasure = await client.post("/erasures", json={"email": f"gone@{name}.example"})
    webhook = await client.post("/webhooks", json={"url": f"https://{name}.invalid/hook"})
    return Tenant(
        client=client,
        ids={
            "prospect_search_id": search_id,
            "company_id": company_id,
            "prospect_id": next(person["id"] for person in people if person["id"] != SHARED_PERSON_ID),
            "erasure_id": erasure.json()["id"],
            "webhook_id": webhook.json()["id"],
        },
    )


@pytest.fixture
async def alpha(service: Service) -> Tenant:
    return await tenant(service, "alpha")


@pytest.fixture
async def beta(service: Service) -> Tenant:
    return await tenant(service, "beta")


def parameters_of(route: ApiRoute) -> list[str]:
    return [part.strip("{}") for part in route.path.split("/") if part.startswith("{")]


def identifiers_asked_for(route: ApiRoute) -> list[str]:
    """Query parameters that name something a tenant owns."""
    return [parameter.name for parameter in declared(route.handler.opt) if parameter.schema().get("format") == "uuid"]


async def ask(caller: Tenant, route: ApiRoute, ids: dict[str, str], *, query: dict[str, str] | None = None) -> httpx.Response:
    body = BODIES[route.name] if "request_body" in route.handler.opt else None
    path = route.path.format(**{name: ids[name] for name in parameters_of(route)})
    return await caller.client.request(route.method, path, json=body, params=query)


def without_request_id(answer: httpx.Response) -> dict[str, Any]:
    return {name: value for name, value in answer.json().items() if name != "request_id"}


def replaced(route: ApiRoute) -> Iterator[tuple[str, ...]]:
    """Every choice of path parameters that may be somebody else's."""
    names = parameters_of(route)
    return (chosen for count in range(1, len(names) + 1) for chosen in combinations(names, count))


@pytest.mark.parametrize("route", [route for route in ROUTES if parameters_of(route)], ids=lambda route: route.name)
async def test_another_tenants_id_in_the_path_looks_like_one_that_does_not_exist(alpha: Tenant, beta: Tenant, route: ApiRoute):
    before = await alpha.state()
    for chosen in replaced(route):
        foreign = await ask(beta, route, beta.ids | {name: alpha.ids[name] for name in chosen})
        unknown = await ask(beta, route, beta.ids | dict.fromkeys(chosen, UNKNOWN_ID))
        assert (foreign.status_code, unknown.status_code) == (404, 404), chosen
        assert without_request_id(foreign) == without_request_id(unknown)
        assert not any(alpha.ids[name] in foreign.text for name in chosen)
    assert await alpha.state() == before


@pytest.mark.parametrize("route", [route for route in ROUTES if identifiers_asked_for(route)], ids=lambda route: route.name)
async def test_another_tenants_id_in_the_query_looks_like_one_that_does_not_exist(alpha: Tenant, beta: Tenant, route: ApiRoute):
    for name in identifiers_asked_for(route):
        foreign = await ask(beta, route, beta.ids, query={name: alpha.ids[name]})
        unknown = await ask(beta, route, beta.ids, query={name: UNKNOWN_ID})
        assert (foreign.status_code, unknown.status_code) == (404, 404)
        assert without_request_id(foreign) == without_request_id(unknown)


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
async def test_no_route_shows_or_changes_anything_of_another_tenant(alpha: Tenant, beta: Tenant, route: ApiRoute):
    before = await alpha.state()
    answer = await ask(beta, route, beta.ids)
    assert answer.is_success, answer.text
    assert "alpha" not in answer.text
    assert not any(value in answer.text for value in alpha.ids.values())
    assert await alpha.state() == before


async def test_ids_that_both_tenants_use_show_each_their_own(alpha: Tenant, beta: Tenant):
    for caller, name in ((alpha, "alpha"), (beta, "beta")):
        company = (await caller.client.get(f"/companies/{SHARED_COMPANY_ID}")).json()
        person = (await caller.client.get(f"/prospects/{SHARED_PERSON_ID}")).json()
        assert (company["name"], person["last_name"]) == (f"{name} shared", name)
        assert company["prospect_search_id"] == person["prospect_search_id"] == caller.ids["prospect_search_id"]


async def test_lists_count_only_what_is_the_tenants_own(alpha: Tenant, beta: Tenant):
    for caller in (alpha, beta):
        counts = [(await caller.client.get(path)).json()["total"] for path in ("/prospect-searches", "/companies", "/prospects")]
        assert counts == [1, 2, 2]


async def test_an_erasure_and_its_suppression_stay_within_the_tenant(alpha: Tenant, beta: Tenant):
    before = await alpha.state()
    erased = await beta.client.post("/erasures", json={"email": SHARED_EMAIL})
    assert erased.json()["prospects"] == 2
    assert await alpha.state() == before
    body = {"companies": [{"name": "new hotel", "source_id": "crm-3", "prospects": [{"first_name": "Maria", "email": SHARED_EMAIL}]}]}
    suppressed = [
        (await caller.client.post(f"/deliveries/{caller.ids['prospect_search_id']}/companies", json=body)).json()["suppressed"]
        for caller in (alpha, beta)
    ]
    assert suppressed == [0, 1]


async def test_erasing_another_tenants_person_by_id_is_the_same_as_erasing_nobody(alpha: Tenant, beta: Tenant):
    before = await alpha.state()
    foreign = await beta.client.post("/erasures", json={"prospect_id": alpha.ids["prospect_id"]})
    unknown = await beta.client.post("/erasures", json={"prospect_id": UNKNOWN_ID})
    assert foreign.status_code == unknown.status_code
    assert foreign.json().keys() == unknown.json().keys()
    assert await alpha.state() == before


async def test_an_idempotency_key_means_nothing_to_another_tenant(alpha: Tenant, beta: Tenant):
    for caller in (alpha, beta):
        path = f"/deliveries/{caller.ids['prospect_search_id']}/companies"
        body = {"companies": [{"name": "idempotent", "source_id": "crm-9"}]}
        answer = await caller.client.post(path, json=body, headers={"Idempotency-Key": "nightly-run"})
        assert answer.json()["delivered"] == 1


async def test_another_tenants_etag_opens_nothing(alpha: Tenant, beta: Tenant):
    path = f"/deliveries/{alpha.ids['prospect_search_id']}/companies"
    etag = (await alpha.client.get(path)).headers["ETag"]
    assert (await beta.client.get(path, headers={"If-None-Match": etag})).status_code == 404


async def test_an_id_for_a_search_is_refused_alike_whoever_has_it(alpha: Tenant, beta: Tenant) -> None:
    wanted = {"name": "wanted", "id": alpha.ids["prospect_search_id"]}
    own, foreign = [
        await tenant.client.post("/prospect-searches", json=wanted, headers={"X-Request-Id": "same"}) for tenant in (alpha, beta)
    ]
    assert (foreign.status_code, foreign.content) == (409, own.content)
