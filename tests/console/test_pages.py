"""What the pages tell: companies found by whatever is at hand, keys, erasures."""

import re

import msgspec
import pytest

from openprospect.server.console import find
from tests.console.conftest import first, written
from tests.integration.conftest import pull


async def test_a_feed_is_browsed_newest_first_without_a_gap(browser, search_id, deliver):
    await deliver(*range(120))
    names: list[str] = []
    path: str | None = f"/searches/{search_id}"
    while path:
        page = (await browser.get(path)).text
        names += re.findall(r"/companies/[0-9a-f-]{36}\">(Hotel \d+)</a>", page)
        older = re.search(r'href="/console(\S+?before=[^"]+)"', page)
        path = older[1] if older else None
    assert names == [f"Hotel {number}" for number in reversed(range(120))]


async def found(browser, search_id, wanted):
    """Names of what is found, all stretches of it."""
    names, form = [], {"wanted": wanted}
    while form:
        page = (await browser.post(f"/searches/{search_id}/find", form, headers={"HX-Request": "true"})).text
        names += re.findall(r"/companies/[0-9a-f-]{36}\">(.*?)</a>", page)
        further = re.findall(r'name="(wanted|before|looked_at)" value="([^"]*)"', page)
        form = dict(further)
    return names


async def test_a_company_is_found_by_whatever_is_at_hand(browser, search_id, deliver):
    ids = await deliver(*range(10, 30))
    for wanted in ("crm-17", "hotel17.example", "HOTEL 17", "person17@HOTEL17.example", "mailto:person17@hotel17.example", ids[7]):
        assert await found(browser, search_id, wanted) == ["Hotel 17"], wanted
    assert await found(browser, search_id, "website_url") == []
    assert len(await found(browser, search_id, "hotel")) == 20


async def test_a_company_is_found_by_a_persons_id(browser, client, search_id, deliver):
    await deliver(1, 2)
    person = (await pull(client, search_id))["items"][1]["prospects"][0]["id"]
    assert await found(browser, search_id, person) == ["Hotel 2"]


@pytest.mark.parametrize("wanted", ["web", "site", "url", "null", ":nu"])
async def test_a_company_is_found_among_many_by_a_word_that_documents_are_made_of(browser, client, search_id, wanted):
    names = [f"{wanted.title()}hosting Meier", *(f"Cafe {number}" for number in range(60))]
    rows = [{"name": name, "source_id": name} for name in names]
    await client.post(f"/deliveries/{search_id}/companies", json={"companies": rows})
    assert await found(browser, search_id, wanted) == names[:1]


async def test_a_company_tells_who_has_it_as_it_is_and_whom_it_was_never_sent(browser, client, search_id, deliver):
    async def states(company_id):
        page = (await browser.get(f"/searches/{search_id}/companies/{company_id}")).text
        return re.findall(r"<li><span class=\"tag \w+\">(.*?)</span> consumer</li>", page)

    first_id, second_id = (await deliver(1))[0], (await deliver(2))[0]
    second = (await pull(client, search_id))["items"][1]["delivered_at"]
    await written(client, search_id, second)
    assert await states(second_id) == ["confirmed"]
    (third_id,), (fourth_id,) = await deliver(3), await deliver(4)
    third = await delivered_at(browser, search_id, third_id)
    fourth = await delivered_at(browser, search_id, fourth_id)
    await pull(client, search_id, delivered_since=third)
    await written(client, search_id, fourth)
    assert await states(first_id) == ["confirmed"]
    assert await states(third_id) == ["not yet"]
    assert await states(fourth_id) == ["sent"]


async def delivered_at(browser, search_id, company_id):
    return first(r"<dt>Delivered</dt><dd>(.*?)</dd>", (await browser.get(f"/searches/{search_id}/companies/{company_id}")).text)


