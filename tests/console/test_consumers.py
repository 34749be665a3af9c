"""A consumer's page: does this customer have everything, and what does it lack?"""

from html import unescape
from urllib.parse import quote

from tests.console.conftest import first, written
from tests.integration.conftest import pull

NAME = "crm/Müller & <b>"


def page_of(name):
    return f"/consumers?name={quote(name)}"


async def test_a_customer_is_found_from_the_overview_with_its_searches_its_keys_and_what_it_lacks(browser, service, search_id, deliver):
    await deliver(1, 2)
    customer = await service.client(NAME, scopes=["companies:read", "prospects:read"])
    page = await pull(customer, search_id)
    await written(customer, search_id, page["items"][0]["delivered_at"])
    await deliver(3)
    links = unescape((await browser.get("/")).text)
    assert page_of(NAME) in links
    shown = (await browser.get(page_of(NAME))).text
    assert first(r'class="verdict (\w+)"', shown) == "wait"
    assert "<b>" not in first(r"<h1>(.*?)</h1>", shown)
    assert "crm/Müller &amp; &lt;b&gt;" in shown
    assert "is 2 companies behind in hotels" in unescape(shown)
    assert ">works</td>" in shown
    lacking = (await browser.get(first(r'href="/console(/searches/[^"]+/lacking[^"]+)"', unescape(shown)))).text
    assert "Hotel 1<" not in lacking
    assert "sent, not confirmed" in first(r"Hotel 2<(.*?)</tr>", lacking.replace("\n", ""))
    assert "not sent" in first(r"Hotel 3<(.*?)</tr>", lacking.replace("\n", ""))


async def test_what_a_customer_lacks_is_told_page_by_page(browser, client, search_id, deliver):
    await deliver(*range(60))
    page = await pull(client, search_id, limit=100)
    await written(client, search_id, page["items"][0]["delivered_at"])
    begin = unescape((await browser.get(f"/searches/{search_id}/lacking?consumer=consumer")).text)
    rest = unescape((await browser.get(first(r'href="/console([^"]+)">Newer', begin))).text)
    assert [part.count("sent, not confirmed") for part in (begin, rest)] == [50, 9]
    assert "Newer" not in rest


async def test_a_customer_that_has_everything_one_that_never_came_and_one_that_there_is_not(browser, client, service, search_id, deliver):
    await deliver(1)
    page = await pull(client, search_id)
    await written(client, search_id, page["items"][-1]["delivered_at"])
    shown = (await browser.get(page_of("consumer"))).text
    assert "It has confirmed everything that was delivered." in shown
    assert "Nothing" in (await browser.get(f"/searches/{search_id}/lacking?consumer=consumer")).text
    await service.client("sleeper", scopes=["companies:read"])
    assert "It has never pulled anything." in (await browser.get(page_of("sleeper"))).text
    for path in (page_of("nobody"), "/consumers?name=", f"/searches/{search_id}/lacking?consumer=nobody", f"/searches/{search_id}/lacking"):
        assert (await browser.get(path)).status_code == 404, path


async def test_a_customer_whose_keys_are_revoked_is_waited_for_by_nobody(browser, client, search_id, deliver, database):
    await deliver(1)
    page = await pull(client, search_id)
    await written(client, search_id, page["items"][-1]["delivered_at"])
    await database.execute("UPDATE api_key SET revoked_at = now() WHERE name = 'consumer'")
    assert "Nobody waits for it." in (await browser.get(page_of("consumer"))).text


async def test_of_many_searches_and_consumers_the_overview_shows_the_worst_and_leads_to_all(browser, client, search_id, deliver, database):
    await deliver(1)
    page = await pull(client, search_id)
    await written(client, search_id, page["items"][-1]["delivered_at"])
    await database.execute(
        "INSERT INTO receipt (prospect_search_id, consumer, confirmed_until, confirmed_at)"
        " SELECT prospect_search_id, 'customer ' || n, confirmed_until, now() FROM receipt, generate_series(100, 219) AS n"
    )
    await database.execute(
        "INSERT INTO api_key (id, organization_id, name, secret_hash, scopes, is_live)"
        " SELECT gen_random_uuid(), organization_id, 'customer ' || n, sha256(n::text::bytea), '{companies:read}', true"
        " FROM prospect_search, generate_series(100, 219) AS n"
    )
    await database.execute("UPDATE receipt SET confirmed_until = confirmed_until - interval '1 second' WHERE consumer = 'customer 177'")
    for number in range(60):
        await client.post("/prospect-searches", json={"name": f"Search {number}"})
    overview = (await browser.get("/")).text
    assert overview.count("/consumers?name=") == 50
    assert first(r"/consumers\?name=([^\"]+)", overview) == "customer%20177"
    assert "All 121</a>, of which these are the furthest behind" in overview
    assert "All 61</a>" in overview
    pages = [(await browser.get(f"/consumers?page={number}")).text.count("/consumers?name=") for number in (1, 2, 3, 4)]
    assert pages == [50, 50, 21, 0]
    found = (await browser.get("/consumers?named=CUSTOMER 21")).text
    assert found.count("/consumers?name=") == 10
    assert "Page 1" not in found
    assert (await browser.get("/searches?named=search 5&page=x")).text.count('<th scope="row">') == 11
    assert "None of that name." in (await browser.get("/searches?named=nobody")).text
