"""Invented companies, written as every kind of file that can be delivered."""

import csv
import io
import json

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq


def companies(count, people=3):
    """Invented companies, the same ones every time."""
    return [
        {
            "source_id": f"crm-{number:06}",
            "name": f"Hotel {number:06}",
            "website_url": f"https://hotel-{number:06}.example",
            "city": "Berlin",
            "prospects": [{"first_name": f"P{index}", "email": f"p{index}@hotel-{number:06}.example"} for index in range(people)],
        }
        for number in range(count)
    ]


def write_lines(path, documents):
    path.write_text("".join(json.dumps(document) + "\n" for document in documents), encoding="utf-8")
    return path


def table_rows(documents):
    """A row a person, the company's columns repeated."""
    for company in documents:
        for person in company["prospects"]:
            yield {name: company[name] for name in ("name", "website_url", "source_id", "city")} | person


def write_csv(path, documents):
    rows = list(table_rows(documents))
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    path.write_text(text.getvalue(), encoding="utf-8")
    return path


def write_xlsx(path, documents):
    rows = list(table_rows(documents))
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet()
    sheet.append(list(rows[0]))
    for row in rows:
        sheet.append(list(row.values()))
    book.save(path)
    return path


def write_flat_parquet(path, documents):
    pq.write_table(pa.Table.from_pylist(list(table_rows(documents))), path)
    return path


def write_nested_parquet(path, documents):
    pq.write_table(pa.Table.from_pylist(documents), path)
    return path


def write_json(path, documents):
    path.write_text(json.dumps(documents), encoding="utf-8")
    return path


WRITERS = {
    "people.csv": write_csv,
    "people.xlsx": write_xlsx,
    "people.parquet": write_flat_parquet,
    "companies.parquet": write_nested_parquet,
    "companies.jsonl": write_lines,
    "companies.ndjson": write_lines,
    "companies.json": write_json,
}