@pytest.mark.parametrize("name", ['Back\\slash "quoted"', "Zur Ösé", "100% _wild_"])
async def test_a_name_is_found_however_it_is_written_in_json(browser, search_id, deliver, client, name):
    await deliver(1)
    await client.post(f"/deliveries/{search_id}/companies", json={"companies": [{"name": name, "source_id": "odd"}]})
    assert len(await found(browser, search_id, name[1:])) == 1


async def test_what_lies_further_back_is_found_stretch_by_stretch(browser, search_id, deliver, monkeypatch):
    await deliver(*range(25))
    monkeypatch.setattr(find, "STRETCH", 10)
    assert await found(browser, search_id, "Hotel 3") == ["Hotel 3"]
    assert await found(browser, search_id, "no such") == []


async def test_what_cannot_be_looked_for_is_refused(browser, search_id):
    for wanted in ("", "x", "x" * 301, "a\0b"):
        assert (await browser.post(f"/searches/{search_id}/find", {"wanted": wanted})).status_code == 422


async def test_a_company_tells_its_history_by_fields_and_never_by_values(browser, search_id, deliver):
    (company_id,) = await deliver(1, city="Berlin")
    await deliver(1, city="Hamburg")
    page = (await browser.get(f"/searches/{search_id}/companies/{company_id}")).text
    history = page.split('id="history"')[1]
    assert history.index("redelivered") < history.index("<td>delivered")
    assert "attributes.city" in history
    assert "Berlin" not in page
    assert "Hamburg" in page


async def test_the_answer_that_is_tried_is_the_one_of_the_api_and_counts_for_nobody(browser, client, search_id, deliver, database):
    await deliver(1, 2, 3)
    tried = await browser.post(f"/searches/{search_id}/try")
    shown = re.sub(r"<[^>]+>", "", tried.text).replace("&#34;", '"')

    assert await database.value("SELECT count(*) FROM receipt") == 0
    assert await database.value("SELECT count(*) FROM walk") == 0
    assert msgspec.json.decode(shown) == await pull(client, search_id, limit=2)


async def test_the_samples_are_filled_with_the_search_and_this_service(browser, search_id):
    page = (await browser.get(f"/searches/{search_id}/connect")).text
    assert page.count(search_id) >= 7
    assert "http://service.test/api/v1/deliveries/" in page
    assert "api.openprospect.io" not in page
    assert "PROSPECT_SEARCH_ID" not in page


async def test_a_key_is_shown_once_and_works(browser, service, search_id):
    made = await browser.post("/keys", {"name": "crm", "scope": ["companies:read", "prospects:read"], "days": "90", "kind": "live"})
    (key,) = re.findall(r"opk_live_\w{32}", made.text)
    assert key not in (await browser.get("/keys")).text
    client = service.caller({"Authorization": f"Bearer {key}"})
    assert (await pull(client, search_id))["items"] == []
    assert sorted((await client.get("/auth/validate")).json()["scopes"]) == ["companies:read", "prospects:read"]
    key_id = first(r"/keys/([0-9a-f-]{36})/revoke\" data-confirm=\"Revoke the key crm\?", made.text)
    assert (await browser.post(f"/keys/{key_id}/revoke")).status_code == 303
    assert (await client.get("/auth/validate")).status_code == 401


@pytest.mark.parametrize(
    ("form", "problem"),
    [
        ({"name": " ", "scope": "companies:read", "days": "90"}, "needs a name"),
        ({"name": "crm", "days": "90"}, "at least one scope"),
        ({"name": "crm", "scope": "everything", "days": "90"}, "Unknown scope"),
        ({"name": "crm", "scope": "companies:read", "days": "7"}, "lifetimes"),
    ],
)
async def test_a_key_that_cannot_be_made_says_why(browser, form, problem):
    answer = await browser.post("/keys", form)
    assert answer.status_code == 422
    assert problem in answer.text
    assert "opk_" not in answer.text


