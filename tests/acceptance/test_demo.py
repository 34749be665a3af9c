"""`make demo`, run as make runs it, in an empty folder."""

import json
import signal
import subprocess
import sys

import duckdb
import httpx
import pytest

from openprospect.demo.service import clean_environment
from tests.conftest import open_folder


def demo(folder, **environment):
    """One run up to its last line, then Ctrl-C: what it printed, and the answer to the request it offers for pasting."""
    command = [sys.executable, "-m", "openprospect.demo"]
    printed = []
    with subprocess.Popen(
        command, cwd=folder, env=clean_environment() | environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        for line in process.stdout or ():
            printed.append(line)
            if line.startswith("Ready."):
                answer = pasted(next(line for line in printed if line.startswith("curl ")))
                process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0, "".join(printed)
    return "".join(printed), answer


def pasted(line):
    url, header = line.split("'")[1], line.split("'")[3]
    name, _, value = header.partition(": ")
    return httpx.get(url, headers={name: value})


@pytest.fixture(scope="module")
def folder():
    with open_folder() as folder:
        yield folder


@pytest.fixture(scope="module")
def first(folder):
    return demo(folder)


def contents(folder):
    with duckdb.connect(str(folder / "demo.duckdb"), read_only=True) as database:
        return [database.execute(f"SELECT * FROM {table} ORDER BY ALL").fetchall() for table in ("companies", "prospects")]


def test_the_demo_says_when_it_is_ready_and_ends_without_a_traceback(first):
    printed, _ = first
    assert "Ready. The service stays up at http://127.0.0.1:" in printed
    assert "Traceback" not in printed
    assert printed.splitlines()[-1].startswith("Stopped.")


def test_the_request_that_the_demo_offers_for_pasting_works(first):
    _, answer = first
    assert answer.status_code == 200
    assert len(answer.json()["items"]) == 2


def test_the_demo_leaves_every_company_and_person_in_the_file(first, folder):
    companies, prospects = contents(folder)
    assert first[1].json()["total"] == len(companies) > 1000
    assert len(prospects) > len(companies)


def test_nobody_in_the_sample_has_an_address_that_somebody_could_own(first):
    people = [person for company in first[1].json()["items"] for person in company["prospects"]]
    assert people
    assert all(person["email"].endswith(".example") for person in people)


def test_a_second_demo_changes_nothing_and_needs_no_proxy_that_others_need(first, folder):
    before = contents(folder)
    nowhere = dict.fromkeys(("HTTP_PROXY", "http_proxy", "ALL_PROXY"), "http://127.0.0.1:9")
    printed, answer = demo(folder, **nowhere, NO_PROXY="", no_proxy="")
    assert contents(folder) == before
    assert "\n0 delivered, " in printed
    assert json.loads(answer.text) == json.loads(first[1].text)


def test_the_demo_fills_no_database_that_a_settings_file_names(tmp_path):
    (tmp_path / "openprospect.toml").write_text('database_url = "postgresql://production/openprospect"\n')
    command = [sys.executable, "-m", "openprospect.demo"]
    done = subprocess.run(command, cwd=tmp_path, env=clean_environment(), capture_output=True, text=True, check=False)
    assert (done.returncode, "would fill the database that openprospect.toml names" in done.stderr) == (1, True)
    assert [path.name for path in tmp_path.iterdir()] == ["openprospect.toml"]
