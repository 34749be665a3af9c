"""`openprospect deliver` with files as people really have them, and through kills: the feed ends up as exactly the file."""

import json
import random

import pytest

from tests.acceptance.commands import eventually, kill_at_random, pages
from tests.acceptance.files import WRITERS, companies, write_csv, write_lines

MESSY = (
    "\ufeffcompany_name;website_url;source_id;first_name;last_name;email;city\r\n"
    '"Grand ""Hotel""\r\nBerlin";grandhotel.example;crm-1;Märta;Öst;mailto:m.ost@grandhotel.example;Berlin\r\n'
    "\r\n"
    "Café Zürich;https://cafe.example/;crm-2;Bo;Li;bo@cafe.example;Zürich\r\n"
    '"Grand ""Hotel""\r\nBerlin";grandhotel.example;crm-1;Max;Ek;MAX@grandhotel.example;Berlin\r\n'
    '"Grand ""Hotel""\r\nBerlin";grandhotel.example;crm-1;Max;Ek;max@GRANDHOTEL.example;Berlin\r\n'
    ";;;;;;\r\n"
)


@pytest.fixture(scope="module")
def client(site):
    with site.serving() as server, server.client(site.new_key("reader")) as client:
        yield client


def deliver(site, search_id, path, *options, expected=0):
    ended = site.run("deliver", search_id, str(path), *options, "--json", expected=expected)
    return ended.answer


def numbers(delivered, unchanged=0, suppressed=0, rejected=0):
    return {"delivered": delivered, "unchanged": unchanged, "suppressed": suppressed, "rejected": rejected}


def counted(answer):
    return {name: count for name, count in answer.items() if name != "rejects_file"}


def held(client, search_id):
    """What a naive consumer ends up with: companies by source id, with the addresses of their people. Doubles fail."""
    items = pages(client, search_id)
    assert len({item["id"] for item in items}) == len(items)
    found = {item["source_id"]: sorted(person["email"] for person in item["prospects"]) for item in items}
    assert len(found) == len(items)
    return found


def content_of(documents):
    return {company["source_id"]: sorted(person["email"] for person in company["prospects"]) for company in documents}


# Every kind of file.


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1", "utf-16"])
def test_a_messy_table_is_understood(site, client, search_id, tmp_path, encoding):
    path = tmp_path / "leads.csv"
    path.write_bytes((MESSY if encoding == "utf-8" else MESSY[1:]).encode(encoding))
    assert counted(deliver(site, search_id, path)) == numbers(2)
    hotel, cafe = pages(client, search_id)
    assert (hotel["name"], hotel["website_url"], hotel["attributes"]) == (
        'Grand "Hotel"\r\nBerlin',
        "https://grandhotel.example",
        {"city": "Berlin"},
    )
    assert [(person["first_name"], person["email"].lower()) for person in hotel["prospects"]] == [
        ("Märta", "m.ost@grandhotel.example"),
        ("Max", "max@grandhotel.example"),
    ]
    assert (cafe["name"], cafe["attributes"]["city"]) == ("Café Zürich", "Zürich")


@pytest.mark.parametrize("name", WRITERS)
def test_every_kind_of_file_makes_the_same_feed_and_a_second_time_changes_nothing(site, client, search_id, tmp_path, name):
    documents = companies(30)
    path = WRITERS[name](tmp_path / name, documents)
    assert counted(deliver(site, search_id, path)) == numbers(30)
    before = pages(client, search_id)
    assert held(client, search_id) == content_of(documents)
    assert {item["attributes"]["city"] for item in before} == {"Berlin"}
    assert counted(deliver(site, search_id, path)) == numbers(0, unchanged=30)
    assert pages(client, search_id) == before


def test_the_standard_input_is_read_as_lines(site, client, search_id):
    documents = companies(3)
    text = "\n\n".join(map(json.dumps, documents)).encode()
    assert site.json("deliver", search_id, "-", stdin=text) == numbers(3) | {"rejects_file": None}
    assert held(client, search_id) == content_of(documents)


def test_a_column_can_be_named_where_its_heading_does_not_tell(site, client, search_id, tmp_path):
    path = tmp_path / "leads.csv"
    path.write_text("Firma,Kundennummer\nCafé,k-1\n")
    site.run("deliver", search_id, "--map", "name=Firma", "--map", "source_id=Kundennummer", str(path))
    assert held(client, search_id) == {"k-1": []}