async def test_a_person_is_erased_after_being_asked_once_more_and_the_receipts_arrive(browser, client, search_id, deliver):
    await deliver(1, 2)
    page = await pull(client, search_id)
    await written(client, search_id, page["items"][-1]["delivered_at"])
    asked = await browser.post("/privacy/look", {"person": "person1@hotel1.example"})
    assert "1 company of 1 search" in asked.text
    assert (await pull(client, search_id))["items"][0]["prospects"]
    done = await browser.post("/privacy/erase", {"person": "person1@hotel1.example"})
    path = done.headers["location"].removeprefix("/console")
    assert "0 of 1 recipient has confirmed" in (await browser.get(path)).text
    assert "1 yet to confirm" in (await browser.get("/privacy")).text
    page = await pull(client, search_id, delivered_since=page["items"][-1]["delivered_at"])
    await written(client, search_id, page["items"][-1]["delivered_at"])
    assert "1 of 1 recipient has confirmed" in (await browser.get(f"{path}/recipients")).text
    report = (await browser.get(f"{path}/report/json")).json()
    assert (report["status"], report["recipients"][0]["key_name"]) == ("confirmed", "consumer")
    assert (await browser.get(f"{path}/report/csv")).text.startswith("erasure_id,")


async def test_whoever_asks_is_told_what_is_kept_of_them_who_was_given_it_and_what_was_erased(
    browser, client, search_id, deliver, database
):
    await deliver(1)
    page = await pull(client, search_id)
    await written(client, search_id, page["items"][-1]["delivered_at"])
    person = {"person": "person1@hotel1.example"}
    looked = await browser.post("/privacy/look", person)
    assert looked.headers["cache-control"] == "no-store"
    shown = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", looked.text))
    assert "1 company of 1 search" in shown
    assert "Later deliveries may bring them again" in shown
    assert "Recipient First received consumer" in shown
    saved = await browser.post("/privacy/look/report", person)
    assert saved.headers["content-disposition"] == 'attachment; filename="person.json"'
    assert [entry["email"] for entry in saved.json()["appearances"][0]["entries"]] == ["person1@hotel1.example"]
    assert await database.value("SELECT count(*) FROM history WHERE action = 'person looked up'") == 2
    erased = (await browser.post("/privacy/erase", person)).headers["location"]
    again = (await browser.post("/privacy/look", person)).text
    assert "is not known here" in again
    assert f'href="{erased}"' in again


async def test_a_recipient_that_can_never_confirm_is_settled_by_hand_with_a_reason(browser, client, search_id, deliver):
    await deliver(1)
    page = await pull(client, search_id)
    await written(client, search_id, page["items"][-1]["delivered_at"])
    path = (await browser.post("/privacy/erase", {"person": "person1@hotel1.example"})).headers["location"].removeprefix("/console")
    assert "Settle by hand" in (await browser.get(path)).text
    refused = await browser.post(f"{path}/settle", {"consumer": "consumer", "reason": " "})
    assert (refused.status_code, "reason must say" in refused.text) == (422, True)
    assert (await browser.post(f"{path}/settle", {"consumer": "consumer", "reason": "the <CRM> is gone"})).status_code == 303
    shown = (await browser.get(path)).text
    assert "0 of 1 recipient has confirmed, 1 settled by hand" in shown
    assert "the &lt;CRM&gt; is gone" in shown
    assert "was dealt with otherwise" not in shown, "nobody is left to settle"
    assert "confirmed or settled" in (await browser.get("/privacy")).text


