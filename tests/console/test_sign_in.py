"""In and out: a key for a cookie, and every way that a session ends."""

from http.cookies import SimpleCookie

import asyncpg
import pytest

from openprospect.server.access.keys import create_key, revoke_key
from openprospect.server.access.model import DEFAULT_ORGANIZATION
from openprospect.server.console.gate import COOKIE


async def where_to(browser):
    """What the overview answers: itself, or the way to the sign-in."""
    answer = await browser.get("/")
    return answer.headers.get("location", "itself")


async def test_whoever_is_not_signed_in_is_shown_where_to(operators):
    assert await where_to(operators.browser()) == "/console/sign-in"


async def test_a_key_for_the_console_opens_it(browser):
    assert await where_to(browser) == "itself"


async def test_the_cookie_is_for_this_service_alone(operators):
    browser = operators.browser()
    answer = await browser.post("/sign-in", {"key": (await operators.key()).key})
    cookie = SimpleCookie(answer.headers["set-cookie"])[COOKIE]
    assert (cookie["httponly"], cookie["samesite"].lower(), cookie["path"]) == (True, "strict", "/console")
    assert not cookie["secure"]


async def test_the_cookie_stays_on_https_where_the_service_is_reached_by_it(operators):
    browser = operators.browser()
    answer = await browser.http.post("https://service.test/console/sign-in", data={"key": (await operators.key()).key})
    assert "; secure" in answer.headers["set-cookie"].lower()


async def test_what_is_stored_of_a_session_signs_nobody_in(operators, dsn):
    browser = await operators.signed_in()
    connection = await asyncpg.connect(dsn)
    (stored,) = await connection.fetch("SELECT token_hash FROM console_session")
    await connection.close()
    assert browser.http.cookies[COOKIE].encode() not in stored["token_hash"]
    other = operators.browser()
    other.http.cookies.set(COOKIE, stored["token_hash"].hex())
    assert await where_to(other) == "/console/sign-in"


@pytest.mark.parametrize("key", ["", "opk_live_nonsense", "<script>alert(1)</script>"])
async def test_what_is_no_key_is_refused_and_not_repeated(operators, key):
    answer = await operators.browser().post("/sign-in", {"key": key})
    assert answer.status_code == 403
    assert "not a whole key" in answer.text
    assert "set-cookie" not in answer.headers
    assert not key or key not in answer.text


async def test_a_key_without_the_scope_is_told_what_it_lacks(operators):
    answer = await operators.browser().post("/sign-in", {"key": (await operators.key(scopes=("companies:read",))).key})
    assert answer.status_code == 403
    assert "--scope console" in answer.text


async def test_revoking_its_key_ends_a_session_at_once(operators):
    browser = operators.browser()
    key = await operators.key()
    await browser.post("/sign-in", {"key": key.key})
    assert await where_to(browser) == "itself"
    await revoke_key(operators.service.database, key.id, actor="test")
    assert await where_to(browser) == "/console/sign-in"


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE api_key SET expires_at = now()",
        "UPDATE api_key SET scopes = '{companies:read}'",
        "UPDATE console_session SET expires_at = now()",
        "DELETE FROM console_session",
    ],
)
async def test_a_session_ends_with_its_key_its_scope_and_its_time(browser, database, change):
    await database.execute(change)
    assert await where_to(browser) == "/console/sign-in"


async def test_signing_out_ends_the_session_and_not_only_the_cookie(browser, operators):
    token = browser.http.cookies[COOKIE]
    answer = await browser.post("/sign-out")
    assert answer.headers["location"] == "/console/sign-in"
    other = operators.browser()
    other.http.cookies.set(COOKIE, token)
    assert await where_to(other) == "/console/sign-in"


async def test_signing_in_leaves_a_line_in_history(browser, database):
    assert await database.value("SELECT actor FROM history WHERE action = 'console opened'") == "key operator"


async def test_a_part_that_refreshes_itself_sends_the_whole_page_to_the_sign_in(operators):
    answer = await operators.browser().get("/now", headers={"HX-Request": "true"})
    assert (answer.status_code, answer.headers["hx-redirect"]) == (200, "/console/sign-in")


async def test_sessions_that_are_over_are_forgotten_when_somebody_signs_in(operators, database):
    await operators.signed_in("one")
    await database.execute("UPDATE console_session SET expires_at = now()")
    await operators.signed_in("two")
    assert await database.value("SELECT count(*) FROM console_session") == 1


async def test_a_key_of_the_console_shows_when_it_was_used_last(browser, database):
    await create_key(database, "idle", organization=DEFAULT_ORGANIZATION, scopes=["console"], expires_in=None, is_live=True, actor="t")
    page = await browser.get("/keys")
    assert page.text.count("never</span>") >= 1
