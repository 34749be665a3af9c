"""A file in the console: looked at first, delivered afterwards, watched meanwhile, and kept nowhere."""

import asyncio
import json
import re
import tempfile
from uuid import UUID

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.acceptance.files import WRITERS, companies
from tests.integration.conftest import pull

HEADER = b"Firma,Kundennummer,E-Mail,Ort\n"
ROWS = b"Grand Hotel,77,maria@grand.example,Berlin\n,78,x@grand.example,Berlin\nCafe,79,,Hamburg\n"


@pytest.fixture
def send(browser, search_id):
    """Send a file; the messages that came back."""

    async def send_file(content, *, step="check", name="hotels.csv", encoding="", sheet="", columns_of="", **columns):
        form = {"step": step, "encoding": encoding, "sheet": sheet, "columns_of": columns_of, "columns": json.dumps(list(columns.items()))}
        answer = await browser.post(f"/searches/{search_id}/deliver", form, files={"file": (name, content)})
        assert answer.status_code == 200, answer.text
        return [json.loads(line) for line in answer.text.splitlines()]

    return send_file


async def names_in(client, search_id):
    return [company["name"] for company in (await pull(client, search_id))["items"]]


async def test_a_check_tells_what_would_happen_and_keeps_nothing(send, client, search_id, database):
    *_, last = await send(HEADER + ROWS)
    for words in (
        "2 companies</strong> would be delivered",
        "1 row rejected",
        'value="source_id"',
        'value="prospects.email"',
        "grand.example",
    ):
        assert words in last["html"]
    assert await names_in(client, search_id) == []
    assert await database.value("SELECT count(*) FROM company") == 0


@pytest.mark.parametrize("name", WRITERS)
async def test_every_kind_of_file_can_be_looked_at_and_delivered(send, client, search_id, tmp_path, name):
    content = WRITERS[name](tmp_path / name, companies(3)).read_bytes()
    *_, checked = await send(content, name=name)
    assert "3 companies</strong> would be delivered" in checked["html"]
    *_, delivered = await send(content, name=name, step="deliver")
    assert "3 companies</strong> delivered" in delivered["html"]
    assert sorted(await names_in(client, search_id)) == [company["name"] for company in companies(3)]


async def test_a_column_of_lists_is_shown_by_example(send, tmp_path):
    path = tmp_path / "hotels.parquet"
    pq.write_table(pa.table({"Company Name": ["Grand Hotel"], "Tags": [["spa", "pool"]], "Rooms": [0]}), path)
    *_, last = await send(path.read_bytes(), name=path.name)
    assert re.findall(r"<td>([^<]+)</td>", last["html"]) == ["Grand Hotel", "[&#39;spa&#39;, &#39;pool&#39;]", "0"]


async def test_a_delivery_delivers_what_was_checked_in_the_operators_name(send, client, search_id, database):
    *_, last = await send(HEADER + ROWS, step="deliver")
    assert "2 companies</strong> delivered" in last["html"]
    assert sorted(await names_in(client, search_id)) == ["Cafe", "Grand Hotel"]
    assert await database.value("SELECT DISTINCT actor FROM history WHERE company_id IS NOT NULL") == "key operator in the console"


async def test_delivering_a_file_again_changes_nothing(send):
    await send(HEADER + ROWS, step="deliver")
    *_, last = await send(HEADER + ROWS, step="deliver")
    assert "0 companies</strong> delivered, 2 unchanged" in last["html"]


async def test_rejected_rows_come_with_their_line_their_reason_and_as_a_file_beside_the_one_to_mend(send):
    *_, last = await send(HEADER + ROWS)
    assert "missing or blank" in last["html"]
    assert "Mend them in hotels.csv and deliver it again, whole" in last["html"]
    (rejected,) = [json.loads(line) for line in last["rejects"].splitlines()]
    assert (rejected["line"], rejected["row"]["Kundennummer"]) == (3, "78")


async def test_the_reader_may_say_what_a_column_becomes(send, client, search_id):
    *_, last = await send(HEADER + ROWS, Firma="name", Ort="source_id", Kundennummer="prospects.badge")
    assert 'data-column="Ort" value="source_id"' in last["html"]
    assert 'data-column="Kundennummer" value="prospects.badge"' in last["html"]
    await send(HEADER + ROWS, step="deliver", Firma="name", Ort="source_id")
    assert {company["source_id"] for company in (await pull(client, search_id))["items"]} == {"Berlin", "Hamburg"}


