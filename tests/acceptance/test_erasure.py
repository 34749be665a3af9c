"""Erasing people by command: through kills and deliveries at the same time, and nothing of them left in any dump, log or file of ours."""

import csv
import io
import json
import os
import subprocess

import psycopg
import pytest

from openprospect.server.db.embedded import binary
from tests.acceptance.commands import eventually, kill_at_random, pages

MARIA = {"first_name": "Marijana", "last_name": "Quarzenthal", "email": "M.Quarzenthal@grandhotel.example", "mobile": "+49 30 90182017"}
BO = {"first_name": "Bo", "email": "bo@grandhotel.example"}
TRACES = ("quarzenthal", "marijana", "90182017")
COUNT = int(os.environ.get("OPENPROSPECT_TEST_ERASURE_FILE", "5000"))


@pytest.fixture(scope="module")
def server(site):
    with site.serving() as server:
        yield server


@pytest.fixture(scope="module")
def client(site, server):
    with server.client(site.new_key("crm")) as client:
        yield client


@pytest.fixture
def organization(site, request):
    """A tenant a test: suppressions are shared within one."""
    return str(site.json("organizations", "create", request.node.name)["name"])


def deliver(site, search_id, *companies):
    return site.json("deliver", search_id, "-", stdin="\n".join(map(json.dumps, companies)).encode())


def hotels(count, *people):
    return [{"source_id": f"c{number}", "name": f"Hotel {number}", "prospects": list(people)} for number in range(count)]


def people_in(client, search_id):
    return [person["first_name"] for company in pages(client, search_id) for person in company["prospects"]]


@pytest.fixture
def reader(site, server, organization):
    with server.client(site.new_key("reader", "--organization", organization)) as client:
        yield client


@pytest.fixture
def search_id(site, organization):
    return site.new_search("hotels", "--organization", organization)


def test_an_erased_person_in_a_large_file_does_not_come_back(site, reader, search_id, organization, tmp_path):
    path = tmp_path / "all.jsonl"
    companies = [
        {"source_id": f"c{number}", "name": f"Hotel {number}", "prospects": [{"email": f"p{number}@hotel.example"}]}
        for number in range(COUNT)
    ]
    path.write_text("".join(json.dumps(company) + "\n" for company in companies))
    assert site.json("deliver", search_id, str(path))["delivered"] == COUNT
    erased = site.json("erase", f"P{COUNT // 2}@hotel.example", "--organization", organization)
    assert (erased["companies"], erased["prospects"]) == (1, 1)
    answer = site.json("deliver", search_id, str(path))
    assert (answer["delivered"], answer["unchanged"], answer["suppressed"]) == (0, COUNT, 1)
    found = {company["source_id"]: len(company["prospects"]) for company in pages(reader, search_id)}
    assert [source_id for source_id, people in found.items() if people == 0] == [f"c{COUNT // 2}"]
    assert len(found) == COUNT


def test_what_is_kept_of_a_person_is_printed_and_who_was_given_them(site, reader, search_id, organization):
    deliver(site, search_id, *hotels(2, BO))
    assert people_in(reader, search_id) == ["Bo", "Bo"]
    told = eventually(lambda: with_recipients(json.loads(site.run("person", BO["email"], "--organization", organization).out)))
    assert [(appearance["source_id"], appearance["entries"][0]["email"]) for appearance in told["appearances"]] == [
        ("c0", BO["email"]),
        ("c1", BO["email"]),
    ]
    assert [recipient["key_name"] for recipient in told["recipients"]] == ["reader"]
    stranger = site.run("person", "nobody@grandhotel.example", "--organization", organization)
    assert json.loads(stranger.out)["appearances"] == []
    assert "nobody@grandhotel.example is not known" in stranger.err


def with_recipients(told):
    """Receipts are written a moment after the page."""
    return told if told["recipients"] else None


