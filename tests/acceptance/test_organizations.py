"""Which organization a command takes: whoever erases or keeps somebody out in the wrong one believes it done."""

import json

import pytest

from tests.acceptance.commands import open_site

MARIA = "maria@acme.example"
ACME = ("--organization", "acme")


def deliver(site, search_id, *emails):
    company = {"name": "Acme", "prospects": [{"email": email} for email in emails]}
    return site.json("deliver", search_id, "-", stdin=json.dumps(company).encode())


def test_with_one_organization_none_is_named_and_none_is_told(search_id, site):
    deliver(site, search_id, MARIA)
    unknown = site.run("erase", "nobody@acme.example", "--json")
    assert unknown.complaint == "nobody@acme.example is not known here, and will be kept out of every later delivery."
    assert list(unknown.answer) == ["erasure_id", "companies", "prospects", "recipients"]
    assert site.json("suppressions", "add", "competitor.example") == {"suppressed": 1}
    assert site.run("keys", "create", "crm", "--scope", "companies:read").complaint == ""


@pytest.fixture(scope="module")
def several():
    """A site with two organizations."""
    with open_site() as site:
        site.json("organizations", "create", "acme")
        yield site


@pytest.mark.parametrize(
    "command",
    [
        ("erase", MARIA),
        ("suppressions", "add", MARIA),
        ("suppressions", "remove", MARIA),
        ("suppressions", "export"),
        ("webhooks", "create", "https://acme.example/hook"),
    ],
)
def test_with_several_organizations_what_does_harm_in_the_wrong_one_has_to_name_it(several, command):
    refused = several.run(*command, expected=2)
    assert refused.complaint == "Error: There are 2 organizations: acme, default. Name the one you mean with --organization."


def test_with_several_organizations_the_answer_says_where_it_happened(several):
    search_id = several.new_search("hotels", *ACME)
    deliver(several, search_id, MARIA)
    elsewhere = several.run("erase", MARIA, "--organization", "default", "--json")
    assert (elsewhere.answer["organization"], elsewhere.answer["companies"]) == ("default", 0)
    assert "is not known in the organization default" in elsewhere.complaint
    erased = several.json("erase", MARIA, *ACME)
    assert (erased["organization"], erased["companies"]) == ("acme", 1)
    assert several.json("suppressions", "add", MARIA, *ACME) == {"suppressed": 1, "organization": "acme"}


@pytest.mark.parametrize("command", [("searches", "create", "inns"), ("keys", "create", "crm", "--scope", "companies:read")])
def test_with_several_organizations_what_is_made_without_naming_one_says_where_it_goes(several, command):
    assert several.run(*command).complaint == "It was made in the organization default; --organization names another."
    assert several.run(*command, *ACME).complaint == ""
