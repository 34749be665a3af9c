"""`openprospect receipts`: who has what of the feeds, and who is missing from them."""

import json

import psycopg

from tests.acceptance.commands import READ

COMPANY = {"source_id": "c1", "name": "Café", "prospects": [{"first_name": "Maria", "email": "maria@cafe.example"}]}


def deliver(site, search_id):
    site.json("deliver", search_id, "-", stdin=json.dumps(COMPANY).encode())


def test_receipts_are_answered_one_consumer_a_line(site, search_id):
    deliver(site, search_id)
    key = site.new_key("reader", scopes=READ)
    with site.serving() as server, server.client(key) as client:
        client.get(f"/deliveries/{search_id}/companies").raise_for_status()
    (receipt,) = site.run("receipts", search_id, "--json").answers
    assert list(receipt) == ["key_name", "delivered_until", "seen_at", "behind_companies", "oldest_unconfirmed_at"]
    assert (receipt["key_name"], receipt["delivered_until"], receipt["behind_companies"]) == ("reader", None, 1)
    assert "was sent everything" in " ".join(site.run("receipts", search_id).out.split())
    assert [row for row in site.run("receipts", "--json").answers if row["search_id"] == search_id] == [
        {"organization": "default", "search": "hotels", "search_id": search_id, **receipt, "state": "was sent everything"}
    ]


def test_a_monitor_is_told_by_the_exit_code_where_somebody_lacks_something_for_too_long(site, search_id):
    deliver(site, search_id)
    key = site.new_key("nightly", scopes=READ)
    with site.serving() as server, server.client(key) as client:
        client.get(f"/deliveries/{search_id}/companies").raise_for_status()
    assert site.run("receipts", search_id, "--check").complaint.startswith("Does everybody have everything? Yes, as far as sent.")
    with psycopg.connect(site.dsn, autocommit=True) as db:
        db.execute("UPDATE receipt SET served_at = served_at - interval '2 days' WHERE prospect_search_id = %s", [search_id])
    assert site.run("receipts", search_id, "--check", expected=1).complaint.startswith("Does everybody have everything? No.")
    assert site.run("receipts", search_id).complaint.startswith("Does everybody have everything? No.")


def test_one_consumer_is_asked_about_alone_and_what_it_lacks_is_listed(site, search_id):
    deliver(site, search_id)
    keys = {name: site.new_key(name, scopes=READ) for name in ("one/of two", "other")}
    with site.serving() as server:
        for key in keys.values():
            with server.client(key) as client:
                (item,) = client.get(f"/deliveries/{search_id}/companies").raise_for_status().json()["items"]
        with server.client(keys["other"]) as client:
            client.put(f"/deliveries/{search_id}/receipt", json={"delivered_until": item["delivered_at"]}).raise_for_status()
    site.json("deliver", search_id, "-", stdin=json.dumps({"source_id": "c2", "name": "Bar"}).encode())
    for search in ((), (search_id,)):
        asked = site.run("receipts", *search, "--consumer", "one/of two", "--json")
        assert [(row["key_name"], row["behind_companies"]) for row in asked.answers if search or row["search_id"] == search_id] == [
            ("one/of two", 2)
        ]
    assert asked.complaint.startswith("Does one/of two have everything? Not yet. one/of two is 2 companies behind in hotels")
    lacking = site.run("receipts", search_id, "--consumer", "one/of two", "--lacking", "--json")
    assert [(row["name"], row["source_id"], row["state"]) for row in lacking.answers] == [
        ("Café", "c1", "sent, not confirmed"),
        ("Bar", "c2", "not sent"),
    ]
    (missing,) = site.run("receipts", search_id, "--consumer", "other", "--lacking", "--limit", "1", "--json").answers
    assert (missing["name"], missing["state"]) == ("Bar", "not sent")
    assert (
        "No consumer 'nobody' has pulled anything here." in site.run("receipts", "--consumer", "nobody", "--check", expected=None).complaint
    )
    assert "SEARCH_ID --consumer NAME" in site.run("receipts", "--lacking", expected=2).complaint


def test_the_receipt_of_a_consumer_whose_keys_are_revoked_says_so(site, search_id):
    deliver(site, search_id)
    made = site.json("keys", "create", "leaver", "--scope", "companies:read", "--scope", "prospects:read")
    with site.serving() as server, server.client(made["key"]) as client:
        client.get(f"/deliveries/{search_id}/companies").raise_for_status()
    site.json("keys", "revoke", made["id"])
    assert states(site, search_id) == {"leaver": "key revoked", None: "nobody pulls it"}


def test_a_search_that_nobody_pulls_is_no_empty_table(site, search_id):
    deliver(site, search_id)
    shown = site.run("receipts", search_id)
    assert "nobody pulls it" in " ".join(shown.out.split())
    assert shown.complaint.startswith("Does everybody have everything? Nobody is there yet.")
    assert site.run("receipts", search_id, "--json").answers == []


def test_an_endpoint_that_never_took_anything_is_told_of_and_so_is_one_that_is_deleted(site, search_id):
    private = site.environment | {"OPENPROSPECT_WEBHOOK_ALLOW_PRIVATE": "1"}
    made = site.json("webhooks", "create", "http://127.0.0.1:59997/", "--search", search_id, environment=private)
    deliver(site, search_id)
    name = f"webhook:{made['id']}"
    assert states(site, search_id) == {name: "behind"}
    assert site.run("receipts", search_id).complaint.startswith(
        "Does everybody have everything? Not yet. webhook http://127.0.0.1:59997/ is 1 company"
    )
    with psycopg.connect(site.dsn) as database:
        database.execute("INSERT INTO receipt (prospect_search_id, consumer) VALUES (%s, %s)", (search_id, name))
    site.json("webhooks", "disable", made["id"])
    assert states(site, search_id) == {name: "switched off", None: "nobody pulls it"}
    site.json("webhooks", "delete", made["id"])
    assert states(site, search_id) == {name: "endpoint deleted", None: "nobody pulls it"}


def states(site, search_id):
    return {row["key_name"]: row["state"] for row in site.run("receipts", "--json").answers if row["search_id"] == search_id}
