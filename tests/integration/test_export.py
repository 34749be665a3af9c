"""The export over HTTP: the feed as one stream, what it says of itself, what it proves."""

import json
from pathlib import Path
from typing import Any

import duckdb
import httpx
import pyarrow as pa
import pytest

from openprospect.server.core.timestamps import format_timestamp
from openprospect.server.feed.exporting.batches import BATCH_COMPANIES
from tests.integration.conftest import Deliver, pull
from tests.integration.pages import SEVEN, ask, sources, versions
from tests.integration.receipts import put, receipts, settled

NDJSON = "application/x-ndjson"


def rows_of_parquet(folder: Path, data: bytes) -> list[tuple[Any, ...]]:
    """As DuckDB reads it."""
    (folder / "feed.parquet").write_bytes(data)
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        return connection.execute(
            """
            SELECT source_id, strftime(delivered_at, '%Y-%m-%dT%H:%M:%S.%fZ'), list_transform(prospects, lambda person: person.email)
            FROM read_parquet($path)
            """,
            {"path": str(folder / "feed.parquet")},
        ).fetchall()


def rows_of_arrow(_folder: Path, data: bytes) -> list[tuple[Any, ...]]:
    return [
        (row["source_id"], format_timestamp(row["delivered_at"]), [person["email"] for person in row["prospects"]])
        for row in pa.ipc.open_stream(data).read_all().to_pylist()
    ]


READERS = {"parquet": rows_of_parquet, "arrow": rows_of_arrow}


async def stream(client: httpx.AsyncClient, search_id: str, **parameters: Any) -> httpx.Response:
    response = await client.get(f"/deliveries/{search_id}/export", params=parameters)
    assert response.status_code == 200, response.text
    return response


def companies(response: httpx.Response) -> list[dict[str, Any]]:
    return [json.loads(line) for line in response.text.splitlines()]


async def exported(client: httpx.AsyncClient, search_id: str, **parameters: Any) -> list[str]:
    return [company["source_id"] for company in companies(await stream(client, search_id, **parameters))]


async def test_a_stream_is_what_the_pages_show_a_line_each(client: httpx.AsyncClient, search_id: str, deliver: Deliver) -> None:
    await deliver({"name": "Zürich\nHof", "source_id": "z", "city": "Zürich", "prospects": [{"email": "m@hof.example"}]}, *SEVEN)
    await deliver(*versions("b", "f", version=2))
    page = (await ask(client, search_id)).text
    response = await stream(client, search_id)
    assert response.headers["content-type"] == NDJSON
    assert page.startswith('{"items":[' + ",".join(response.text.removesuffix("\n").split("\n")) + '],"total"')
    assert [company["source_id"] for company in companies(response)] == ["z", "a", "c", "d", "e", "g", "b", "f"]


async def test_a_stream_of_many_batches_leaves_nothing_out(client: httpx.AsyncClient, search_id: str, deliver: Deliver) -> None:
    names = [str(number) for number in range(2 * BATCH_COMPANIES + 1)]
    for start in range(0, len(names), 1000):
        await deliver(*names[start : start + 1000])
    assert await exported(client, search_id) == names


async def test_a_later_stream_begins_after_a_time_and_shows_withdrawals(
    client: httpx.AsyncClient, search_id: str, deliver: Deliver
) -> None:
    result = await deliver(*SEVEN)
    times = {item["source_id"]: item["delivered_at"] for item in (await pull(client, search_id))["items"]}
    await client.delete(f"/deliveries/{search_id}/companies/{result['items'][1]['id']}")
    assert await exported(client, search_id) == ["a", "c", "d", "e", "f", "g"]
    later = companies(await stream(client, search_id, delivered_since=times["e"]))
    assert [company["source_id"] for company in later] == ["f", "g", "b"]
    assert later[-1]["prospects"] == []
    assert later[-1]["removed_at"] == later[-1]["delivered_at"]


@pytest.mark.parametrize(
    "query", ["delivered_since=2026-01-01T00:00:00", "delivered_since=2026-01-01", "limit=5", "offset=5", "format=csv"]
)
async def test_what_a_page_refuses_and_what_a_stream_does_not_know_is_422(client: httpx.AsyncClient, search_id: str, query: str) -> None:
    response = await client.get(f"/deliveries/{search_id}/export?{query}")
    assert (response.status_code, response.json()["code"]) == (422, "VALIDATION_ERROR")
    assert query.partition("=")[0] in response.json()["message"]


async def test_the_headers_say_where_the_feed_stood_and_how_to_keep_the_file(
    client: httpx.AsyncClient, search_id: str, deliver: Deliver
) -> None:
    until = (await deliver(*SEVEN))["delivered_until"]
    headers = (await stream(client, search_id)).headers
    assert headers["delivery-watermark"] == until
    assert headers["delivery-instance"] == (await ask(client, search_id)).headers["delivery-instance"]
    assert headers["content-disposition"] == f'attachment; filename="deliveries-{search_id}.ndjson"'
    assert headers["cache-control"] == "private, no-store"
    assert headers["vary"] == "Accept, Accept-Encoding"


async def test_an_empty_stream_still_says_where_the_feed_stands(client: httpx.AsyncClient, search_id: str, deliver: Deliver) -> None:
    assert (await stream(client, search_id)).content == b""
    until = (await deliver(*SEVEN))["delivered_until"]
    response = await stream(client, search_id, delivered_since=until)
    assert (response.content, response.headers["delivery-watermark"]) == (b"", until)


