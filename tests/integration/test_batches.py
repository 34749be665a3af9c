"""Batches: taken whole or not at all, and once however often they are sent."""

import asyncio
import codecs
import gzip
import json
import threading
from collections.abc import Sequence
from uuid import UUID

import httpx
import pytest

from openprospect.server.db.pool import Database
from openprospect.server.feed import routes
from openprospect.server.feed.model import CompanyRow
from openprospect.server.feed.store import SQL
from openprospect.server.feed.writing.produce import rows_of_json
from tests.integration.conftest import Deliver, Service, open_search, pull
from tests.integration.hotel import HOTEL, MARIA, feed, post
from tests.integration.waiting import until_somebody_waits


async def test_a_batch_with_one_bad_row_delivers_nothing_and_names_each_of_them(
    client: httpx.AsyncClient, search_id: str, deliver: Deliver
) -> None:
    first = await deliver("a", "b")
    before = await feed(client, search_id)
    rows = [
        {"name": "good", "source_id": "good"},
        {"id": first["items"][0]["id"], "name": "two at once", "source_id": "b"},
        {"name": "good again", "source_id": "good"},
    ]
    response = await post(client, search_id, rows)
    assert (response.status_code, response.json()["code"]) == (422, "VALIDATION_ERROR")
    assert [(row["index"], row["field"]) for row in response.json()["details"]["rows"]] == [(1, "source_id"), (2, "source_id")]
    malformed = await post(client, search_id, [{"name": "good"}, {"name": " ", "prospects": [{"email": "nobody"}]}, 7])
    assert [(row["index"], row["field"]) for row in malformed.json()["details"]["rows"]] == [
        (1, "name"),
        (1, "prospects[0].email"),
        (2, ""),
    ]
    assert malformed.json()["details"]["more_faults"] == 0
    assert await feed(client, search_id) == before


async def test_of_many_faults_each_row_is_told_some_and_how_many_more_there_are(client: httpx.AsyncClient, search_id: str) -> None:
    people = [{"email": "nobody", "first_name": 1, "job_title": 1} for _ in range(10)]
    few = await post(client, search_id, [{"name": "good"}, {"name": "bad", "prospects": people}])
    listed = few.json()["details"]["rows"]
    assert [row["field"] for row in listed[:2]] == ["prospects[0].first_name", "prospects[0].email"]
    assert ({row["index"] for row in listed}, len(listed), few.json()["details"]["more_faults"]) == ({1}, 20, 10)
    many = await post(client, search_id, [{"name": "bad", "prospects": people} for _ in range(300)])
    listed = many.json()["details"]["rows"]
    assert [row["index"] for row in listed] == [index for index in range(300) for _ in range(3)]
    assert many.json()["details"]["more_faults"] == 300 * 27
    assert "Faults beyond those: 8,100." in many.json()["message"]
    assert await feed(client, search_id) == []


async def test_others_are_answered_while_a_big_batch_is_looked_through(
    client: httpx.AsyncClient, search_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    has_begun, is_answered = threading.Event(), threading.Event()

    def look_through(body: bytes) -> list[CompanyRow]:
        has_begun.set()
        assert is_answered.wait(10), "Nobody was answered meanwhile."
        return rows_of_json(body)

    monkeypatch.setattr(routes, "rows_of_json", look_through)
    async with asyncio.TaskGroup() as group:
        sending = group.create_task(post(client, search_id, [{"name": "Grand Hotel", "note": "x" * 9_000} for _ in range(150)]))
        assert await asyncio.to_thread(has_begun.wait, 10)
        assert (await client.get("/auth/validate")).status_code == 200
        is_answered.set()
    assert sending.result().status_code == 422


async def test_people_who_would_be_one_person_are_rejected(client: httpx.AsyncClient, search_id: str) -> None:
    response = await post(client, search_id, [HOTEL | {"prospects": [MARIA, {"email": "M.Schmidt@hotel.example"}]}])
    assert [(row["index"], row["field"]) for row in response.json()["details"]["rows"]] == [(0, "prospects[1].email")]


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"[]", b"null", b'{"companies": {}}', b'{"companies": [], "x": 1}', b'{"companies": []}', b"\xff", b"[" * 9_999]
)
async def test_a_body_that_is_no_batch_is_refused(client: httpx.AsyncClient, search_id: str, body: bytes) -> None:
    response = await client.post(f"/deliveries/{search_id}/companies", content=body, headers={"Content-Type": "application/json"})
    assert (response.status_code, response.json()["code"]) == (422, "VALIDATION_ERROR")


async def test_a_thousand_companies_are_a_batch_and_one_more_is_not(client: httpx.AsyncClient, search_id: str) -> None:
    companies = [{"name": f"company {number}"} for number in range(1_001)]
    assert (await post(client, search_id, companies)).status_code == 422
    assert await feed(client, search_id) == []
    response = await post(client, search_id, companies[:1_000])
    assert (response.status_code, response.json()["delivered"]) == (200, 1_000)
    assert (await pull(client, search_id, limit=1))["total"] == 1_000


async def test_companies_come_one_a_line_too(client: httpx.AsyncClient, search_id: str) -> None:
    lines = [codecs.BOM_UTF8 + json.dumps(HOTEL).encode(), b"", b'  {"name": "another"} \r']
    response = await _post_lines(client, search_id, lines)
    assert (response.status_code, response.json()["delivered"]) == (200, 2)
    assert [item["name"] for item in await feed(client, search_id)] == ["Grand Hotel", "another"]


