"""Every statement of every `queries.sql` fits the schema and is used as its heading says; those of each request find rows by index."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from openprospect import server
from openprospect.server.db.queries import Statement, parse
from openprospect.server.db.tenants import ROLE

SERVER = Path(server.__path__[0])
FILES = sorted(SERVER.rglob("queries.sql"))
STATEMENTS = [(path, statement) for path in FILES for statement in parse(path.read_text(encoding="utf-8"))]

# What the service runs to answer a request, and the tables that grow with its use.
HOT = {
    "access": ["caller"],
    "feed": ["head", "known_companies", "known_people"],
    "exporting": ["export_batch", "keep_snapshot"],
    "reading": ["pages", "polls", "pages_at", "begin_walks"],
    "catalog": ["companies_of_id", "prospects_of_id"],
    "searches": ["search_of"],
    "http": ["answers_kept"],
}
GROWING = {
    "api_key",
    "prospect_search",
    "delivery",
    "company",
    "prospect",
    "walk",
    "idempotent_answer",
    "receipt",
    "receipt_step",
    "history",
}

PARTITION = re.compile(r"_\d+_of_\d+$")
METHOD = {"one": "row", "many": "rows", "value": "value", "execute": "execute"}


def label(found: tuple[Path, Statement]) -> str:
    return f"{found[0].parent.name}.{found[1].name}"


def users_of(path: Path) -> str:
    """The code of the folder that a file of statements belongs to."""
    return "\n".join(module.read_text(encoding="utf-8") for module in sorted(path.parent.glob("*.py")))


@pytest.fixture
async def connection(dsn):
    connection = await asyncpg.connect(dsn)
    yield connection
    await connection.close()


async def test_every_statement_fits_the_schema_and_its_heading(connection):
    faults = {}
    for found in STATEMENTS:
        statement = found[1]
        try:
            prepared = await connection.prepare(statement.sql)
        except asyncpg.PostgresError as error:
            faults[label(found)] = str(error)
            continue
        columns = len(prepared.get_attributes())
        if not {"execute": columns == 0, "value": columns == 1}.get(statement.shape, columns >= 1):
            faults[label(found)] = f"says :{statement.shape} and gives {columns} columns"
    assert faults == {}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.parent.name)
def test_every_statement_is_described_and_named_once(path: Path):
    statements = list(parse(path.read_text(encoding="utf-8")))
    assert [statement.name for statement in statements if not statement.description] == []
    assert [statement.name for statement in statements if ";" in statement.sql] == []
    assert len({statement.name for statement in statements}) == len(statements)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.parent.name)
def test_a_file_of_statements_holds_nothing_else(path: Path):
    text = path.read_text(encoding="utf-8")
    assert text.startswith("-- ")
    assert len(re.findall(r"^-- \S+ :\S*$", text, re.MULTILINE)) == len(list(parse(text)))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.parent.name)
def test_every_statement_is_used_and_every_one_used_exists(path: Path):
    names = {statement.name for statement in parse(path.read_text(encoding="utf-8"))}
    assert set(re.findall(r"\bSQL\.(\w+)", users_of(path))) == names


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.parent.name)
def test_every_statement_is_run_for_as_many_rows_as_it_gives(path: Path):
    shapes = {statement.name: statement.shape for statement in parse(path.read_text(encoding="utf-8"))}
    runs = re.findall(r"\.(rows?|value|execute)\(\s*SQL\.(\w+)", users_of(path))
    assert [(method, name) for method, name in runs if METHOD[shapes[name]] != method] == []


@pytest.mark.parametrize("within", [set(), set(HOT) - {"access", "reading"}], ids=["all", "within a tenant's walls"])
async def test_the_statements_of_a_request_find_their_rows_by_index(connection, within: set[str]):
    await fill(connection)
    if within:
        await connection.execute(f"SET ROLE {ROLE}")
    scanned = {}
    for found in STATEMENTS:
        path, statement = found
        if statement.name in HOT.get(path.parent.name, []) and (not within or path.parent.name in within):
            tables = set(scanned_whole(await plan_of(connection, statement.sql))) & GROWING
            if tables:
                scanned[label(found)] = tables
    assert scanned == {}


def test_the_statements_called_hot_exist():
    names = {(path.parent.name, statement.name) for path, statement in STATEMENTS}
    assert {(folder, name) for folder, several in HOT.items() for name in several} - names == set()


async def test_a_plan_that_scans_a_table_is_noticed(connection):
    await fill(connection)
    assert set(scanned_whole(await plan_of(connection, "SELECT 1 FROM delivery WHERE document = $1"))) == {"delivery"}


async def plan_of(connection: Any, sql: str) -> Any:
    """As the service's own connections plan it: once, whatever the arguments."""
    await connection.execute(f"SET plan_cache_mode = force_generic_plan; PREPARE looked_at AS {sql}")
    arguments = ", ".join(["NULL"] * len((await connection.prepare(sql)).get_parameters()))
    (line,) = await connection.fetch(f"EXPLAIN (FORMAT JSON) EXECUTE looked_at{f'({arguments})' if arguments else ''}")
    await connection.execute("DEALLOCATE looked_at")
    return json.loads(line[0])[0]["Plan"]


def scanned_whole(node: dict[str, Any]) -> Iterator[str]:
    if node["Node Type"] == "Seq Scan":
        yield PARTITION.sub("", node["Relation Name"])
    for child in node.get("Plans", ()):
        yield from scanned_whole(child)


async def fill(connection: Any) -> None:
    """Some thousands of rows in every table that grows: on a small one the planner rightly scans it all."""
    await connection.execute("""
        INSERT INTO api_key (id, organization_id, name, secret_hash, scopes, is_live)
            SELECT gen_random_uuid(), organization.id, 'key ' || n, sha256(n::text::bytea), '{}', true
            FROM organization, generate_series(1, 3000) AS n;
        INSERT INTO prospect_search (id, organization_id, name)
            SELECT gen_random_uuid(), organization.id, 'search ' || n FROM organization, generate_series(1, 2000) AS n;
        INSERT INTO delivery (prospect_search_id, position, delivered_at, company_id, is_removal, document)
            SELECT feed.id, n, now() + n * interval '1 second', gen_random_uuid(), false, repeat('x', 500)
            FROM (SELECT id FROM prospect_search LIMIT 20) AS feed, generate_series(1, 500) AS n;
        INSERT INTO company (prospect_search_id, id, identity, position, delivered_at, prospects)
            SELECT prospect_search_id, company_id, sha256(company_id::text::bytea), position, delivered_at, 1 FROM delivery;
        INSERT INTO prospect (prospect_search_id, company_id, id, name_hash, delivered_at)
            SELECT prospect_search_id, id, gen_random_uuid(), identity, delivered_at FROM company;
        INSERT INTO idempotent_answer (organization_id, key, request_hash, body)
            SELECT organization.id, 'key ' || n, 'x', 'x' FROM organization, generate_series(1, 3000) AS n;
    """)
    await connection.execute("""
        INSERT INTO walk (
            prospect_search_id, consumer, watermark, total, next_offset, next_position, page_offset, page_position, reached_offset
        )
            SELECT id, 'consumer ' || n, now(), 1, 1, 1, 0, 0, 1 FROM prospect_search, generate_series(1, 3) AS n
    """)
    await connection.execute("ANALYZE")