def test_an_erasure_that_is_killed_happened_whole_or_not_at_all(site, reader, search_id, organization):
    count = 3_000
    deliver(site, search_id, *hotels(count, MARIA, BO))
    seen = []
    with psycopg.connect(site.dsn, autocommit=True) as db:
        with psycopg.connect(site.dsn) as holder:
            holder.execute("LOCK TABLE suppression IN SHARE MODE")  # It gets there once every document is scrubbed.
            process = site.begin("erase", MARIA["email"], "--organization", organization)
            eventually(lambda: waits(db))
            assert kill_at_random(process, after_seconds=0)
        eventually(lambda: not is_writing(db))
        assert people_in(reader, search_id).count("Marijana") == count
        for delay in (0, 0.01, 0.05):
            process = site.begin("erase", MARIA["email"], "--organization", organization)
            eventually(lambda: is_scrubbing(db) or process.poll() is not None)  # noqa: B023  # called at once
            kill_at_random(process, after_seconds=delay)
            eventually(lambda: not is_scrubbing(db))
            seen.append(people_in(reader, search_id).count("Marijana"))
            suppressed = len(site.run("suppressions", "export", "--organization", organization).out.splitlines()) > 1
            assert suppressed == (seen[-1] == 0)
    assert set(seen) <= {0, count}
    site.json("erase", MARIA["email"], "--organization", organization)
    names = people_in(reader, search_id)
    assert (names.count("Marijana"), names.count("Bo")) == (0, count)


def waits(db):
    """Whether a transaction that has written something waits for what another one holds."""
    return db.execute("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND backend_xid IS NOT NULL").fetchone()


def is_writing(db):
    """Whether a transaction is open that has written something."""
    return db.execute("SELECT 1 FROM pg_stat_activity WHERE backend_xid IS NOT NULL AND pid <> pg_backend_pid()").fetchone()


def is_scrubbing(db):
    """Whether a transaction is open that has begun to take the person out of documents."""
    return db.execute(
        "SELECT 1 FROM pg_stat_activity WHERE query LIKE '%AS scrubbed%' AND backend_xid IS NOT NULL AND pid <> pg_backend_pid()"
    ).fetchone()


def test_deliveries_at_the_same_time_never_bring_the_person_back(site, reader, search_id, organization, tmp_path):
    producers = []
    for number in range(4):
        path = tmp_path / f"{number}.jsonl"
        companies = (company | {"source_id": f"{number}-{company['source_id']}"} for company in hotels(3_000, MARIA, BO))
        path.write_text("".join(json.dumps(company) + "\n" for company in companies))
        producers.append(site.begin("deliver", search_id, str(path), "--json"))
    erased = site.json("erase", MARIA["email"], "--organization", organization)
    answers = [json.loads(producer.communicate()[0]) for producer in producers]
    assert [answer["delivered"] for answer in answers] == [3_000] * 4
    assert erased["companies"] + sum(answer["suppressed"] for answer in answers) == 12_000
    names = people_in(reader, search_id)
    assert (names.count("Marijana"), names.count("Bo")) == (0, 12_000)


def test_nothing_of_the_person_is_left_in_a_dump_a_log_or_an_answer(site, server, reader, search_id, organization):
    loud = [hotel | {"contact": MARIA["email"], "desk": MARIA["mobile"]} for hotel in hotels(3, MARIA, BO)]
    deliver(site, search_id, *loud)
    deliver(site, search_id, *(hotel | {"name": f"New {hotel['name']}"} for hotel in loud))
    reader.get(f"/deliveries/{search_id}/companies", params={"limit": 1}).raise_for_status()
    eventually(lambda: len(site.run("receipts", search_id, "--json").out) > 1)  # what was served is written a moment later
    assert all(trace in dump(site) for trace in TRACES)
    begun = len(site.ran)
    erased = site.json("erase", f" mailto:{MARIA['email']}", "--organization", organization)
    assert (erased["companies"], erased["prospects"], erased["recipients"]) == (3, 3, 1)
    deliver(site, search_id, *hotels(3, MARIA, BO))
    site.run("deliver", search_id, "-", stdin=json.dumps({"prospects": [MARIA]}).encode(), expected=2)
    (site.folder / "stdin.rejected.jsonl").unlink()  # the producer's own row, for the producer to mend
    reader.post(f"/deliveries/{search_id}/companies", json={"companies": [{"prospects": [MARIA]}]})
    reader.post("/erasures", json={"email": f"{MARIA['email']} "})
    for command in (
        ("suppressions", "export", "--organization", organization),
        ("erasures", "list"),
        ("erasures", "report", erased["erasure_id"], "--format", "csv"),
        ("receipts", search_id),
    ):
        site.run(*command)
    kept = {"dump": dump(site), "service": server.log.read_text().lower()}
    kept |= {str(path): path.read_text(errors="replace").lower() for path in site.data_dir.rglob("*.log")}
    kept |= {f"command {number}": (ended.out + ended.err).lower() for number, ended in enumerate(site.ran[begun:])}
    assert {place: [trace for trace in TRACES if trace in text] for place, text in kept.items()} == {place: [] for place in kept}
    assert any(place.endswith("postgresql.log") for place in kept)