async def test_bad_lines_are_named_by_their_index_and_nothing_is_delivered(client: httpx.AsyncClient, search_id: str) -> None:
    response = await _post_lines(client, search_id, [b'{"name": "good"}', b"{", b'{"name": ""}'])
    assert response.status_code == 422
    assert [(row["index"], row["field"]) for row in response.json()["details"]["rows"]] == [(1, ""), (2, "name")]
    assert await feed(client, search_id) == []
    assert (await _post_lines(client, search_id, [b'{"name": "x"}'] * 1_001)).status_code == 422


@pytest.mark.parametrize("path", ["/deliveries/{}/companies", "/prospect-searches"])
async def test_a_compressed_body_is_refused_by_its_encoding(client: httpx.AsyncClient, search_id: str, path: str) -> None:
    response = await client.post(path.format(search_id), content=gzip.compress(b"{}"), headers={"Content-Encoding": "gzip"})
    assert (response.status_code, response.json()["code"]) == (415, "UNSUPPORTED_MEDIA_TYPE")
    assert response.json()["message"] == "The body is sent with Content-Encoding: gzip; send it as it is, uncompressed."


async def test_another_kind_of_body_is_refused(client: httpx.AsyncClient, search_id: str) -> None:
    response = await client.post(f"/deliveries/{search_id}/companies", content=b"name\nx", headers={"Content-Type": "text/csv"})
    assert (response.status_code, response.json()["code"]) == (415, "UNSUPPORTED_MEDIA_TYPE")


async def _post_lines(client: httpx.AsyncClient, search_id: str, lines: Sequence[bytes]) -> httpx.Response:
    headers = {"Content-Type": "application/x-ndjson; charset=utf-8"}
    return await client.post(f"/deliveries/{search_id}/companies", content=b"\n".join(lines), headers=headers)


async def test_a_request_sent_again_is_answered_from_memory(client: httpx.AsyncClient, search_id: str) -> None:
    first = await post(client, search_id, [HOTEL], idempotency_key="monday")
    changed = await post(client, search_id, [HOTEL | {"city": "Potsdam"}])
    assert (first.json()["delivered"], changed.json()["delivered"]) == (1, 1)
    again = await post(client, search_id, [HOTEL], idempotency_key="monday")
    assert (again.status_code, again.content) == (200, first.content)
    assert (await feed(client, search_id))[0]["attributes"]["city"] == "Potsdam"


async def test_a_key_used_for_another_request_is_refused(client: httpx.AsyncClient, search_id: str) -> None:
    await post(client, search_id, [HOTEL], idempotency_key="monday")
    other_body = await post(client, search_id, [{"name": "another"}], idempotency_key="monday")
    other_search = await post(client, await open_search(client, "another"), [HOTEL], idempotency_key="monday")
    assert [response.status_code for response in (other_body, other_search)] == [422, 422]
    assert len(await feed(client, search_id)) == 1


async def test_a_refused_request_may_be_mended_under_the_same_key(client: httpx.AsyncClient, search_id: str) -> None:
    conflict = [{"name": "x", "source_id": "x"}, {"name": "x", "source_id": "x"}]
    assert (await post(client, search_id, conflict, idempotency_key="monday")).status_code == 422
    assert (await post(client, search_id, conflict[:1], idempotency_key="monday")).json()["delivered"] == 1


async def test_keys_of_two_organizations_do_not_meet(service: Service, client: httpx.AsyncClient, search_id: str) -> None:
    stranger = await service.client(organization=await service.organization("strangers"))
    first = await post(client, search_id, [HOTEL], idempotency_key="monday")
    other = await post(stranger, await open_search(stranger), [{"name": "another"}], idempotency_key="monday")
    assert (first.json()["delivered"], other.json()["delivered"]) == (1, 1)


async def test_a_request_whose_key_is_at_work_is_a_conflict(client: httpx.AsyncClient, search_id: str, database: Database) -> None:
    """The first request waits for the feed's lock, which this test holds."""
    async with database.transaction() as db:
        await db.row(SQL.lock_feed, UUID(search_id))
        first = asyncio.create_task(post(client, search_id, [HOTEL], idempotency_key="monday"))
        await until_somebody_waits(database)
        second = await post(client, search_id, [HOTEL], idempotency_key="monday")
        assert (second.status_code, second.json()["code"]) == (409, "CONFLICT")
        assert not first.done()
    assert (await first).json()["delivered"] == 1
    assert (await post(client, search_id, [HOTEL], idempotency_key="monday")).json() == (await first).json()


async def test_requests_racing_under_one_key_deliver_once(client: httpx.AsyncClient, search_id: str, database: Database) -> None:
    responses = await asyncio.gather(*(post(client, search_id, [HOTEL], idempotency_key="monday") for _ in range(6)))
    assert {response.status_code for response in responses} <= {200, 409}
    assert len({response.content for response in responses if response.status_code == 200}) == 1
    assert await database.value("SELECT count(*) FROM delivery") == 1


@pytest.mark.parametrize("key", ["", "x" * 256])
async def test_a_key_that_cannot_be_kept_is_refused(client: httpx.AsyncClient, search_id: str, key: str) -> None:
    assert (await post(client, search_id, [HOTEL], idempotency_key=key)).status_code == 422


async def test_an_answer_is_forgotten_after_a_day(client: httpx.AsyncClient, search_id: str, database: Database) -> None:
    await post(client, search_id, [HOTEL], idempotency_key="monday")
    await database.execute("UPDATE idempotent_answer SET created_at = created_at - interval '25 hours'")
    response = await post(client, search_id, [HOTEL], idempotency_key="monday")
    assert response.json()["unchanged"] == 1