@pytest.mark.parametrize(
    "accept", ["*/*", NDJSON, "application/*", "text/html, application/x-ndjson;q=0.5", f"{NDJSON}; charset=utf-8", ""]
)
async def test_lines_of_json_come_unless_another_form_is_asked_for(client: httpx.AsyncClient, search_id: str, accept: str) -> None:
    response = await client.get(f"/deliveries/{search_id}/export", headers={"Accept": accept})
    assert (response.status_code, response.headers["content-type"]) == (200, NDJSON)


@pytest.mark.parametrize("accept", ["application/json", "text/csv", "image/*", "nonsense", ";;q=,"])
async def test_a_form_that_does_not_exist_is_refused_with_those_that_do(client: httpx.AsyncClient, search_id: str, accept: str) -> None:
    response = await client.get(f"/deliveries/{search_id}/export", headers={"Accept": accept})
    assert (response.status_code, response.json()["code"]) == (406, "NOT_ACCEPTABLE")
    for media_type in (NDJSON, "application/vnd.apache.parquet", "application/vnd.apache.arrow.stream"):
        assert media_type in response.json()["message"]


@pytest.mark.parametrize("form", READERS)
async def test_a_table_holds_what_the_lines_hold(
    client: httpx.AsyncClient, search_id: str, deliver: Deliver, tmp_path: Path, form: str
) -> None:
    media_type = {"parquet": "application/vnd.apache.parquet", "arrow": "application/vnd.apache.arrow.stream"}[form]
    await deliver({"name": "Hof", "source_id": "z", "city": "Zürich", "prospects": [{"email": "m@hof.example", "phone": "1"}]}, *SEVEN)
    lines = companies(await stream(client, search_id))
    by_name = await stream(client, search_id, format=form)
    by_header = await client.get(f"/deliveries/{search_id}/export", headers={"Accept": media_type})
    assert by_name.content == by_header.content
    assert by_name.headers["content-type"] == media_type
    assert "content-encoding" not in by_name.headers
    rows = READERS[form](tmp_path, by_name.content)
    assert rows == [(line["source_id"], line["delivered_at"], [person["email"] for person in line["prospects"]]) for line in lines]


async def test_the_parameter_wins_over_the_header(client: httpx.AsyncClient, search_id: str) -> None:
    response = await client.get(f"/deliveries/{search_id}/export", params={"format": "ndjson"}, headers={"Accept": "text/html"})
    assert (response.status_code, response.headers["content-type"]) == (200, NDJSON)


async def test_every_page_with_more_to_come_leads_to_the_same_as_one_stream(
    client: httpx.AsyncClient, search_id: str, deliver: Deliver
) -> None:
    await deliver(*SEVEN)
    times = [item["delivered_at"] for item in (await pull(client, search_id))["items"]]
    for parameters, rest in (
        ({}, SEVEN),
        ({"offset": 2}, SEVEN),
        ({"delivered_since": times[0]}, SEVEN[1:]),
        ({"after": times[2]}, SEVEN[3:]),
    ):
        page = await ask(client, search_id, limit=2, **parameters)
        assert page.links["alternate"]["type"] == NDJSON
        assert ("delivered_since=" in page.links["alternate"]["url"]) is ("delivered_since" in parameters)
        streamed = companies(await client.get(page.links["alternate"]["url"]))
        assert [company["source_id"] for company in streamed] == list(rest)
        assert sources(page.json())[0] in rest
        assert "after=" in page.links["next"]["url"]


# What a stream proves.


async def test_what_a_stream_gave_out_can_be_confirmed(client: httpx.AsyncClient, search_id: str, deliver: Deliver) -> None:
    until = (await deliver(*SEVEN))["delivered_until"]
    assert await put(client, search_id, until) == {"delivered_until": None}
    await stream(client, search_id)
    assert await put(client, search_id, until) == {"delivered_until": until}


async def test_the_next_stream_confirms_the_one_before_and_not_itself(
    client: httpx.AsyncClient, search_id: str, deliver: Deliver, database: Any
) -> None:
    until = (await deliver(*SEVEN))["delivered_until"]
    await stream(client, search_id)
    await settled()
    assert (await receipts(database, search_id))["consumer"]["delivered_until"] is None
    latest = (await deliver("another"))["delivered_until"]
    await stream(client, search_id, delivered_since=until)
    await settled()
    assert format_timestamp((await receipts(database, search_id))["consumer"]["delivered_until"]) == until < latest


async def test_an_invented_time_proves_nothing(client: httpx.AsyncClient, search_id: str, deliver: Deliver, database: Any) -> None:
    until = (await deliver(*SEVEN))["delivered_until"]
    await stream(client, search_id, delivered_since=until)
    await settled()
    assert (await receipts(database, search_id))["consumer"]["delivered_until"] is None


async def test_a_head_request_is_given_nothing(client: httpx.AsyncClient, search_id: str, deliver: Deliver) -> None:
    until = (await deliver(*SEVEN))["delivered_until"]
    head = await client.head(f"/deliveries/{search_id}/export")
    assert head.headers["delivery-watermark"] == until
    assert await put(client, search_id, until) == {"delivered_until": None}
