"""Whatever is stored shows as text: a <script> in any field is never one."""

import re
from urllib.parse import quote

import pytest

SCRIPT = "<script>alert('&\"')</script>"


def is_harmless(page: str) -> bool:
    own = len(re.findall(r'<script src="/console/assets/[0-9a-f]+/(?:htmx\.min|console)\.js" defer></script>', page))
    return page.lower().count("<script") == own and "alert('&\"')" not in page


@pytest.fixture
async def filled(service, operators, browser):
    """Scripts wherever somebody can put text."""
    client = await service.client(f"crm {SCRIPT}")
    search_id = (await client.post("/prospect-searches", json={"name": f"hotels {SCRIPT}"})).json()["id"]
    person = {"first_name": SCRIPT, "last_name": SCRIPT, "job_title": SCRIPT, "email": "maria@hotel.example", "note": SCRIPT}
    row = {"name": SCRIPT, "source_id": SCRIPT, "website_url": "https://hotel.example/<script>", "prospects": [person], SCRIPT: [SCRIPT]}
    other = {"name": f"other {SCRIPT}", "source_id": "2"}
    answer = await client.post(f"/deliveries/{search_id}/companies", json={"companies": [row, other]})
    assert answer.status_code == 200, answer.text
    ids = [company["id"] for company in answer.json()["items"]]
    await client.delete(f"/deliveries/{search_id}/companies/{ids[1]}", params={"reason": SCRIPT})
    await client.post(f"/deliveries/{search_id}/companies", json={"companies": [{**row, "name": f"{SCRIPT}!"}]})
    await client.get(f"/deliveries/{search_id}/companies")
    return search_id, ids


async def test_stored_text_is_shown_as_text_on_every_page(browser, filled):
    search_id, ids = filled
    paths = ["/", "/keys", "/privacy", "/webhooks", f"/searches/{search_id}"]
    paths += [f"/searches/{search_id}/{part}" for part in ("connect", "deliver", f"companies/{ids[0]}", f"companies/{ids[1]}")]
    crm = quote(f"crm {SCRIPT}")
    paths += [f"/consumers?name={crm}", f"/searches/{search_id}/lacking?consumer={crm}"]
    shown = 0
    for path in paths:
        page = (await browser.get(path)).text
        assert is_harmless(page), path
        shown += "&lt;script&gt;" in page
    assert shown >= 7


async def test_what_is_found_and_tried_is_shown_as_text(browser, filled):
    search_id, _ = filled
    await browser.get("/")
    for wanted in ("<script>", SCRIPT, "maria@hotel.example"):
        found = (await browser.post(f"/searches/{search_id}/find", {"wanted": wanted})).text
        assert is_harmless(found)
        assert "&lt;script&gt;" in found
    answer = (await browser.post(f"/searches/{search_id}/try")).text
    assert is_harmless(answer)
    assert "&lt;script&gt;" in answer


async def test_an_erased_persons_recipients_are_shown_as_text(browser, filled):
    await browser.get("/")
    erased = await browser.post("/privacy/erase", {"person": "maria@hotel.example"})
    page = (await browser.get(erased.headers["location"].removeprefix("/console"))).text
    assert is_harmless(page)
    assert "crm &lt;script&gt;" in page


async def test_what_is_typed_comes_back_as_text(browser):
    for path, form in (
        ("/privacy/look", {"person": SCRIPT}),
        ("/privacy/look", {"person": '"<script>"@hotel.example'}),
        ("/keys", {"name": SCRIPT, "scope": "companies:read", "days": "30", "kind": "live"}),
        ("/keys", {"name": "x", "scope": SCRIPT, "days": "30", "kind": "live"}),
        ("/webhooks", {"url": f"https://hotel.example/{SCRIPT}"}),
        ("/privacy/suppressions", {"entries": SCRIPT, "change": "add"}),
    ):
        assert is_harmless((await browser.post(path, form)).text), path


async def test_a_file_is_shown_as_text(browser, search_id):
    content = f'Company Name,"{SCRIPT.replace(chr(34), chr(34) * 2)}",Email\n<script>x,<script>y,<script>z\n'.encode()
    await browser.get("/")
    answer = await browser.post(f"/searches/{search_id}/deliver", {"step": "check"}, files={"file": ("<script>.csv", content)})
    html = answer.text.split('"html":')[1]
    assert "&lt;script&gt;" in html
    assert "<script" not in html.split('"rejects"')[0]
