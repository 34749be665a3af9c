"""A key of one organization sees nothing of another, on no page and by no form."""

import re

import pytest

from tests.console.conftest import first, written
from tests.console.test_gate import OPEN, ROUTES
from tests.integration.conftest import open_search

SECRET = "betas-own"


@pytest.fixture
async def beta(service, operators):
    """Another tenant with one of everything, each with its name in it."""
    organization = await service.organization("beta")
    client = await service.client(f"{SECRET}-consumer", organization=organization)
    search_id = await open_search(client, f"{SECRET} search")
    person = {"email": "maria@beta.example", "first_name": SECRET}
    row = {"name": f"{SECRET} hotel", "source_id": "crm-1", "website_url": "https://betas-own.example", "prospects": [person]}
    company = (await client.post(f"/deliveries/{search_id}/companies", json={"companies": [row]})).json()["items"][0]
    page = (await client.get(f"/deliveries/{search_id}/companies")).json()
    await written(client, search_id, page["items"][-1]["delivered_at"])
    erasure = (await client.post("/erasures", json={"email": "gone@beta.example"})).json()
    browser = await operators.signed_in(f"{SECRET}-operator", organization=organization)
    made = await browser.post("/webhooks", {"url": "https://betas-own.example/hook", "event": "company.delivered"})
    webhook_id = first(r"/webhooks/([0-9a-f-]{36})/test", made.text)
    key_id = first(r"/keys/([0-9a-f-]{36})/revoke", (await browser.get("/keys")).text)
    return {
        "search": search_id,
        "company": company["id"],
        "erasure": erasure["id"],
        "webhook": webhook_id,
        "key": key_id,
        "browser": browser,
    }


async def test_the_pages_of_one_tenant_show_nothing_of_another(browser, beta):
    for path in ("/", "/now", "/keys", "/privacy", "/webhooks"):
        assert SECRET in (await beta["browser"].get(path)).text or path == "/privacy"
        assert SECRET not in (await browser.get(path)).text


def pages(beta):
    """Every page that names something of a tenant's."""
    return (
        f"/searches/{beta['search']}",
        f"/searches/{beta['search']}/deliver",
        f"/searches/{beta['search']}/connect",
        f"/searches/{beta['search']}/connectors/airbyte.yaml",
        f"/searches/{beta['search']}/companies/{beta['company']}",
        f"/searches/{beta['search']}/lacking?consumer={SECRET}-consumer",
        f"/consumers?name={SECRET}-consumer",
        f"/privacy/erasures/{beta['erasure']}",
        f"/privacy/erasures/{beta['erasure']}/recipients",
        f"/privacy/erasures/{beta['erasure']}/report/json",
        f"/webhooks/{beta['webhook']}",
        f"/webhooks/{beta['webhook']}/attempts",
    )


def forms(beta):
    """Every form that names something of a tenant's, filled in."""
    return (
        (f"/searches/{beta['search']}/find", {"wanted": SECRET}),
        (f"/searches/{beta['search']}/try", {}),
        (f"/searches/{beta['search']}/deliver", {"step": "deliver"}),
        (f"/keys/{beta['key']}/revoke", {}),
        (f"/privacy/erasures/{beta['erasure']}/settle", {"consumer": "crm", "reason": "closed"}),
        (f"/webhooks/{beta['webhook']}/move", {"url": "https://elsewhere.example/hook"}),
        *((f"/webhooks/{beta['webhook']}/{deed}", {"since": "2026-01-01T00:00:00Z"}) for deed in ("test", "rotate", "replay", "switch")),
    )


def test_no_page_and_no_form_is_left_out():
    ids = dict.fromkeys(("search", "company", "erasure", "webhook", "key"), "x")
    tried = [("GET", path) for path in pages(ids)] + [("POST", path) for path, _ in forms(ids)]
    naming = {(method, path) for method, path in ROUTES - OPEN if "{" in path and method in {"GET", "POST"}}

    def is_tried(method: str, route: str) -> bool:
        pattern = re.sub(r"\{\w+\}", "[^/]+", route)
        return any(verb == method and re.fullmatch(pattern, f"/console{path.partition('?')[0]}") for verb, path in tried)

    assert len(naming) > 10
    assert [route for route in sorted(naming) if not is_tried(*route)] == []


async def test_what_is_another_tenants_looks_like_nothing(browser, beta):
    for path in pages(beta):
        assert (await beta["browser"].get(path)).status_code == 200, path
        answer = await browser.get(path)
        assert answer.status_code == 404, path
        assert SECRET not in answer.text


async def test_nothing_of_another_tenants_is_changed(browser, beta):
    await browser.get("/")
    for path, form in forms(beta):
        answer = await browser.post(path, form)
        assert answer.status_code == 404, path
        assert SECRET not in answer.text
    assert (await beta["browser"].get("/keys")).status_code == 200


async def test_an_erasure_stays_within_its_tenant(browser, beta):
    await browser.get("/")
    looked = await browser.post("/privacy/look", {"person": "maria@beta.example"})
    assert "is not known here" in looked.text
    await browser.post("/privacy/erase", {"person": "maria@beta.example"})
    shown = await beta["browser"].get(f"/searches/{beta['search']}/companies/{beta['company']}")
    assert "maria@beta.example" in shown.text
    await beta["browser"].get("/")


async def test_a_key_that_is_made_belongs_to_the_tenant_of_its_maker(beta, service):
    made = await beta["browser"].post("/keys", {"name": "fresh", "scope": "prospect_searches:read", "days": "30", "kind": "live"})
    key = first(r"opk_live_\w{32}", made.text)
    searches = await service.caller({"Authorization": f"Bearer {key}"}).get("/prospect-searches")
    assert [search["id"] for search in searches.json()["items"]] == [beta["search"]]
