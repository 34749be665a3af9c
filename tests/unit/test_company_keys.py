"""What a company is known by."""

import pytest

from openprospect.server.feed.model import CompanyRow
from openprospect.server.feed.rows.company_keys import company_key, company_keys, source_id_digest

HOST, NAME = "https://WWW.Bücher.example:443/x", "Grand  HOTEL Straße"

KEPT = {
    "source_id": "45b417ab59a47029f148d373fe1d6346",
    "website_url": "6501df28adde7434782b18e50d0bd084",
    "name": "15795d0e32af3ab1215bae4dba15ff5d",
}
"""As databases have them, where another digest would make every company a new one."""


def test_a_company_is_known_by_source_id_then_host_then_name_and_by_the_digests_that_databases_keep() -> None:
    keys = company_keys(source_id="crm-1001", website_url=HOST, name=NAME)
    assert [(key.field, key.digest.hex()) for key in keys] == list(KEPT.items())


@pytest.mark.parametrize(
    ("row", "field"),
    [
        (CompanyRow(source_id="crm-1001", website_url=HOST, name=NAME), "source_id"),
        (CompanyRow(website_url=HOST, name=NAME), "website_url"),
        (CompanyRow(name=NAME), "name"),
    ],
    ids=KEPT,
)
def test_a_row_goes_by_the_best_of_what_it_has(row: CompanyRow, field: str) -> None:
    key = company_key(row)
    assert (key.field, key.digest.hex()) == (field, KEPT[field])


def test_what_is_blank_is_no_key() -> None:
    assert list(company_keys(source_id="", website_url=None, name="")) == []


def test_one_text_in_two_fields_is_two_keys() -> None:
    assert source_id_digest("a.example") not in {
        key.digest for key in company_keys(source_id=None, website_url="a.example", name="a.example")
    }
