"""The OpenAPI document is complete and true: schemathesis, let loose on the service over HTTP, finds nothing that it does not say."""

import json
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from openprospect.server.access.keys import create_key
from openprospect.server.access.model import DEFAULT_ORGANIZATION, Scope
from openprospect.server.app import create_app
from openprospect.server.db.pool import Database
from tests.databases import cloned
from tests.integration.conftest import KEYED
from tests.integration.listening import listening

# What no schema can say; for these operations alone a request that fits the schema may be answered 422.
RULES_BEYOND_THE_SCHEMA = {
    "delivered_companies": "`after` excludes `delivered_since` and `offset`",
    "export_companies": "`after` excludes `delivered_since`, and a moment that nothing keeps any more is 410",
    "deliver_companies": "a row's e-mails and sites are looked at, and rows must not contradict each other",
    "disclose_person": "one of two fields, and an e-mail must be one",
    "erase_person": "one of two fields, and an e-mail must be one",
    "create_webhook": "a URL must lead to where messages may go",
    "create_destination": "a URL must lead to where messages may go",
    "replay_webhook": "one of two fields, and a time must have a zone",
}


@dataclass(frozen=True, kw_only=True)
class Target:
    """A service with something in it."""

    url: str
    key: str
    ids: dict[str, list[str]]
    """What exists, by the name of its path parameter."""


@pytest.fixture(scope="module")
async def target(postgres: str, template: str) -> AsyncIterator[Target]:
    async with cloned(postgres, template) as dsn:
        async with await Database.open(dsn, size=1) as database:
            key = await create_key(
                database, "tester", organization=DEFAULT_ORGANIZATION, scopes=list(Scope), expires_in=None, is_live=False, actor="test"
            )
        with listening(create_app(dsn, KEYED)) as (host, port):
            yield filled(f"http://{host}:{port}", key.key)


def filled(url: str, key: str) -> Target:
    with httpx.Client(base_url=f"{url}/api/v1", headers={"Authorization": f"Bearer {key}"}) as client:
        search_id = client.post("/prospect-searches", json={"name": "hotels"}).json()["id"]
        people = [{"first_name": "Maria", "email": f"m{number}@hotel.example", "phone": "+49 30 1"} for number in range(2)]
        rows = [{"name": f"Hotel {number}", "source_id": number, "city": "Berlin", "prospects": people} for number in range(60)]
        client.post(f"/deliveries/{search_id}/companies", json={"companies": rows}).raise_for_status()
        for number in range(5):
            client.post("/webhooks", json={"url": f"https://hotel{number}.invalid/hook"}).raise_for_status()
        erasure_id = client.post("/erasures", json={"email": "gone@hotel.example"}).json()["id"]
        found = {
            name: [item["id"] for item in client.get(path).json()["items"]]
            for name, path in (("company_id", "/companies"), ("prospect_id", "/prospects"), ("webhook_id", "/webhooks"))
        }
    return Target(url=url, key=key, ids={"prospect_search_id": [search_id], "erasure_id": [erasure_id], **found})


def settings_of(target: Target) -> str:
    """schemathesis' settings, in TOML: mostly ids that exist, and the exceptions above."""
    lines = ["[dictionaries]"]
    lines += [f"{name} = {{ values = {json.dumps(ids)} }}" for name, ids in target.ids.items()]
    lines += ["[parameters]"]
    lines += [f'"path.{name}" = {{ dictionary = "{name}", probability = 0.7 }}' for name in target.ids]
    lines += ["[[operations]]", f"include-operation-id = {json.dumps(list(RULES_BEYOND_THE_SCHEMA))}"]
    lines += ["checks = { positive_data_acceptance = { enabled = false } }"]
    return "\n".join(lines)


def test_schemathesis_finds_no_answer_that_the_document_does_not_say(target: Target, tmp_path: Path):
    config = tmp_path / "schemathesis.toml"
    config.write_text(settings_of(target))
    program = str(Path(sys.executable).with_name("schemathesis"))
    command = [
        program,
        f"--config-file={config}",
        "run",
        f"{target.url}/api/v1/openapi.json",
        f"--header=Authorization: Bearer {target.key}",
    ]
    manner = ["--max-examples=3", "--generation-deterministic", "--no-shrink", "--warnings=off"]
    done = subprocess.run(
        [*command, *manner, "--continue-on-failure"], cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    tested = re.search(r"Tested: (\d+)", done.stdout)
    assert tested is not None
    assert int(tested[1]) == sum(len(methods) for methods in document_of(target)["paths"].values())


def document_of(target: Target) -> dict[str, Any]:
    document: dict[str, Any] = httpx.get(f"{target.url}/api/v1/openapi.json").json()
    return document


def operations_of(target: Target) -> dict[tuple[str, str], Any]:
    """By method and path."""
    return {(method.upper(), path): found for path, methods in document_of(target)["paths"].items() for method, found in methods.items()}


def test_without_a_key_every_operation_answers_401(target: Target):
    answers = {}
    for method, path in operations_of(target):
        answer = httpx.request(method, target.url + re.sub(r"{\w+}", target.ids["prospect_search_id"][0], path))
        answers[method, path] = (answer.status_code, answer.headers.get("WWW-Authenticate"))
    assert set(answers.values()) == {(401, "Bearer")}, answers


def test_every_operation_has_a_name_a_summary_and_the_scopes_it_requires(target: Target):
    operations = operations_of(target)
    assert len({operation["operationId"] for operation in operations.values()}) == len(operations)
    for place, operation in operations.items():
        assert operation["summary"], place
        assert place == ("GET", "/api/v1/auth/validate") or re.search("Required scopes: `[a-z_]+:[a-z]+`", operation["description"]), place


def test_every_schema_that_the_document_refers_to_is_in_it_and_none_besides(target: Target):
    document = document_of(target)
    referred = set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(document)))
    assert referred == set(document["components"]["schemas"])


def test_the_documented_keys_of_a_company_come_in_the_documented_order(target: Target):
    shapes = document_of(target)["components"]["schemas"]
    assert list(shapes["DeliveredCompany"]["properties"])[:5] == ["id", "name", "website_url", "source_id", "prospects"]
    assert list(shapes["DeliveredProspect"]["properties"])[:5] == ["id", "first_name", "last_name", "email", "job_title"]
    assert list(shapes["DeliveredCompanies"]["properties"]) == ["items", "total", "limit", "offset", "has_more"]
