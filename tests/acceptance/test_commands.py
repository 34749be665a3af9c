"""Every command as a script meets it: documented answers on standard output, everything else on standard error, and clear complaints."""

import json
import socket
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from openprospect.cli.main import app

DEFAULT = ("--organization", "default")
COMPANY = {"source_id": "c1", "name": "Café", "prospects": [{"first_name": "Maria", "email": "maria@cafe.example"}]}


def lines(*documents):
    return "\n".join(map(json.dumps, documents)).encode()


def deliver(site, search_id, *documents):
    return site.json("deliver", search_id, "-", stdin=lines(*documents))


# The documented answers.


def test_migrate_answers_the_version_of_the_schema(site):
    assert list(site.json("migrate")) == ["version"]
    assert site.json("migrate")["version"][:4].isdigit()


def test_an_organization_is_answered_by_id_and_name(site):
    name = f"acme {uuid4()}"
    assert list(made := site.json("organizations", "create", name)) == ["id", "name"]
    assert made["name"] == name


def test_a_search_is_answered_by_id_name_and_status(site):
    wanted = str(uuid4())
    assert site.json("searches", "create", "hotels", "--id", wanted) == {"id": wanted, "name": "hotels", "status": "active"}


def test_searches_are_listed_one_a_line(site, search_id):
    listed = site.run("searches", "list", "--json").answers
    assert [search["name"] for search in listed if search["id"] == search_id] == ["hotels"]


def test_a_new_key_is_answered_with_its_secret_and_its_end(site):
    made = site.json("keys", "create", "crm", "--scope", "companies:read", "--scope", "prospects:read", "--expires-in", "90d")
    assert list(made) == ["id", "name", "key", "scopes", "expires_at"]
    assert made["key"].startswith("opk_live_")
    assert made["scopes"] == ["companies:read", "prospects:read"]
    ends = datetime.fromisoformat(made["expires_at"]) - datetime.now(UTC)
    assert timedelta(days=89, hours=23) < ends <= timedelta(days=90)


def test_a_key_for_tests_says_so(site):
    assert site.new_key("crm", "--test").startswith("opk_test_")


def test_no_secret_is_listed(site):
    made = site.json("keys", "create", "listed", "--scope", "companies:read")
    listed = site.run("keys", "list", "--json")
    assert made["id"] in [key["id"] for key in listed.answers]
    assert made["key"] not in listed.out
    assert "opk_" not in listed.out


def test_a_revoked_key_is_listed_with_its_end(site):
    key_id = site.json("keys", "create", "ended", "--scope", "companies:read")["id"]
    site.json("keys", "revoke", key_id)
    (key,) = [key for key in site.run("keys", "list", "--json").answers if key["id"] == key_id]
    assert key["revoked_at"]


def test_a_delivery_is_answered_by_its_numbers(site, search_id):
    assert deliver(site, search_id, COMPANY) == {"delivered": 1, "unchanged": 0, "suppressed": 0, "rejected": 0, "rejects_file": None}


def test_a_table_is_said_to_be_read_as_what_it_is_unless_it_is_utf8(site, search_id, tmp_path):
    table = tmp_path / "leads.csv"
    table.write_bytes("name\nKučera\n".encode("cp1250"))
    arguments = ("deliver", search_id, str(table), "--dry-run")
    assert "Read as cp1252; where letters came out wrong, name another with --encoding." in site.run(*arguments).complaint
    assert "Read as cp1250" in site.run(*arguments, "--encoding", "windows-1250").complaint
    table.write_text("name\nKučera\n", encoding="utf-8")
    assert "Read as" not in site.run(*arguments).complaint


def test_a_withdrawal_is_answered_by_how_many_were_there(site, search_id):
    wanted = str(uuid4())
    deliver(site, search_id, COMPANY | {"id": wanted})
    stranger = str(uuid4())
    withdrawn = site.run("withdraw", search_id, wanted, stranger, "--reason", "closed", "--json")
    assert withdrawn.answer == {"withdrawn": 1}
    assert withdrawn.complaint == f"There is no company {stranger} in this feed, or it was withdrawn before."
    assert site.json("withdraw", search_id, wanted) == {"withdrawn": 0}


