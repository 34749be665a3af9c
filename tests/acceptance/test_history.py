"""`openprospect history`: who did what, by organization, search, key and time."""

import json


def deeds(site, *options):
    return site.run("history", *options, "--json").answers


def test_history_is_listed_by_organization_search_key_and_time(site):
    site.json("organizations", "create", "acme")
    acme = ("--organization", "acme")
    search_id = site.new_search("hotels", *acme)
    keys = [site.json("keys", "create", "crm", "--scope", "deliveries:write", *acme) for _ in range(2)]
    companies = {"companies": [{"name": "Inn"}]}
    with site.serving() as server:
        for made in keys:
            with server.client(made["key"]) as client:
                client.post(f"/deliveries/{search_id}/companies", json=companies).raise_for_status()
                companies["companies"].append({"name": "Grand"})
    of_acme = deeds(site, *acme)
    assert [deed["action"] for deed in of_acme] == ["key created", "key created", "search created", "organization created"]
    assert deeds(site, "--limit", "2") == of_acme[:2]
    assert deeds(site, "--since", of_acme[1]["at"], *acme) == of_acme[:2]
    (stolen,) = deeds(site, "--search", search_id, "--key-id", keys[1]["id"])
    assert (stolen["action"], stolen["actor"], stolen["key_id"]) == ("delivered", "key crm", keys[1]["id"])
    assert [deed["key_id"] for deed in deeds(site, "--search", search_id)] == [keys[1]["id"], keys[0]["id"]]
    assert deeds(site, "--key-id", keys[1]["id"]) == []
    assert json.dumps(of_acme[0]["details"]["key_id"]) in site.run("history").out.replace("'", '"')