def test_two_columns_named_for_one_field_are_refused(site, search_id, tmp_path):
    path = tmp_path / "leads.csv"
    path.write_text("Firma,A,B\nCafé,a@cafe.example,b@cafe.example\n")
    options = ("--map", "email=A", "--map", "email=B")
    assert "Two columns fill prospects.email: 'A' and 'B'" in site.run("deliver", search_id, str(path), *options, expected=2).complaint


# What cannot be delivered.


def faulty_file(tmp_path):
    path = tmp_path / "leads.csv"
    path.write_text("name,source_id,first_name,email\nGood,c1,Bo,bo@good.example\n,c2,Li,\nBad,c3,Max,not-an-address\nFine,c4,,\n")
    return path


def test_rejected_rows_are_written_with_line_field_and_reason_and_the_good_ones_are_delivered(site, client, search_id, tmp_path):
    path = faulty_file(tmp_path)
    answer = deliver(site, search_id, path, expected=2)
    assert counted(answer) == numbers(2, rejected=2)
    assert answer["rejects_file"] == f"{path}.rejected.jsonl"
    rejected = [json.loads(line) for line in (tmp_path / "leads.csv.rejected.jsonl").read_text().splitlines()]
    assert [(row["line"], row["field"]) for row in rejected] == [(3, "name"), (4, "email")]
    assert all(row["reason"] for row in rejected)
    assert held(client, search_id) == {"c1": ["bo@good.example"], "c4": []}


@pytest.mark.parametrize("options", [["--dry-run"], []])
def test_who_leaves_and_what_rows_contradict_is_said_beforehand_and_afterwards(site, search_id, tmp_path, options):
    path = tmp_path / "people.csv"
    path.write_text("name,source_id,email,city\nA,1,a@a.example,Berlin\nA,1,b@a.example,Bonn\nB,2,c@b.example,Bonn\n")
    first = site.run("deliver", search_id, str(path), "--json")
    assert "The rows of 1 company differ in 'city': the first value counts for the company" in " ".join(first.err.split())
    assert "leave the feed" not in " ".join(first.err.split())
    path.write_text("name,source_id,email,city\nA,1,d@a.example,Berlin\n")
    second = site.run("deliver", search_id, str(path), "--json", *options)
    assert "2 people of these companies are missing from the file and leave the feed: " in " ".join(second.err.split())
    assert counted(second.answer) == numbers(1)


@pytest.mark.parametrize("mistyped", ["A,1,jonas(at)a.example", ',"",jonas@a.example', 'A,1,"jonas@a.example'])
def test_a_rejected_row_takes_nobody_out_of_the_feed(site, client, search_id, tmp_path, mistyped):
    path = tmp_path / "people.csv"
    good = "name,source_id,email\nA,1,maria@a.example\nA,1,li@a.example\n"
    path.write_text(f"{good}A,1,jonas@a.example\nA,1,left@a.example\n")
    deliver(site, search_id, path)
    path.write_text(f"{good}{mistyped}\n")
    ended = site.run("deliver", search_id, str(path), "--json", expected=2)
    assert held(client, search_id) == {"1": ["jonas@a.example", "left@a.example", "li@a.example", "maria@a.example"]}
    told = " ".join(ended.err.split())
    assert "2 people stay although no accepted row lists them, because a rejected row may be theirs." in told
    assert "leave the feed" not in told
    path.write_text(f"{good}A,1,jonas@a.example\n")
    deliver(site, search_id, path)
    assert held(client, search_id) == {"1": ["jonas@a.example", "li@a.example", "maria@a.example"]}


def test_the_commonest_reasons_for_rejecting_rows_are_told(site, search_id, tmp_path):
    path = tmp_path / "people.csv"
    path.write_text("name,email\n" + "".join(f"Hotel {n},nobody {n}\n" for n in range(12)) + ",a@a.example\nHotel,b@b.example\n")
    ended = site.run("deliver", search_id, str(path), "--json", expected=2)
    told = next(line for line in ended.err.splitlines() if line.startswith("Rejected: "))
    assert told.startswith("Rejected: 12 x email: ")
    assert "; 1 x name: missing or blank" in " ".join(ended.err.split())


