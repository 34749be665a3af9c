"""`openprospect deliver` that does not come to its end, and where the rows that it rejected are then and otherwise."""

import json
import re
import signal
from pathlib import Path

import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.acceptance.commands import eventually, open_site

FAILING = """
CREATE FUNCTION break() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'gone' USING ERRCODE = 'admin_shutdown'; END $$;
CREATE CONSTRAINT TRIGGER break AFTER INSERT ON company DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.source_id = 'break') EXECUTE FUNCTION break();
"""


@pytest.fixture(scope="module", autouse=True)
def hangups_are_heard():
    """As from a terminal: under nohup the tests ignore SIGHUP themselves, and what they start inherits that."""
    disposition = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, disposition)


@pytest.fixture(scope="module")
def site():
    with open_site() as site:
        site.run("migrate")
        with psycopg.connect(site.dsn, autocommit=True) as db:
            db.execute(FAILING)
        yield site


@pytest.fixture(scope="module")
def places(site):
    """One for the tests that deliver next to nothing."""
    return site.new_search()


@pytest.fixture(autouse=True)
def rejected(site):
    """The files of rejected rows in the folder that commands run in, by name, with the lines that were rejected."""
    yield lambda: {path.name: lines_of(path) for path in site.folder.glob("*rejected*")}
    for path in site.folder.glob("*rejected*"):
        path.unlink()


def lines_of(path: Path):
    return [json.loads(line)["line"] for line in path.read_text().splitlines()]


def rows(*source_ids):
    """A line a company; None is one that cannot be delivered."""
    return "".join(json.dumps({"name": "Hotel", "source_id": one} if one else {"source_id": "x"}) + "\n" for one in source_ids).encode()


def damaged_parquet(path: Path):
    """One company a row, of which the third thousand cannot be read."""
    companies = [{"name": "Hotel", "source_id": f"c{number}", "prospects": [{"first_name": "Bo"}]} for number in range(3_000)]
    pq.write_table(pa.Table.from_pylist(companies), path, row_group_size=1_000, use_dictionary=False)
    start = pq.ParquetFile(path).metadata.row_group(2).column(0).data_page_offset
    content = bytearray(path.read_bytes())
    content[start : start + 16] = bytes([255]) * 16
    path.write_bytes(content)
    return path


FILE = rows(None, *(f"c{number}" for number in range(1_999)), "break", "after")


def held(site, search_id):
    with psycopg.connect(site.dsn) as db:
        [(count,)] = db.execute("SELECT count(*) FROM company WHERE prospect_search_id = %s", [search_id]).fetchall()
    return count


# Ended early.


def test_an_outage_tells_how_much_of_the_file_is_delivered_and_where_the_rejected_rows_are(site, search_id, rejected):
    ended = site.run("deliver", search_id, "-", stdin=FILE, expected=1)
    assert held(site, search_id) == 1_999
    assert ended.complaint == (
        "Rows that were rejected until then (1) are in stdin.rejected.jsonl. "
        "Error: The connection to the database broke during the commit. 1,999 companies of this file are delivered and stay so; "
        "deliver it again, whole, once that is mended: what is there stays unchanged."
    )
    assert rejected() == {"stdin.rejected.jsonl": [1]}


@pytest.mark.parametrize("option", ["--all-or-nothing", "--dry-run"])
def test_an_outage_of_a_delivery_that_keeps_nothing_names_no_company(site, search_id, option):
    assert "companies of this file" not in site.run("deliver", search_id, "-", option, stdin=FILE, expected=None).complaint
    assert held(site, search_id) == 0


def test_a_file_that_is_damaged_further_down_is_to_be_mended_and_what_was_before_stays(site, search_id, tmp_path):
    ended = site.run("deliver", search_id, str(damaged_parquet(tmp_path / "hotels.parquet")), expected=2)
    assert "damaged behind row 2000. 2,000 companies of this file are delivered and stay so" in ended.complaint
    assert held(site, search_id) == 2_000


@pytest.mark.parametrize(("number", "waits_for"), [(signal.SIGINT, 999), (signal.SIGTERM, 1_999), (signal.SIGHUP, 1_999)])
def test_a_signal_ends_a_delivery_that_tells_what_is_delivered_and_where_the_rejected_rows_are(
    site, search_id, rejected, number, waits_for
):
    """In the middle of its work, and while it waits for more from a pipe."""
    process = interrupted(site, search_id, number, waits_for=waits_for)
    complaint = " ".join(process.communicate()[1].decode().split())
    assert process.returncode == 128 + number
    assert rejected() == {"stdin.rejected.jsonl": [1]}
    known = "at least (999|1,999) companies of this file are delivered and stay so"
    if waits_for == 999:  # just committed, which the command may not have heard yet
        known = f"({known}|no company of this file is known to be delivered)"
    assert re.fullmatch(
        rf"Rows that were rejected until then \(1\) are in stdin\.rejected\.jsonl\. Stopped: {known}; "
        r"deliver it again, whole: what is there stays unchanged\.",
        complaint,
    )


def test_a_signal_ends_a_dry_run_that_kept_nothing(site, search_id):
    process = interrupted(site, search_id, signal.SIGTERM, "--dry-run", waits_for=0)
    assert process.communicate()[1].decode().endswith("Stopped: nothing was kept.\n")
    assert process.returncode == 128 + signal.SIGTERM


def test_a_kill_leaves_no_rejected_rows_behind(site, search_id, rejected):
    before = set(site.folder.iterdir())
    interrupted(site, search_id, signal.SIGKILL, waits_for=999).communicate()
    assert rejected() == {}
    assert set(site.folder.iterdir()) == before


def interrupted(site, search_id, number, *options, waits_for):
    """A delivery from a pipe that goes on, sent a signal as soon as so many companies are there."""
    process = site.begin("deliver", search_id, "-", *options, stdin=-1)
    process.stdin.write(FILE)
    process.stdin.flush()
    eventually(lambda: held(site, search_id) >= waits_for)
    process.send_signal(number)
    return process


# Where the rows are.


def test_what_earlier_pipes_rejected_is_moved_aside_and_what_comes_clean_touches_nothing(site, places, rejected):
    for text in (rows(None), rows("a", None), rows("b")):
        site.run("deliver", places, "-", stdin=text, expected=None)
    assert rejected() == {"stdin.rejected.1.jsonl": [1], "stdin.rejected.jsonl": [2]}


def test_rejected_rows_go_where_the_caller_says_and_none_of_another_run_is_lost(site, places, rejected, tmp_path):
    path = tmp_path / "leads.jsonl"
    path.write_bytes(rows("a", None))
    (tmp_path / "mine.jsonl").write_text("of another run")
    answer = site.json("deliver", places, str(path), "--rejects", str(tmp_path / "mine.jsonl"), expected=2)
    assert answer["rejects_file"] == str(tmp_path / "mine.jsonl")
    assert lines_of(tmp_path / "mine.jsonl") == [2]
    assert (tmp_path / "mine.1.jsonl").read_text() == "of another run"
    assert rejected() == {}


def test_a_place_that_cannot_be_written_is_told_before_anything_is_delivered(site, places, tmp_path):
    path = tmp_path / "leads.jsonl"
    path.write_bytes(rows("new", None))
    before = held(site, places)
    for place, why in ((tmp_path / "gone" / "x", "No such file or directory"), (path, "is the file to deliver")):
        assert why in site.run("deliver", places, str(path), "--rejects", str(place), expected=2).complaint
    assert held(site, places) == before
    assert path.read_bytes() == rows("new", None)
