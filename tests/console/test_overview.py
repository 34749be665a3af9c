"""The overview: does every customer have everything, and what else somebody has to look at."""

import pytest

from tests.console.conftest import first, hotel, written
from tests.databases import seeing_all
from tests.integration.conftest import pull
from tests.webhooks.pushing import given_up


def verdict_on(page):
    return first(r'class="verdict (\w+)"', page.text), first(r"<strong>(.*?)</strong>", page.text)


async def test_lag_rises_with_a_delivery_and_falls_with_the_receipt(browser, client, search_id, deliver):
    assert verdict_on(await browser.get("/")) == ("wait", "Nobody is there yet.")
    await deliver(1, 2)
    page = await pull(client, search_id)
    await written(client, search_id, page["items"][-1]["delivered_at"])
    assert verdict_on(await browser.get("/")) == ("good", "Yes.")
    await deliver(3, 4, 5)
    behind = await browser.get("/")
    assert verdict_on(behind) == ("wait", "Not yet.")
    assert "consumer is 3 companies behind in hotels" in behind.text
    page = await pull(client, search_id)
    await written(client, search_id, page["items"][-1]["delivered_at"])
    assert verdict_on(await browser.get("/now")) == ("good", "Yes.")


async def test_the_lag_is_counted_as_the_receipts_are(browser, client, search_id, deliver, database):
    await deliver(*range(300))
    page = await pull(client, search_id, limit=100)
    await written(client, search_id, page["items"][-1]["delivered_at"])
    await deliver(5, 150, 250, city="Berlin")
    (row,) = await database.rows(
        "SELECT count(*) FROM delivery WHERE superseded_at IS NULL AND delivered_at > $1", *[await confirmed(database)]
    )
    assert f'lacking?consumer=consumer">{row["count"]}</a></td>' in (await browser.get(f"/searches/{search_id}")).text
    assert row["count"] == 201


async def confirmed(database):
    return await database.value("SELECT confirmed_until FROM receipt")


async def test_a_consumer_without_a_working_key_is_not_waited_for(browser, client, search_id, deliver, database):
    await deliver(1)
    page = await pull(client, search_id)
    await written(client, search_id, page["items"][-1]["delivered_at"])
    await deliver(2)
    assert verdict_on(await browser.get("/"))[0] == "wait"
    await database.execute("UPDATE api_key SET revoked_at = now() WHERE name = 'consumer'")
    after = await browser.get("/")
    assert verdict_on(after) == ("wait", "Nobody is there yet.")
    assert "key revoked" in after.text


async def test_a_consumer_whose_key_expired_is_waited_for_and_told_of(browser, client, search_id, deliver, database):
    await deliver(1)
    page = await pull(client, search_id)
    await written(client, search_id, page["items"][-1]["delivered_at"])
    await database.execute("UPDATE api_key SET expires_at = now() + interval '3 days' WHERE name = 'consumer'")
    assert "The key consumer expires" in (await browser.get("/")).text
    await database.execute("UPDATE api_key SET expires_at = now() - interval '1 minute' WHERE name = 'consumer'")
    answer = (await browser.get("/")).text
    assert "The key consumer expired" in answer
    assert "key expired</span>" in answer
    assert 'if nobody does, <a href="/console/keys">revoke it</a>' in answer
    consumers_key = await database.value("SELECT id FROM api_key WHERE name = 'consumer'")
    assert f'action="/console/keys/{consumers_key}/revoke"' in (await browser.get("/keys")).text
    await browser.post(f"/keys/{consumers_key}/revoke")
    assert "The key consumer expired" not in (await browser.get("/")).text


async def test_a_search_that_nobody_pulls_is_named(browser, client, search_id, deliver):
    await deliver(1)
    page = await pull(client, search_id)
    await written(client, search_id, page["items"][-1]["delivered_at"])
    other = (await client.post("/prospect-searches", json={"name": "cafes"})).json()["id"]
    assert verdict_on(await browser.get("/")) == ("good", "Yes.")
    await client.post(f"/deliveries/{other}/companies", json={"companies": [hotel(1)]})
    overview = await browser.get("/")
    assert verdict_on(overview) == ("wait", "Not yet.")
    assert "Nobody pulls cafes, which holds 1 company." in overview.text
    assert f'/console/searches/{other}/connect">cafes</a> (1 company)' in overview.text


async def test_an_endpoint_given_up_is_a_fault_until_somebody_leaves_it_off(browser, client, search_id, deliver, database):
    made = (await client.post("/webhooks", json={"url": "http://127.0.0.1:59997/", "prospect_search_id": search_id})).json()["id"]
    await given_up(database, made, reason="The endpoint answered 410 Gone.")
    await deliver(1)
    assert "was given up" in (await browser.get("/")).text
    assert "Leave it off" in (await browser.get(f"/webhooks/{made}")).text
    await browser.post(f"/webhooks/{made}/switch", {"to": "off"})
    assert "is switched off" in (await browser.get("/")).text
    shown = (await browser.get(f"/webhooks/{made}")).text
    assert "410 Gone" in shown
    assert "Leave it off" not in shown


@pytest.mark.parametrize("by", ["hour", "day"])
async def test_the_plot_counts_every_delivery_also_what_was_superseded(browser, deliver, client, search_id, by):
    ids = await deliver(1, 2, 3)
    await deliver(2, city="Berlin")
    await client.delete(f"/deliveries/{search_id}/companies/{ids[0]}")
    page = (await browser.get(f"/?by={by}")).text
    assert "5 deliveries, at most" in page


async def test_a_search_is_opened(browser):
    answer = await browser.post("/searches", {"name": "cafés"})
    page = await browser.get(answer.headers["location"].removeprefix("/console"))
    assert "<h1>cafés</h1>" in page.text
    refused = await browser.post("/searches", {"name": " "})
    assert refused.status_code == 422
    assert 'role="alert"' in refused.text


async def test_the_database_is_told_of_as_far_as_its_account_may_see(browser, database, dsn):
    async with database.transaction() as db:
        await db.execute("SELECT pg_sleep(0.15)")
        page = (await browser.get("/")).text
        async with seeing_all(dsn):
            page_of_all = (await browser.get("/")).text
    assert int(first(r"of \d+, (\d+) busy", page)) >= 1
    assert "Oldest transaction" not in page
    assert float(first(r"Oldest transaction</dt><dd>([\d.]+) s", page_of_all)) >= 0.1