def test_a_producer_may_name_what_to_withdraw_by_its_own_ids(site, search_id):
    wanted = str(uuid4())
    deliver(site, search_id, *({**COMPANY, "source_id": one} for one in ("c1", "c2", "c3")), {"name": "Inn", "id": wanted})
    withdrawn = site.run("withdraw", search_id, wanted, "--source-id", "c1", "--source-id", "c2", "--source-id", "c[9]", "--json")
    assert withdrawn.answer == {"withdrawn": 3}
    assert withdrawn.complaint == "There is no company c[9] in this feed, or it was withdrawn before."
    assert deliver(site, search_id, *({**COMPANY, "source_id": one} for one in ("c1", "c2", "c3")))["unchanged"] == 1


def test_an_erasure_is_answered_by_what_it_reached(site, search_id):
    deliver(site, search_id, {"name": "Inn", "prospects": [{"email": "once@inn.example"}]})
    erased = site.json("erase", "once@inn.example", *DEFAULT)
    assert list(erased)[:4] == ["erasure_id", "companies", "prospects", "recipients"]
    assert (erased["companies"], erased["prospects"], erased["recipients"]) == (1, 1, 0)


def test_tenants_are_listed_with_what_they_have(site):
    name = f"Acme {uuid4()}"
    site.json("organizations", "create", name)
    site.json("searches", "create", "hotels", "--organization", name)
    key = site.json("keys", "create", "crm", "--scope", "companies:read", "--organization", name)
    site.json("keys", "create", "bi", "--scope", "companies:read", "--organization", name)
    site.json("keys", "revoke", key["id"])
    (listed,) = [row for row in site.run("organizations", "list", "--json").answers if row["name"] == name]
    assert (listed["searches"], listed["keys"]) == (1, 1)


def test_an_erasure_by_id_reaches_the_person_and_one_of_a_stranger_says_that_nobody_was_found(site, search_id):
    wanted = str(uuid4())
    deliver(site, search_id, {"name": "Inn", "prospects": [{"id": wanted, "first_name": "Nobody"}]})
    assert site.json("erase", "--prospect-id", wanted, *DEFAULT)["prospects"] == 1
    assert "stranger@inn.example is not known" in site.run("erase", "stranger@inn.example", *DEFAULT).complaint


def test_without_json_the_same_is_said_in_words(site, search_id):
    deliver(site, search_id, COMPANY)
    (line,) = [line for line in site.run("searches", "list").out.splitlines() if search_id in line]
    assert line.split() == [search_id, "hotels", "active", "default", "1", "1"]


# Complaints.


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("deliver", "nope", "-"), "nope"),
        (("deliver", "00000000-0000-0000-0000-000000000000", "-"), "There is no prospect search 00000000-0000-0000-0000-000000000000"),
        (("deliver", "00000000-0000-0000-0000-000000000000", "missing.csv"), "There is no file missing.csv"),
        (("deliver", "00000000-0000-0000-0000-000000000000", "folder.csv"), "is a folder"),
        (("deliver", "00000000-0000-0000-0000-000000000000", "notes.txt"), "Files ending in .txt cannot be delivered"),
        (("deliver", "00000000-0000-0000-0000-000000000000", "-", "--encoding", "cp1252"), "Only CSV files have an encoding to name"),
        (("receipts", "00000000-0000-0000-0000-000000000000"), "There is no prospect search"),
        (("withdraw", "00000000-0000-0000-0000-000000000000"), "Name the companies to withdraw"),
        (("keys", "create", "x", "--scope", "everything"), "Unknown scope everything"),
        (("keys", "create", "x"), "--scope"),
        (("keys", "create", "x", "--scope", "companies:read", "--expires-in", "soon"), "as in 90d"),
        (("keys", "create", "x", "--scope", "companies:read", "--organization", "nobody"), "There is no organization 'nobody'"),
        (("keys", "revoke", "00000000-0000-0000-0000-000000000000"), "There is no key of this id"),
        (("keys", "create", "x", "--scope", "companies:read", "--expires-in", "999999w"), "at most 3650d"),
        (("webhooks", "attempts", "00000000-0000-0000-0000-000000000000", "--limit", "-5"), "--limit"),
        (("webhooks", "attempts", "00000000-0000-0000-0000-000000000000", "--limit", "99999999999999999999"), "--limit"),
        (("erase", "maria@inn.example", "--erasure-deadline-days", "0"), "--erasure-deadline-days"),
        (("erasures", "reapply", "--erasure-deadline-days", "3651"), "--erasure-deadline-days"),
        (("organizations", "create", "default"), "There is an organization 'default' already"),
        (("searches", "create", " "), "name must have 1 to 200 characters"),
        (("erase", "not-an-address"), "one e-mail address"),
        (("erase",), "by email or by prospect_id"),
        (("erasures", "report", "00000000-0000-0000-0000-000000000000"), "There is no erasure of this id"),
        (("suppressions", "add", "no address", *DEFAULT), "expected an e-mail address"),
        (("suppressions", "import", "missing.txt"), "missing.txt cannot be read: No such file or directory"),
        (("serve", "--port", "70000"), "--port"),
        (("serve", "--workers", "0"), "--workers"),
        (("frobnicate",), "frobnicate"),
        (("searches", "list", "--frobnicate"), "--frobnicate"),
        (("searches", "list", "--database-url", "mysql://root@localhost/x"), "must begin with postgresql://"),
    ],
    ids=" ".join,
)
def test_a_mistake_is_one_sentence_on_standard_error_and_exit_2(site, arguments, complaint):
    (site.folder / "folder.csv").mkdir(exist_ok=True)
    (site.folder / "notes.txt").touch()
    ended = site.run(*arguments, expected=2)
    assert ended.out == ""
    assert complaint in ended.err
    assert ended.err.startswith("Error: ")
    assert ended.err.count("\n") == 1
    assert "Traceback" not in ended.err


