"""The page of keys: how many requests an hour a key may make."""

import pytest

FORM = {"name": "crm", "scope": "companies:read", "days": "90", "kind": "live"}


@pytest.mark.parametrize(
    ("tier", "number", "shown"),
    [("", "", "<td>none</td>"), ("pro", "", "<td>pro</td>"), ("custom", "5000", "<td>5,000 requests an hour</td>")],
)
async def test_a_key_is_made_with_a_tier_and_listed_with_it(browser, tier, number, shown):
    await browser.get("/keys")
    made = await browser.post("/keys", FORM | {"tier": tier, "rate_limit": number})
    assert made.status_code == 200
    assert shown in made.text


@pytest.mark.parametrize(("tier", "number"), [("custom", ""), ("pro", "5"), ("gold", ""), ("custom", "many"), ("custom", "0")])
async def test_a_tier_that_makes_no_sense_makes_no_key(browser, tier, number):
    await browser.get("/keys")
    refused = await browser.post("/keys", FORM | {"tier": tier, "rate_limit": number})
    assert refused.status_code == 422
    assert 'scope="row">crm' not in refused.text