def test_a_rejects_file_goes_once_everything_is_mended(site, search_id, tmp_path):
    path = faulty_file(tmp_path)
    deliver(site, search_id, path, expected=2)
    path.write_text("name,source_id\nGood,c1\n")
    assert deliver(site, search_id, path)["rejects_file"] is None
    assert not (tmp_path / "leads.csv.rejected.jsonl").exists()


def test_all_or_nothing_delivers_nothing_where_one_row_is_bad(site, client, search_id, tmp_path):
    assert counted(deliver(site, search_id, faulty_file(tmp_path), "--all-or-nothing", expected=2)) == numbers(0, rejected=2)
    assert pages(client, search_id) == []


def test_all_or_nothing_delivers_everything_where_no_row_is_bad(site, client, search_id, tmp_path):
    documents = companies(1500, people=0)
    assert counted(deliver(site, search_id, write_lines(tmp_path / "all.jsonl", documents), "--all-or-nothing")) == numbers(1500)
    assert held(client, search_id) == content_of(documents)


def test_a_dry_run_answers_the_same_numbers_and_keeps_nothing(site, client, search_id, tmp_path):
    path = faulty_file(tmp_path)
    foretold = deliver(site, search_id, path, "--dry-run", expected=2)
    assert pages(client, search_id) == []
    assert deliver(site, search_id, path, expected=2) == foretold
    assert counted(deliver(site, search_id, path, "--dry-run", expected=2)) == numbers(0, unchanged=2, rejected=2)


def test_a_dry_run_of_a_file_larger_than_a_batch_counts_each_company_once(site, search_id, tmp_path):
    path = write_lines(tmp_path / "all.jsonl", companies(1500, people=0))
    assert counted(deliver(site, search_id, path, "--dry-run")) == numbers(1500)


# Size, kills, company.


@pytest.mark.parametrize("writer", [write_lines, write_csv], ids=["lines", "table"])
def test_a_file_ten_times_as_large_takes_no_more_memory(site, tmp_path, writer):
    ending = "jsonl" if writer is write_lines else "csv"
    small = site.peak_memory_bytes("deliver", site.new_search(), str(writer(tmp_path / f"small.{ending}", companies(2_000))))
    large = site.peak_memory_bytes("deliver", site.new_search(), str(writer(tmp_path / f"large.{ending}", companies(20_000))))
    assert large < small + 25_000_000  # caches that fill; the rows themselves would take twice that


def test_a_delivery_that_is_killed_is_finished_by_the_next_and_nothing_is_doubled(site, client, search_id, tmp_path):
    documents = companies(6_000, people=1)
    path = write_csv(tmp_path / "all.csv", documents)
    chance = random.Random(2026)
    killed = 0
    for _ in range(5):
        process = site.begin("deliver", search_id, str(path))
        killed += kill_at_random(process, after_seconds=chance.uniform(0.6, 2.0))
    assert killed
    answer = deliver(site, search_id, path)
    assert answer["delivered"] + answer["unchanged"] == len(documents)
    assert held(client, search_id) == content_of(documents)


def test_a_kill_between_two_batches_keeps_whole_batches(site, client, search_id, tmp_path):
    """The standard input stays open after the first batch: the kill comes while the command waits for more."""
    documents = companies(1_500, people=0)
    text = "".join(json.dumps(document) + "\n" for document in documents).encode()
    process = site.begin("deliver", search_id, "-", stdin=-1)
    process.stdin.write(text)
    process.stdin.flush()
    eventually(lambda: len(pages(client, search_id)) == 1_000)
    process.kill()
    process.communicate()
    assert len(pages(client, search_id)) == 1_000
    assert site.json("deliver", search_id, "-", stdin=text) == numbers(500, unchanged=1_000) | {"rejects_file": None}
    assert held(client, search_id) == content_of(documents)


def test_two_deliveries_of_one_file_at_once_bring_each_company_once(site, client, search_id, tmp_path):
    documents = companies(5_000, people=1)
    path = write_lines(tmp_path / "all.jsonl", documents)
    first, second = (site.begin("deliver", search_id, str(path), "--json") for _ in range(2))
    answers = [json.loads(process.communicate()[0]) for process in (first, second)]
    assert [process.returncode for process in (first, second)] == [0, 0]
    assert sum(answer["delivered"] for answer in answers) == len(documents)
    assert sum(answer["unchanged"] for answer in answers) == len(documents)
    assert held(client, search_id) == content_of(documents)