async def test_what_a_check_showed_is_what_the_same_form_delivers(send, client, search_id):
    content = b"Company Name,Email,Company Email\nGrand Hotel,maria@grand.example,info@grand.example\n"
    *_, checked = await send(content)
    shown = dict(re.findall(r'data-column="([^"]+)" value="([^"]+)"', checked["html"]))
    await send(content, step="deliver", **shown)
    (company,) = (await pull(client, search_id))["items"]
    assert [person["email"] for person in company["prospects"]] == ["maria@grand.example"]
    assert company["attributes"] == {"company_email": "info@grand.example"}


async def test_a_table_of_very_many_columns_is_delivered_as_it_was_checked(send, client, search_id):
    extra = [f"Note {number}" for number in range(1_500)]
    content = ",".join(["Firma", *extra]).encode() + b"\nGrand Hotel" + b",x" * len(extra) + b"\n"
    *_, checked = await send(content)
    shown = dict(re.findall(r'data-column="([^"]+)" value="([^"]+)"', checked["html"]))
    assert len(shown) == 1_501
    await send(content, step="deliver", **shown)
    (company,) = (await pull(client, search_id))["items"]
    assert len(company["attributes"]) == 1_500


async def test_columns_that_are_no_list_of_pairs_are_told(browser, search_id):
    form = {"step": "check", "columns": '{"Firma": "name"}'}
    answer = await browser.post(f"/searches/{search_id}/deliver", form, files={"file": ("hotels.csv", HEADER + ROWS)})
    assert "columns must be a list of headings with fields" in answer.text


async def test_the_reader_sees_what_a_file_was_read_as_and_may_name_another_encoding(send, client, search_id):
    content = "Firma,Ort\nHotel Dvo\u0159\u00e1k,Brno\n".encode("cp1250")
    *_, guessed = await send(content)
    assert 'name="encoding" value="cp1250"' in guessed["html"]
    *_, named = await send(content, encoding="cp1252")
    assert 'name="encoding" value="cp1252"' in named["html"]
    assert "Hotel Dvo\u00f8\u00e1k" in named["html"]
    await send(content, step="deliver", encoding="cp1250")
    assert await names_in(client, search_id) == ["Hotel Dvo\u0159\u00e1k"]
    *_, unknown = await send(content, encoding="cp9999")
    assert "There is no encoding" in unknown["html"]


async def test_the_reader_chooses_among_sheets_and_the_columns_of_one_are_not_asked_of_another(send, client, search_id, tmp_path):
    book = openpyxl.Workbook(write_only=True)
    for title in ("Berlin", "Bonn"):
        sheet = book.create_sheet(title)
        for cell in ("Firma", f"Hotel {title}"):
            sheet.append([cell])
    book.save(tmp_path / "hotels.xlsx")
    content = (tmp_path / "hotels.xlsx").read_bytes()
    *_, unclear = await send(content, name="hotels.xlsx")
    assert "<option>Berlin</option><option>Bonn</option>" in unclear["html"]
    *_, checked = await send(content, name="hotels.xlsx", sheet="Bonn", columns_of="Berlin", Anschrift="city")
    assert "<option>Berlin</option><option selected>Bonn</option>" in checked["html"]
    await send(content, name="hotels.xlsx", step="deliver", sheet="Bonn", columns_of="Bonn", Firma="name")
    assert await names_in(client, search_id) == ["Hotel Bonn"]


async def test_only_a_file_that_leaves_a_choice_is_asked_for_its_encoding(send, tmp_path):
    *_, last = await send(WRITERS["people.xlsx"](tmp_path / "hotels.xlsx", companies(1)).read_bytes(), name="hotels.xlsx")
    assert 'name="encoding"' not in last["html"]


