"""What an operator does, from the first click to what it changes elsewhere."""

import re

import httpx
import pytest
from playwright.sync_api import expect

from tests.acceptance.commands import eventually
from tests.console.browser.conftest import violations
from tests.console.conftest import first

CSV = (
    "Firma,Kundennummer,E-Mail,Ort\n" + "".join(f"Café {n},cafe-{n},info@cafe{n}.example,Berlin\n" for n in range(30)) + ",broken,,Berlin\n"
)


@pytest.fixture
def search(page, world):
    """A search opened by hand, on its page; its id."""
    page.goto("/console")
    page.get_by_label("Name").fill("Cafés & bars")
    page.get_by_role("button", name="Open it").click()
    expect(page.get_by_role("heading", name="Cafés & bars")).to_be_visible()
    return first(r"searches/([0-9a-f-]{36})", page.url)


@pytest.fixture
def new_key(page):
    """Make a key by hand; answers what is shown, this once."""

    def make(name):
        page.goto("/console/keys")
        page.get_by_label("For whom").fill(name)
        page.get_by_role("button", name="Make the key").click()
        return page.locator("#new-key").inner_text().strip()

    return make


def test_a_file_is_looked_at_corrected_and_delivered(page, search, photograph):
    page.get_by_role("link", name="Deliver a file").first.click()
    page.get_by_label("Drop a file here").set_input_files({"name": "cafes.csv", "mimeType": "text/csv", "buffer": CSV.encode()})
    page.get_by_role("button", name="Check it first").click()
    expect(page.get_by_text("30 companies would be delivered")).to_be_visible()
    expect(page.get_by_role("region", name="Rejected rows")).to_contain_text("missing or blank")
    photograph(page, "deliver-checked")
    page.get_by_label("Field for Ort").fill("prospects.town")
    page.get_by_role("button", name="Check again").click()
    expect(page.get_by_label("Field for Ort")).to_have_value("prospects.town")
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save the rejected rows").click()
    assert saved.value.suggested_filename == "cafes.csv.rejected.jsonl"
    page.get_by_role("button", name="Deliver 30 companies").click()
    expect(page.get_by_text("30 companies delivered")).to_be_visible()
    page.get_by_role("link", name="See the feed").click()
    expect(page.get_by_text("30 companies with 30 people")).to_be_visible()


def test_what_cannot_be_read_says_why(page, search):
    page.get_by_role("link", name="Deliver a file").first.click()
    page.get_by_label("Drop a file here").set_input_files({"name": "notes.txt", "mimeType": "text/plain", "buffer": b"hello"})
    page.get_by_role("button", name="Check it first").click()
    expect(page.get_by_role("alert")).to_contain_text("cannot be delivered")