def dump(site):
    command = [binary("pg_dump"), "--inserts", site.dsn]
    return subprocess.run(command, check=True, capture_output=True, text=True, cwd="/").stdout.lower()


def test_an_erasure_is_listed_and_reported_with_its_recipients(site, reader, search_id, organization):
    deliver(site, search_id, *hotels(1, MARIA))
    newest = pages(reader, search_id)[-1]["delivered_at"]
    reader.put(f"/deliveries/{search_id}/receipt", json={"delivered_until": newest}).raise_for_status()
    erased = site.json("erase", MARIA["email"], "--organization", organization)
    (listed,) = [row for row in site.run("erasures", "list", "--json").answers if row["id"] == erased["erasure_id"]]
    assert (listed["organization"], listed["recipients"], listed["confirmed"], listed["late"]) == (organization, 1, 0, 0)
    report = json.loads(site.run("erasures", "report", erased["erasure_id"]).out)
    assert report["status"] == "awaiting_confirmation"
    assert report["recipients"][0]["key_name"] == "reader"
    (row,) = csv.DictReader(io.StringIO(site.run("erasures", "report", erased["erasure_id"], "--format", "csv").out))
    assert (row["erasure_id"], row["recipient"], row["confirmed_at"], row["late"]) == (erased["erasure_id"], "reader", "", "no")
    settled = site.json("erasures", "settle", erased["erasure_id"], "reader", "--reason", "their contract has ended")
    assert settled == {"erasure_id": erased["erasure_id"], "consumer": "reader", "status": "settled"}
    report = json.loads(site.run("erasures", "report", erased["erasure_id"]).out)
    assert report["recipients"][0]["settled"]["reason"] == "their contract has ended"


def test_a_suppression_list_goes_out_and_in_again_and_into_no_other_organization(site, search_id, organization, tmp_path):
    options = ("--organization", organization)
    assert site.json("suppressions", "add", "grandhotel.example", "other@inn.example", *options)["suppressed"] == 2
    path = tmp_path / "list.jsonl"
    path.write_text(site.run("suppressions", "export", *options).out)
    assert "grandhotel" not in path.read_text()
    assert site.json("suppressions", "remove", "GrandHotel.example", "other@inn.example", *options)["removed"] == 2
    assert deliver(site, search_id, *hotels(1, BO))["suppressed"] == 0
    assert site.json("suppressions", "import", str(path), *options)["imported"] == 2
    assert deliver(site, search_id, *hotels(1, BO, {"email": "other@inn.example"}))["suppressed"] == 2
    refused = site.run("suppressions", "import", str(path), "--organization", "default", expected=2)
    assert "Line 1: these hashes were made for another organization and match nobody here; import addresses instead." in refused.complaint


def test_a_list_may_be_written_as_any_spreadsheet_writes_it(site, search_id, organization, tmp_path):
    path = tmp_path / "list.txt"
    for number, encoding in enumerate(("utf-8-sig", "cp1252", "utf-16")):
        path.write_text(f"# Kündigungen\nmaria@zürich{number}.example\nköln{number}.example\n", encoding=encoding)
        assert site.json("suppressions", "import", str(path), "--organization", organization)["imported"] == 2
    people = [{"email": email} for number in range(3) for email in (f"maria@zürich{number}.example", f"info@köln{number}.example")]
    assert deliver(site, search_id, {"name": "Inn", "prospects": people})["suppressed"] == 6
    path.write_bytes("# Grüße, viele Grüße\nköln.example\n".encode() + b"bo@caf\xe9.example\n")
    assert (
        "Line 3: expected an e-mail address"
        in site.run("suppressions", "import", str(path), "--organization", organization, expected=2).complaint
    )
