"""Who is who between a file and the feed: what only the feed knows of two rows counts as much as what the file says."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest

from openprospect.server.feed.writing.locks import Writing
from openprospect.server.intake.deliver import FileDelivery, Tally, deliver_file
from openprospect.server.intake.file import Choices, open_content
from openprospect.server.intake.outcome import RejectedRow
from openprospect.server.intake.remarks import remarks
from openprospect.server.searches.lookup import known_search
from openprospect.server.searches.model import SearchId
from tests.integration.hotel import feed

ID = "a1b2c3d4-e5f6-7890-abcd-ef1234567890"
PERSON = {"Maria": "maria@adler.example", "Paul": "paul@adler.example", "Otto": "otto@adler.example"}
ADLER = {"id": ID, "source_id": "A", "name": "Hotel Adler"}
HEADINGS = "id,source_id,company_name,first_name,email\n"


@dataclass
class Delivered:
    """What became of a file."""

    tally: Tally = field(default_factory=Tally)
    rejected: list[RejectedRow] = field(default_factory=list)

    def add(self, rejected: RejectedRow) -> None:
        self.rejected.append(rejected)


DeliverFile = Callable[..., Awaitable[Delivered]]


@pytest.fixture
def deliver_content(database, search_id) -> DeliverFile:
    async def deliver_content(content: str, name: str = "companies.csv") -> Delivered:
        search = await known_search(database, SearchId(UUID(search_id)))
        delivery, found = FileDelivery(writing=Writing(database), search=search, actor="test"), Delivered()
        with open_content(name, content.encode(), Choices()) as file:
            await deliver_file(delivery, file, found, found.tally, on_progress=lambda _: None)
        return found

    return deliver_content


def staff(*names: str) -> list[dict[str, str]]:
    return [{"first_name": name, "email": PERSON[name]} for name in names]


def row(company_id: str, source_id: str, person: str) -> str:
    return f"{company_id},{source_id},Hotel Adler,{person},{PERSON[person]}\n"


def people(items: list[dict[str, Any]]) -> dict[str, set[str]]:
    return {item["name"]: {person["first_name"] for person in item["prospects"]} for item in items}


async def test_of_two_rows_that_the_feed_knows_to_be_one_company_the_second_is_rejected_and_nobody_leaves(
    client, search_id, deliver, deliver_content
):
    await deliver(ADLER | {"prospects": staff("Maria", "Paul")})
    found = await deliver_content(HEADINGS + row(ID, "", "Maria") + row("", "A", "Paul"))
    reason = "the same company as line 2; put all of a company into one row, or under one id"
    assert [(rejected.line, rejected.faults[0].reason) for rejected in found.rejected] == [(3, reason)]
    assert (found.tally.kept, found.tally.left) == (1, 0)
    assert people(await feed(client, search_id)) == {"Hotel Adler": {"Maria", "Paul"}}


async def test_rows_of_one_company_far_apart_in_a_file_put_nobody_of_each_other_out(client, search_id, deliver, deliver_content):
    await deliver(ADLER | {"prospects": staff("Maria", "Paul", "Otto")})
    between = "".join(f",k{number},Other {number},,\n" for number in range(1_100))
    found = await deliver_content(HEADINGS + row(ID, "", "Maria") + between + row("", "A", "Paul"))
    assert (found.rejected, found.tally.kept) == ([], 0)
    (adler,) = [item for item in await feed_of_all(client, search_id) if item["name"] == "Hotel Adler"]
    assert people([adler]) == {"Hotel Adler": {"Maria", "Paul"}}


async def test_a_row_that_is_two_companies_keeps_the_people_of_both(client, search_id, deliver, deliver_content):
    await deliver(ADLER | {"prospects": staff("Maria", "Paul")}, {"source_id": "B", "name": "Inn", "prospects": staff("Otto")})
    mistaken = {"id": ID, "source_id": "B", "name": "Hotel Adler", "prospects": staff("Paul")}
    lines = [mistaken, {"source_id": "A", "name": "Hotel Adler", "prospects": staff("Maria")}]
    found = await deliver_content("\n".join(map(json.dumps, lines)), "companies.ndjson")
    assert [(rejected.line, rejected.faults[0].field) for rejected in found.rejected] == [(1, "source_id")]
    assert people(await feed(client, search_id)) == {"Hotel Adler": {"Maria", "Paul"}, "Inn": {"Otto"}}


async def test_companies_that_gain_a_source_id_are_told_as_new_and_with_their_id_are_the_same(client, search_id, deliver_content):
    first = await deliver_content("company_name,website\nA,a.example\nB,b.example\n")
    assert (first.tally.new, remarks(first.tally, [], title_lines=0, repeated_headings=0)) == (0, [])
    known = (await feed(client, search_id))[0]["id"]
    again = await deliver_content(f"id,source_id,company_name,website\n{known},1,A,a.example\n,2,B,b.example\n")
    assert (again.tally.delivered, again.tally.new) == (2, 1)
    assert remarks(again.tally, [], title_lines=0, repeated_headings=0)[0].startswith("1 company is new to the feed. ")
    assert [(item["name"], item["source_id"]) for item in await feed(client, search_id)] == [("B", None), ("A", "1"), ("B", "2")]


async def feed_of_all(client, search_id) -> list[dict[str, Any]]:
    export = await client.get(f"/deliveries/{search_id}/export", params={"format": "ndjson"})
    return [json.loads(line) for line in export.text.splitlines()]