def test_a_key_is_made_copied_used_and_revoked(page, context, world, new_key, photograph):
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    key = new_key("analytics")
    photograph(page, "key-made")
    page.get_by_role("button", name="Copy the key").click()
    expect(page.get_by_role("button", name="Copy the key")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()").strip() == key
    assert world.pull(key)
    page.reload()
    expect(page.get_by_text(key)).to_have_count(0)
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Revoke the key analytics").click()
    expect(page.get_by_role("row", name=re.compile("analytics"))).to_contain_text("revoked")
    assert (
        httpx.get(f"{world.base_url}/api/v1/auth/validate", headers={"Authorization": f"Bearer {key}"}, trust_env=False).status_code == 401
    )


def test_lag_rises_and_falls_while_somebody_watches(page, world, search, new_key):
    key = new_key("slow puller")
    world.deliver(range(3), search_id=search)
    cursor = world.pull(key, search_id=search)
    world.pull(key, search_id=search, since=cursor)
    eventually(lambda: world.behind(search) == [0])
    page.goto("/console")
    row = page.get_by_role("row", name=re.compile("slow puller"))
    expect(row).to_contain_text("has everything")
    world.deliver(range(3, 8), search_id=search)
    expect(row).to_contain_text("behind", timeout=20_000)
    cursor = world.pull(key, search_id=search, since=cursor)
    world.pull(key, search_id=search, since=cursor)
    expect(row).to_contain_text("has everything", timeout=20_000)


def test_companies_are_found_by_name_and_by_address(page, world, photograph):
    page.goto(f"/console/searches/{world.search_id}")
    for wanted, name in (
        ("hotel 77", "Hotel 77"),
        ("maria@hotel99.example", "Hotel 99"),
        ("crm-5", "Hotel 5"),
        ("hotel31.example", "Hotel 31"),
    ):
        page.get_by_role("searchbox").fill(wanted)
        page.keyboard.press("Enter")
        expect(page.locator("#results").get_by_role("link", name=name, exact=True)).to_be_visible()
    page.get_by_role("searchbox").fill("no such hotel")
    page.keyboard.press("Enter")
    expect(page.get_by_text("No company of this search matches.")).to_be_visible()


def test_a_person_is_erased_and_the_receipt_arrives(page, world, search, new_key, photograph):
    key = new_key("newsletter")
    world.deliver(range(500, 503), search_id=search)
    cursor = world.pull(key, search_id=search)
    world.pull(key, search_id=search, since=cursor)
    page.goto("/console/privacy")
    page.get_by_label("E-mail address or prospect id").fill("maria@hotel501.example")
    page.get_by_role("button", name="Look").click()
    expect(page.get_by_text("1 company of 1 search")).to_be_visible()
    expect(page.get_by_role("row", name=re.compile("hotel 501", re.IGNORECASE))).to_contain_text("maria@hotel501.example")
    expect(page.get_by_role("row", name=re.compile("newsletter"))).to_be_visible()
    assert violations(page) == []
    photograph(page, "person")
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save all of this as JSON").click()
    assert "maria@hotel501.example" in saved.value.path().read_text(encoding="utf-8")
    page.get_by_role("button", name="Erase for good").click()
    row = page.get_by_role("row", name=re.compile("newsletter"))
    expect(row).to_contain_text("not yet")
    cursor = world.pull(key, search_id=search, since=cursor)
    world.pull(key, search_id=search, since=cursor)
    expect(row).to_contain_text("let go", timeout=20_000)
    with page.expect_download() as saved:
        page.get_by_role("link", name="CSV").click()
    assert saved.value.path().read_text(encoding="utf-8").startswith("erasure_id,")


def test_an_endpoint_is_tested_replayed_and_given_a_fresh_secret(page, world):
    page.goto("/console/webhooks")
    page.get_by_role("link", name=re.compile("59998")).click()
    assert "t0ps3cret" not in page.content()
    page.get_by_role("button", name="Send a test").click()
    expect(page.get_by_role("status")).to_contain_text("The test failed")
    expect(page.get_by_role("table")).to_contain_text("webhook.test")
    page.get_by_role("button", name="Replay").click()
    expect(page.get_by_role("heading", name="Attempts")).to_be_visible()
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Rotate the secret").click()
    expect(page.locator("#new-secret")).to_contain_text("whsec_")
    page.get_by_role("button", name="Switch it off").click()
    expect(page.get_by_text("disabled")).to_be_visible()
    page.get_by_role("button", name="Switch it on").click()
    expect(page.get_by_role("button", name="Switch it off")).to_be_visible()


def test_the_first_answer_is_shown_before_a_consumer_exists(page, world, photograph):
    page.goto(f"/console/searches/{world.search_id}/connect")
    page.get_by_role("button", name="Show the answer").click()
    expect(page.get_by_role("region", name="The answer")).to_contain_text('"has_more": true')
    page.get_by_text("C#").click()
    expect(page.get_by_role("region", name="the C# sample")).to_contain_text(world.search_id)


def test_a_session_that_has_ended_leads_to_the_sign_in_by_itself(page, context):
    page.goto("/console")
    context.clear_cookies()
    expect(page.get_by_label("API key")).to_be_visible(timeout=20_000)


def test_the_keyboard_reaches_the_page_past_the_menu(page):
    page.goto("/console/keys")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the page")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