async def test_every_erasure_is_reached_and_those_that_are_waited_for_stand_first(browser, client, search_id, deliver, database):
    await deliver(1)
    page = await pull(client, search_id)
    await written(client, search_id, page["items"][-1]["delivered_at"])
    waiting = (await browser.post("/privacy/erase", {"person": "person1@hotel1.example"})).headers["location"].rpartition("/")[2]
    await database.execute(
        "INSERT INTO erasure (id, organization_id, subject_hash, actor, erased_at, deadline_at)"
        " SELECT gen_random_uuid(), organization.id, decode(md5(n::text), 'hex'), 'test', now() + n / 2 * interval '1 minute', now()"
        " FROM organization, generate_series(1, 120) AS n"
    )
    first_page = (await browser.get("/privacy")).text
    assert waiting in first_page.partition("<h3>All</h3>")[0]
    found: list[str] = []
    path: str | None = "/privacy"
    while path:
        shown = (await browser.get(path)).text
        found += re.findall(r"/privacy/erasures/([0-9a-f-]{36})", shown.rpartition("<h3>All</h3>")[2])
        older = re.search(r'href="/console(/privacy\?before=[0-9a-f-]{36})#erasures">Older erasures', shown)
        path = older[1] if older else None
    assert sorted(found) == sorted(str(row["id"]) for row in await database.rows("SELECT id FROM erasure"))
    assert found[-1] == waiting
    assert (await browser.get("/privacy?before=nothing")).status_code == 422


async def test_an_erasure_close_to_its_deadline_stands_on_the_overview(browser, client, search_id, deliver, database):
    await deliver(1)
    page = await pull(client, search_id)
    await written(client, search_id, page["items"][-1]["delivered_at"])
    await browser.post("/privacy/erase", {"person": "person1@hotel1.example"})
    assert "deadline" not in (await browser.get("/")).text
    for sooner, words in (("now() + interval '2 days'", "reaches its deadline"), ("now() - interval '1 hour'", "is past its deadline")):
        await database.execute(f"UPDATE erasure SET deadline_at = {sooner}")
        overview = (await browser.get("/")).text
        assert words in overview
        assert "1 recipient has not confirmed (consumer)" in overview


async def test_the_suppression_list_is_added_to_taken_from_and_exported(browser, deliver, client, search_id):
    said = await browser.post("/privacy/suppressions", {"entries": "person1@hotel1.example\n\nhotel2.example\n", "change": "add"})
    assert "2 on the list now." in said.text
    assert "1 by domain, 1 by email." in said.text
    export = await browser.get("/privacy/suppressions.jsonl")
    assert export.text.count("\n") == 3
    assert "hotel" not in export.text
    said = await browser.post("/privacy/suppressions", {"entries": "hotel2.example\nunknown.example", "change": "remove"})
    assert "1 of 2 taken off the list." in said.text
    await deliver(1, 2)
    assert [len(company["prospects"]) for company in (await pull(client, search_id))["items"]] == [0, 1]


async def test_a_webhook_is_moved_to_another_address_of_its_receiver(browser):
    made = await browser.post("/webhooks", {"url": "https://crm.example/hook", "event": "company.delivered"})
    webhook_id = first(r"/webhooks/([0-9a-f-]{36})/switch", made.text)
    assert (await browser.post(f"/webhooks/{webhook_id}/move", {"url": "https://crm.example/new"})).status_code == 303
    assert "<h1>https://crm.example/new</h1>" in (await browser.get(f"/webhooks/{webhook_id}")).text
    refused = await browser.post(f"/webhooks/{webhook_id}/move", {"url": "ftp://crm.example"})
    assert (refused.status_code, "url must begin with https://" in refused.text) == (422, True)


async def test_a_webhook_that_is_switched_off_stands_on_the_overview_with_what_waits_for_it(browser, database, deliver):
    made = await browser.post("/webhooks", {"url": "https://crm.example/hook?token=t0ps3cret", "event": "company.delivered"})
    assert "whsec_" in made.text
    webhook_id = first(r"/webhooks/([0-9a-f-]{36})/switch", made.text)
    await browser.post(f"/webhooks/{webhook_id}/switch", {"to": "off"})
    await deliver(1, 2, 3)
    overview = (await browser.get("/")).text
    assert "https://crm.example/hook?*** is switched off; 3 companies wait for it in hotels" in overview
    assert "t0ps3cret" not in overview
    await browser.post(f"/webhooks/{webhook_id}/switch", {"to": "on"})
    assert "is switched off" not in (await browser.get("/")).text
