"""On split tables, what is about one search opens the one partition that the search is in; what is about several is named, with why."""

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import asyncpg
import pytest

from openprospect.server.db.partition import TABLES, split
from tests.conftest import ADMINISTRATOR, as_role
from tests.integration.conftest import pull
from tests.integration.test_queries import STATEMENTS, label

PARTITION = re.compile(rf"({'|'.join(TABLES)})_(\d+)_of_\d+")

# Each row of the batch, or of what leads to a search, opens its own partition.
BY_ROW = "looks up a search for each row"
ACROSS = {
    "catalog.company_page": "lists a tenant's searches",
    "catalog.prospect_page": "lists a tenant's searches",
    "catalog.companies_of_id": "an id is looked for in all of a tenant's searches",
    "catalog.prospects_of_id": "an id is looked for in all of a tenant's searches",
    "console.deliveries_by": "sums a tenant's searches",
    "console.erasures_of": "an erasure reaches every search of a tenant",
    "feed.note_confirmed": BY_ROW,
    "feed.note_served": BY_ROW,
    "housekeeping.feeds_with_superseded": "tidies up everywhere",
    "housekeeping.forget_walks": "tidies up everywhere",
    "housekeeping.forgettable": "tidies up everywhere",
    "observability.deeds": "lists what was done in one tenant, or in all",
    "observability.standings": "lists the consumers of many searches",
    "observability.queues": "lists the endpoints of many searches",
    "observability.waiting_erasures": "an erasure reaches every search of a tenant",
    "privacy.people_of": "a person is looked for in every search of a tenant",
    "privacy.date_steps": "an erasure reaches every search of a tenant",
    "privacy.erasures": "an erasure reaches every search of a tenant",
    "privacy.erasures_of_person": "an erasure reaches every search of a tenant",
    "privacy.naming": "a person is looked for in every search of a tenant",
    "privacy.known_erasures": "tells of everything, once, as a log begins anew",
    "privacy.recipients": "an erasure reaches every search of a tenant",
    "privacy.recipients_since": "a person is looked for in every search of a tenant",
    "reading.begin_walks": BY_ROW,
    "webhooks.before_company": BY_ROW,
}


@pytest.fixture
async def dsn(dsn):
    """A fresh database whose tables are split."""
    await split(dsn, into=4)
    return dsn


@pytest.fixture
async def connection(dsn):
    # Nobody else may load what tells the plans within functions.
    connection = await asyncpg.connect(as_role(dsn, ADMINISTRATOR), server_settings={"plan_cache_mode": "force_generic_plan"})
    yield connection
    await connection.close()