def test_a_database_that_cannot_be_reached_is_worth_another_try(site):
    ended = site.run("searches", "list", "--database-url", "postgresql://user:geheim@127.0.0.1:1/database", expected=1)
    assert ended.complaint == "Error: The database cannot be reached just now; try again in a few seconds."
    assert "geheim" not in ended.err


def test_a_port_in_use_is_named_and_ends_with_2(site):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = site.run("serve", "--port", str(port), expected=2)
    assert f"Cannot listen on 127.0.0.1:{port}: Address already in use; choose another with --port" in ended.complaint
    assert "Traceback" not in ended.err


def test_a_reader_that_has_seen_enough_is_no_error_on_our_side(site, search_id):
    process = site.begin("searches", "list", "--json")
    process.stdout.close()
    _, err = process.communicate()
    assert b"Traceback" not in err


# Help.


def test_the_version_is_printed_alone(site):
    assert site.run("--version").out.strip().count(".") == 2


def commands_of(group, path=()):
    """Every command below, by its words: what the list says of it, and what its own help begins with."""
    for name, command in group.resolved_commands().items():
        if command.default_command is not None:
            yield (*path, name), command.help, (command.default_command.__doc__ or "").partition("\n")[0]
        elif not name.startswith("-"):
            yield from commands_of(command, (*path, name))


def test_every_command_says_in_the_list_what_its_own_help_begins_with():
    found = [(words, listed, own) for words, listed, own in commands_of(app) if not words[-1].startswith("-")]
    assert ("keys", "create") in [words for words, _, _ in found]
    assert [words for words, listed, own in found if not listed or listed != own] == []


def test_help_is_shown_without_the_packages_of_the_service(site):
    packages = ("asyncpg", "litestar", "uvicorn", "openpyxl")
    block = f"import sys; sys.modules.update(dict.fromkeys({packages}))"
    (site.folder / "sitecustomize.py").write_text(block)
    light = site.environment | {"PYTHONPATH": str(site.folder)}
    assert "serve" in site.run("--help", environment=light).out
    complaint = site.run("migrate", environment=light, expected=2).complaint
    assert "pip install 'openprospect[server]'" in complaint
    (site.folder / "sitecustomize.py").unlink()


def test_what_stands_in_brackets_is_shown_as_it_is(site, tmp_path):
    path = tmp_path / "leads.csv"
    path.write_text("company_name,Notiz [/intern] :warning:\nCafé,x\n")
    said = site.run("deliver", site.new_search(), path).err
    assert "'Notiz [/intern] :warning:' → " in said
    site.new_key("[bold]crm[/]")
    assert "[bold]crm[/]" in site.run("keys", "list").out