@pytest.mark.parametrize(
    ("content", "name", "columns", "problem"),
    [
        (b"", "hotels.csv", {}, "is empty"),
        (b"x", "hotels.exe", {}, "cannot be delivered"),
        (b"Ort\nBerlin\n", "hotels.csv", {}, "No column holds the company"),
        (HEADER + ROWS, "hotels.csv", {"Firma": "name", "Ort": "name"}, "Two columns fill name"),
        (HEADER + ROWS, "hotels.csv", {"Ort": "email", "E-Mail": "prospects.email"}, "Two columns fill prospects.email"),
        (b"\x00\x01\x02", "hotels.parquet", {}, ""),
    ],
)
async def test_a_file_that_cannot_be_read_says_why(send, content, name, columns, problem):
    *_, last = await send(content, name=name, **columns)
    assert 'role="alert"' in last["html"]
    assert problem in last["html"]


async def test_an_outage_in_the_middle_tells_what_is_delivered_and_keeps_the_rejected_rows(send, client, search_id, database):
    await database.execute("CREATE FUNCTION break() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE admin_shutdown; END $$")
    await database.execute(
        "CREATE TRIGGER break BEFORE INSERT ON company FOR EACH ROW WHEN (NEW.source_id = 'break') EXECUTE FUNCTION break()"
    )
    rows = b"".join(b'{"name": "Hotel", "source_id": "%d"}\n' % number for number in range(1_000))
    content = rows + b'{}\n{"name": "Hotel", "source_id": "break"}\n'
    *_, last = await send(content, name="hotels.jsonl", step="deliver")
    assert (await pull(client, search_id, limit=1))["total"] == 1_000
    for words in (
        "Delivering broke off",
        "The database cannot be reached just now. 1,000 companies of this file are delivered and stay so",
        "<strong>1,000 companies</strong> delivered, 0 unchanged, 0 people left out, 1 row rejected until then",
        "Rows that were rejected",
    ):
        assert words in last["html"]
    assert "Nothing was changed" not in last["html"]
    assert json.loads(last["rejects"])["line"] == 1_001
    *_, checked = await send(content, name="hotels.jsonl")
    assert "Checking broke off" in checked["html"]
    assert "Rows that would be rejected" in checked["html"]
    assert "Nothing was changed; try again" in checked["html"]


async def test_a_file_of_many_batches_is_one_delivery(send, client, search_id):
    """What is new, and who leaves a company, is told by the whole of it."""
    adler, others = f"{UUID(int=7)},A,Adler", "".join(f",k{number},Inn,\n" for number in range(1_000))
    file = f"id,source_id,company_name,email\n{adler},maria@a.example\n{adler},paul@a.example\n{others}"
    *_, first = await send(file.encode(), step="deliver")
    assert "1,001 companies</strong> delivered" in first["html"]
    assert "new to the feed" not in first["html"]
    apart = f"id,source_id,company_name,email\n{UUID(int=7)},,Adler,maria@a.example\n{others},A,Adler,paul@a.example\n"
    await send(apart.encode(), step="deliver")
    everybody = await client.get("/prospects", params={"prospect_search_id": search_id})
    assert sorted(person["email"] for person in everybody.json()["items"]) == ["maria@a.example", "paul@a.example"]


async def test_a_form_without_a_file_is_refused(browser, search_id):
    answer = await browser.post(f"/searches/{search_id}/deliver", {"step": "check"})
    assert answer.status_code == 422


async def test_a_long_file_is_told_of_while_it_goes_in(send, client, search_id):
    rows = b"".join(b"Hotel %d,%d,,Berlin\n" % (number, number) for number in range(2_500))
    messages = await send(HEADER + rows, step="deliver")
    fractions = [message["done"] for message in messages]
    assert len(messages) >= 4
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1
    assert (await pull(client, search_id, limit=1))["total"] == 2_500


async def test_other_requests_are_answered_while_a_long_file_goes_in(send, client):
    rows = b"".join(b"Hotel %d,%d,,Berlin\n" % (number, number) for number in range(3_000))
    sending = asyncio.create_task(send(HEADER + rows))
    answered = 0
    while not sending.done():
        assert (await client.get("/auth/validate")).status_code == 200
        answered += 1
    await sending
    assert answered >= 10


async def test_a_file_is_never_written_down(send, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "none"))
    *_, checked = await send(HEADER + ROWS)
    *_, delivered = await send(HEADER + ROWS, step="deliver")
    assert "2 companies</strong> would be delivered" in checked["html"]
    assert "2 companies</strong> delivered" in delivered["html"]