def partitions_in(node: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Table and number of every partition that a plan reads; where rows go is decided row by row."""
    found = PARTITION.fullmatch(node.get("Relation Name", ""))
    if found and node["Node Type"] != "ModifyTable":
        yield found[1], found[2]
    for child in node.get("Plans", ()):
        yield from partitions_in(child)


def most_partitions(plan: dict[str, Any]) -> int:
    """How many partitions a plan reads of the table of which it reads most."""
    numbers = defaultdict(set)
    for table, number in partitions_in(plan):
        numbers[table].add(number)
    return max(map(len, numbers.values()), default=0)


async def plan_of(connection: Any, sql: str, search_id: str) -> dict[str, Any]:
    """As the service's own connections plan it, once whatever the arguments, and as it is begun for one search."""
    samples = {"uuid": f"'{search_id}'", "uuid[]": f"ARRAY['{search_id}']::uuid[]"}
    types = [parameter.name for parameter in (await connection.prepare(sql)).get_parameters()]
    arguments = ", ".join(samples.get(name, "NULL") for name in types)
    await connection.execute(f"PREPARE looked_at AS {sql}")
    explained = await connection.fetchval(f"EXPLAIN (FORMAT JSON) EXECUTE looked_at{f'({arguments})' if arguments else ''}")
    await connection.execute("DEALLOCATE looked_at")
    plan: dict[str, Any] = json.loads(explained)[0]["Plan"]
    return plan


async def test_a_statement_reads_one_partition_or_is_known_to_be_about_several_searches(connection, search_id):
    reading = re.compile(rf"\b(FROM|JOIN|UPDATE|USING) ({'|'.join(TABLES)})\b")
    read = {}
    for found in STATEMENTS:
        if reading.search(found[1].sql):
            read[label(found)] = most_partitions(await plan_of(connection, found[1].sql, search_id))
    assert {name for name, count in read.items() if count > 1} == set(ACROSS)
    assert [name for name, count in read.items() if count == 0] == []


CALLS = {
    "current_from": "current_from('{search}', 2)",
    "page_of_feed": "page_of_feed('{search}', 3, NULL, 1), page_of_feed('{search}', 3, '2026-01-01Z', 1)",
    "is_crowded": "is_crowded('{search}', consumer, NULL, watermark, 1)",
    "place_at": "place_at('{search}', '2026-01-01Z', 'infinity', 1)",
    "walk_for": "walk_for('{search}', 'consumer', NULL, 1)",
    "page_of_walk": "page_of_walk('{search}', watermark, 3, consumer, NULL, 1, 1), page_of_walk('{search}', 'infinity', 3, '', NULL, 1, 1)",
    "move_walk": "move_walk(walk, 2, 1, false, 3, 3)",
    "gaps_that_matter": "gaps_that_matter('{search}', tstzmultirange(tstzrange('-infinity', 'infinity', '(]')))",
    "person_received_at": "person_received_at('{search}', consumer, '-infinity', 'infinity')",
}


@pytest.mark.parametrize("function", CALLS)
async def test_a_function_of_a_feed_reads_one_partition(connection, client, deliver, search_id, function):
    await deliver("Hotel A", "Hotel B", "Hotel C")
    await pull(client, search_id, limit=1)  # begins a walk
    call = CALLS[function].format(search=search_id)
    plans = await nested_plans(connection, f"SELECT {call} FROM walk WHERE prospect_search_id = '{search_id}'")
    read = {query: most_partitions(plan) for query, plan in plans}
    assert len([count for count in read.values() if count]) > 1, "what runs within the function has been looked at"
    assert {query: count for query, count in read.items() if count > 1} == {}


async def test_there_is_no_function_of_a_feed_that_is_not_looked_at(connection):
    functions = "SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND proargnames && ARRAY['feed', 'walked']"
    assert {row["proname"] for row in await connection.fetch(functions)} == set(CALLS)


async def nested_plans(connection: Any, sql: str) -> list[tuple[str, dict[str, Any]]]:
    """The text and the plan of every statement that runs within one, functions' own among them."""
    said: list[str] = []
    connection.add_log_listener(lambda _, message: said.append(message.message))
    await connection.execute("""
        LOAD 'auto_explain';
        SET auto_explain.log_min_duration = 0; SET auto_explain.log_nested_statements = on; SET auto_explain.log_format = json;
        SET client_min_messages = log
    """)
    await connection.execute(sql)
    explained = [json.loads(message.partition("plan:\n")[2]) for message in said if "plan:\n" in message]
    return [(each["Query Text"], each["Plan"]) for each in explained]


@pytest.mark.parametrize(
    ("statement", "count"),
    [
        pytest.param("SELECT FROM delivery WHERE prospect_search_id = $1", 1, id="one search"),
        pytest.param("SELECT FROM delivery WHERE company_id = $1", 4, id="any search"),
        pytest.param(
            "SELECT FROM prospect_search AS feed JOIN walk ON prospect_search_id = feed.id WHERE organization_id = $1", 4, id="joined"
        ),
    ],
)
async def test_a_plan_that_reads_several_partitions_is_noticed(connection, search_id, statement, count):
    assert most_partitions(await plan_of(connection, statement, search_id)) == count
