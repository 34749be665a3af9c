"""The sample: real listed companies with their sites, and people who do not exist, as a CRM would export them.

Nothing about a real person is in it: names come from Faker, addresses end in `.example`, which nobody can own.
"""

import csv
import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, TextIO
from zlib import crc32

from faker import Faker
from pytickersymbols import PyTickerSymbols

COLUMNS = (
    *("source_id", "company_name", "website_url", "industry", "headquarters", "sample"),
    *("first_name", "last_name", "email", "job_title"),
)
_LOCALES = {
    "Austria": "de_AT",
    "Finland": "fi_FI",
    "France": "fr_FR",
    "Germany": "de_DE",
    "Italy": "it_IT",
    "Netherlands": "nl_NL",
    "Poland": "pl_PL",
    "Spain": "es_ES",
    "Sweden": "sv_SE",
    "Switzerland": "de_CH",
    "United Kingdom": "en_GB",
}
_TITLES = ("Head of Sales", "Chief Operating Officer", "Head of Procurement", "IT Director", "Marketing Manager", "Head of Logistics")
_SITE = re.compile(r"(?:https?://)?(?P<host>(?:[a-z0-9-]+\.)+[a-z]{2,})\b", re.IGNORECASE)


def write_sample(path: Path) -> int:
    """Write the sample as CSV, the same bytes every time; answers the number of companies."""
    with path.open("w", encoding="utf-8", newline="") as file:
        return _write(file)


def _write(file: TextIO) -> int:
    writer = csv.DictWriter(file, COLUMNS)
    writer.writeheader()
    companies = list(_companies())
    for company, locale in companies:
        writer.writerows(company | person for person in _people(company["source_id"], locale))
    return len(companies)


def _companies() -> Iterator[tuple[dict[str, str], str]]:
    """Each company with the language its people's names are in."""
    stocks: dict[str, dict[str, Any]] = {_slug(stock["name"]): stock for stock in PyTickerSymbols().get_all_stocks()}
    for slug, stock in sorted(stocks.items()):
        about = stock.get("metadata", {})
        site = _SITE.match(str(about.get("website", "")).strip())
        if site:
            company = {
                "source_id": f"crm-{slug}",
                "company_name": stock["name"],
                "website_url": f"https://{site['host'].lower()}",
                "industry": next(iter(stock.get("industries", ())), ""),
                "headquarters": re.sub(r"\s+,", ",", str(about.get("headquarters", ""))),
                "sample": "contacts invented",
            }
            yield company, _LOCALES.get(stock.get("country", ""), "en_US")


def _people(source_id: str, locale: str) -> Iterator[dict[str, str]]:
    fake = _faker(locale)
    fake.seed_instance(crc32(source_id.encode()))
    titles = fake.random_elements(_TITLES, length=fake.random_int(1, 3), unique=True)
    for title in titles:
        first_name, last_name = fake.first_name(), fake.last_name()
        yield {
            "first_name": first_name,
            "last_name": last_name,
            "email": f"{_slug(first_name)}.{_slug(last_name)}@{source_id.removeprefix('crm-')}.example",
            "job_title": title,
        }


@cache
def _faker(locale: str) -> Faker:
    return Faker(locale)


def _slug(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
