"""`openprospect webhooks`, as an operator types it."""

from tests.webhooks.receiver import Reply


async def test_an_endpoint_is_made_tried_changed_and_forgotten_from_the_command_line(run, receiver):
    [search] = (await run("searches", "create", "hotels"))[1]
    [made] = (await run("webhooks", "create", receiver.url(), "--search", search["id"], "--event", "company.withdrawn"))[1]
    assert list(made) == ["id", "url", "secret"]
    [listed] = (await run("webhooks", "list"))[1]
    assert (listed["id"], listed["prospect_search_id"], listed["events"]) == (made["id"], search["id"], ["company.withdrawn"])
    assert "secret" not in listed
    [moved] = (await run("webhooks", "update", made["id"], receiver.url("/new"), "--base-url", "https://feeds.example/"))[1]
    assert moved == {"id": made["id"], "url": receiver.url("/new"), "status": "active"}
    receiver.behave = lambda _request: Reply(503)
    [outcome] = (await run("webhooks", "test", made["id"]))[1]
    assert (outcome["accepted"], outcome["status"]) == (False, 503)
    [attempt] = (await run("webhooks", "attempts", made["id"]))[1]
    assert (attempt["event"], attempt["failure"]) == ("webhook.test", "The endpoint answered 503.")
    [rotated] = (await run("webhooks", "rotate", made["id"]))[1]
    assert rotated["secret"] != made["secret"]
    assert (await run("webhooks", "disable", made["id"], "--reason", "moving house"))[1][0]["disabled_reason"] == "moving house"
    _, [moved], said = await run("webhooks", "update", made["id"], receiver.url("/newer"))
    assert (moved["status"], "It is still disabled (moving house)" in said) == ("disabled", True)
    assert (await run("webhooks", "enable", made["id"]))[1][0]["status"] == "active"
    assert (await run("webhooks", "replay", made["id"], "--since", "2026-02-25T12:00:00Z"))[0] == 0
    assert (await run("webhooks", "delete", made["id"]))[0] == 0
    assert (await run("webhooks", "list"))[1] == []


async def test_an_endpoint_elsewhere_whose_links_lead_to_this_machine_is_told_of_and_mended(run, database):
    code, [made], said = await run("webhooks", "create", "https://crm.example/hook")
    assert (code, "Links in its events lead to http://127.0.0.1:8400" in said) == (0, True)
    code, _, said = await run("webhooks", "update", made["id"])
    assert (code, "Name what to change" in said) == (2, True)
    code, _, _ = await run("webhooks", "update", made["id"], "--base-url", "https://feeds.example/")
    assert code == 0
    assert await database.value("SELECT base_url FROM webhook") == "https://feeds.example"
    _, _, said = await run("webhooks", "create", "https://crm.example/hook", "--base-url", "https://feeds.example")
    assert "Links" not in said


async def test_what_cannot_be_done_is_said_in_a_sentence_and_ends_with_2(run, receiver):
    code, _, said = await run("webhooks", "create", receiver.url(), allow_private=False)
    assert (code, "https://" in said, "OPENPROSPECT_WEBHOOK_ALLOW_PRIVATE=1" in said) == (2, True, True)
    code, _, said = await run("webhooks", "create", receiver.url(), "--event", "company.sold")
    assert (code, "company.sold" in said) == (2, True)
    code, _, said = await run("webhooks", "test", "11111111-1111-4111-8111-111111111111")
    assert (code, "no such webhook" in said) == (2, True)
