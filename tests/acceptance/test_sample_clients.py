"""The clients that the delivery page prints, run as they stand there: unchanged but for the host."""

import ast
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.acceptance.delivery_page import FOLDER, sample

COMPANIES: list[dict[str, Any]] = [
    {
        "source_id": f"crm-{number:04}",
        "name": f"Hotel {number:04}",
        "website_url": f"https://hotel-{number:04}.example",
        "prospects": [{"first_name": "Maria", "last_name": "Schmidt", "email": f"maria@hotel-{number:04}.example", "job_title": "Owner"}],
    }
    for number in range(60)
]
FIRST_PAGE = [company["name"] for company in COMPANIES[:50]]
NODE = str(Path(sys.executable).with_name("node"))


@pytest.fixture(scope="module")
def access(service):
    """What a reader of the page has in the environment: the id of a search with 60 companies, and a key."""
    search_id = service.new_search("documented clients")
    assert service.deliver(search_id, COMPANIES)["delivered"] == len(COMPANIES)
    return {"PROSPECT_SEARCH_ID": search_id, "OPENPROSPECT_API_KEY": service.new_key("documented clients")}


@pytest.fixture(scope="module")
def compiler():
    """TypeScript's own, from `samples/node_modules`."""
    tsc = FOLDER / "node_modules/typescript/bin/tsc"
    assert tsc.is_file(), "TypeScript is not installed; `make test` installs it"
    return tsc


def run(*command, environment):
    return subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, timeout=60, check=False)


def output_of(*command, environment):
    done = run(*command, environment=environment)
    assert done.returncode == 0, done.stderr
    return done.stdout


def names_in(shown):
    return re.findall(r"name: '(Hotel \d{4})'", shown)


def test_the_python_sample_prints_the_first_page(service, access):
    printed = output_of(sys.executable, "-c", sample("python", base_url=service.base_url), environment=access)
    items = ast.literal_eval(printed)
    assert [item["name"] for item in items] == FIRST_PAGE
    assert [item["prospects"][0]["email"] for item in items] == [company["prospects"][0]["email"] for company in COMPANIES[:50]]


def test_the_javascript_sample_prints_the_first_page(service, access, tmp_path):
    script = tmp_path / "sample.mjs"
    script.write_text(sample("javascript", base_url=service.base_url))
    assert names_in(output_of(NODE, script, environment=access)) == FIRST_PAGE


def test_the_javascript_sample_reports_a_key_that_does_not_work(service, access, tmp_path):
    script = tmp_path / "sample.mjs"
    script.write_text(sample("javascript", base_url=service.base_url))
    done = run(NODE, script, environment=access | {"OPENPROSPECT_API_KEY": "wrong"})
    assert done.returncode != 0
    assert "Delivery sync failed: 401" in done.stderr


def test_the_typescript_sample_passes_the_strict_compiler_and_prints_the_first_page(service, access, compiler, tmp_path):
    script = tmp_path / "sample.mts"
    script.write_text(sample("typescript", base_url=service.base_url))
    types = str(FOLDER / "node_modules/@types")
    options = ("--strict", "--noEmit", "--target", "es2024", "--module", "nodenext", "--typeRoots", types, "--types", "node")
    checked = run(NODE, compiler, *options, script, environment={})
    assert checked.returncode == 0, checked.stdout
    assert names_in(output_of(NODE, script, environment=access)) == FIRST_PAGE


def test_the_curl_sample_prints_what_was_delivered_since(service, access):
    command = sample("curl", base_url=service.base_url)
    if shutil.which("curl"):
        answer = json.loads(output_of("sh", "-c", command, environment=access))
    else:
        answer = same_request(command, access).json()
    assert [item["name"] for item in answer["items"]] == FIRST_PAGE
    assert (answer["total"], answer["limit"], answer["offset"], answer["has_more"]) == (60, 50, 0, True)


def same_request(command, access):
    """What curl would send, sent without it."""
    for name, value in access.items():
        command = command.replace(f"${{{name}}}", value)
    *_, url, _, header = shlex.split(command)
    name, _, value = header.partition(": ")
    return httpx.get(url, headers={name: value})


def test_the_request_of_the_csharp_sample_is_answered(service, access):
    """Its request line and header alone: no .NET is among what the tests install."""
    text = sample("csharp", base_url=service.base_url)
    url = re.search(r'var url = \$"(.+?)";', text)
    header = re.search(r'new AuthenticationHeaderValue\("(\w+)", apiKey\)', text)
    assert url
    assert header
    answer = httpx.get(
        url[1].format(prospectSearchId=access["PROSPECT_SEARCH_ID"]),
        headers={"Authorization": f"{header[1]} {access['OPENPROSPECT_API_KEY']}"},
    )
    assert answer.status_code == 200
    assert [item["name"] for item in answer.json()["items"]] == FIRST_PAGE


def test_an_answer_has_the_documented_keys_in_the_documented_order(service, access):
    documented = json.loads(sample("answer").partition(":")[2])
    answer = httpx.get(
        f"{service.base_url}/api/v1/deliveries/{access['PROSPECT_SEARCH_ID']}/companies",
        headers={"Authorization": f"Bearer {access['OPENPROSPECT_API_KEY']}"},
    ).json()
    assert list(answer) == list(documented)
    item, documented_item = answer["items"][0], documented["items"][0]
    assert list(item)[: len(documented_item)] == list(documented_item)
    assert list(item["prospects"][0]) == list(documented_item["prospects"][0])
