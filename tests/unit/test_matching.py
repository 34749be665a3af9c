"""Which company is which: delivered rows held against what the feed knows."""

from collections.abc import Sequence
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from openprospect.server.core.errors import Fault
from openprospect.server.feed.model import CompanyId, CompanyRow
from openprospect.server.feed.rows.company_keys import company_key, source_id_digest
from openprospect.server.feed.rows.matching import (
    KnownCompanies,
    KnownCompany,
    Match,
    match_companies,
)

ONE, TWO, NEW = (CompanyId(UUID(int=number)) for number in (1, 2, 99))


def a_company(
    company_id: CompanyId, *, source_id: str | None = None, website_url: str | None = None, name: str = "x", is_withdrawn: bool = False
) -> KnownCompany:
    return KnownCompany(
        id=company_id,
        identity=company_key(CompanyRow(source_id=source_id, website_url=website_url, name=name)).digest,
        source_id=source_id,
        position=1,
        content_hash=None if is_withdrawn else b"content",
        prospects=0,
    )


def a_row(
    name: str = "x", *, company_id: CompanyId | None = None, source_id: str | None = None, website_url: str | None = None
) -> CompanyRow:
    return CompanyRow(name=name, id=company_id, source_id=source_id, website_url=website_url)


def told(rows: Sequence[CompanyRow], known: KnownCompanies) -> tuple[list[Match], dict[int, list[Fault]]]:
    found = match_companies(rows, known)
    return found.matches, found.faults


def matched(row: CompanyRow, *known: KnownCompany) -> Match:
    matches, faults = told([row], KnownCompanies(known))
    assert not faults
    return matches[0]


def fields(faults: dict[int, list[Fault]]) -> dict[int, list[str]]:
    return {index: [fault.field for fault in found] for index, found in faults.items()}


def test_the_same_id_is_the_same_company_whatever_else_changed() -> None:
    match = matched(a_row("renamed", company_id=ONE, source_id="new"), a_company(ONE, source_id="old"))
    assert (match.company_id, match.source_id) == (ONE, "new")
    assert match.identity == source_id_digest("new")


def test_the_same_source_id_is_the_same_company() -> None:
    known = a_company(ONE, source_id="crm-1", website_url="https://old.example")
    assert matched(a_row("renamed", source_id="crm-1", website_url="https://new.example"), known).known is known


def test_a_known_source_id_wins_over_an_unknown_id() -> None:
    match = matched(a_row(company_id=NEW, source_id="crm-1"), a_company(ONE, source_id="crm-1"))
    assert match.company_id == ONE


def test_the_same_host_is_the_same_company_where_neither_has_a_source_id() -> None:
    known = a_company(ONE, website_url="https://www.hotel.example/rooms")
    assert matched(a_row("renamed", website_url="http://HOTEL.example"), known).known is known


def test_a_host_means_nothing_where_one_side_has_a_source_id() -> None:
    host = "https://hotel.example"
    assert matched(a_row(source_id="crm-1", website_url=host), a_company(ONE, website_url=host)).known is None
    assert matched(a_row(website_url=host), a_company(ONE, source_id="crm-1", website_url=host)).known is None


def test_the_same_name_is_the_same_company_where_there_is_nothing_else() -> None:
    known = a_company(ONE, name="Grand Hotel")
    assert matched(a_row(" grand  HOTEL"), known).known is known
    assert matched(a_row("Grand Hotel", website_url="https://hotel.example"), known).known is None


def test_a_withdrawn_company_is_known_all_the_same() -> None:
    known = a_company(ONE, source_id="crm-1", is_withdrawn=True)
    assert matched(a_row(source_id="crm-1"), known).known is known


def test_a_source_id_once_given_stays_where_it_is_left_out() -> None:
    match = matched(a_row(company_id=ONE, website_url="https://hotel.example"), a_company(ONE, source_id="crm-1"))
    assert match.source_id == "crm-1"
    assert match.identity == source_id_digest("crm-1")


def test_a_new_company_keeps_the_id_that_it_came_with() -> None:
    assert matched(a_row(company_id=NEW, source_id="crm-2"), a_company(ONE, source_id="crm-1")).company_id == NEW


def test_new_companies_without_an_id_get_fresh_ones() -> None:
    matches, faults = told([a_row("a"), a_row("b")], KnownCompanies([]))
    assert not faults
    assert len({match.company_id for match in matches}) == 2


def test_a_row_that_is_two_companies_is_rejected_with_its_index_and_field() -> None:
    known = [a_company(ONE, source_id="one"), a_company(TWO, source_id="two"), a_company(NEW, website_url="https://hotel.example")]
    rows = [
        a_row(source_id="one"),
        a_row(company_id=ONE, source_id="two"),
        a_row(company_id=NEW, source_id="two"),
    ]
    matches, faults = told(rows, KnownCompanies(known))
    assert [match.index for match in matches] == [0]
    assert fields(faults) == {1: ["source_id"], 2: ["source_id"]}


def test_a_row_whose_host_is_another_company_than_its_id_is_rejected() -> None:
    known = [a_company(ONE, website_url="https://one.example"), a_company(TWO, website_url="https://two.example")]
    assert fields(told([a_row(company_id=ONE, website_url="https://two.example")], KnownCompanies(known))[1]) == {0: ["website_url"]}


def test_the_second_row_of_one_company_is_rejected_and_told_which_was_first() -> None:
    known = [a_company(ONE, source_id="one")]
    rows = [
        a_row(source_id="one"),
        a_row(company_id=ONE),
        a_row(source_id="new"),
        a_row(source_id="new"),
        a_row(website_url="https://hotel.example"),
        a_row(website_url="http://www.hotel.example/de"),
        a_row("Grand Hotel"),
        a_row("GRAND HOTEL"),
        a_row(company_id=NEW, source_id="this"),
        a_row(company_id=NEW, source_id="that"),
    ]
    matches, faults = told(rows, KnownCompanies(known))
    assert [match.index for match in matches] == [0, 2, 4, 6, 8]
    assert fields(faults) == {1: ["id"], 3: ["source_id"], 5: ["website_url"], 7: ["name"], 9: ["id"]}
    assert all(f"row {index - 1} " in found[0].reason for index, found in faults.items())


def test_a_rejected_row_does_not_stand_in_the_way_of_a_good_one() -> None:
    known = [a_company(ONE, source_id="one"), a_company(TWO, source_id="two")]
    matches, faults = told([a_row(company_id=ONE, source_id="two"), a_row(source_id="one"), a_row(source_id="two")], KnownCompanies(known))
    assert list(faults) == [0]
    assert [match.company_id for match in matches] == [ONE, TWO]


IDS = st.sampled_from([ONE, TWO, NEW, None])
SOURCES = st.sampled_from(["s", "t", None])
WEBSITES = st.sampled_from(["https://h.example", "https://i.example", None])
ROWS = st.lists(st.builds(lambda i, s, w: a_row(company_id=i, source_id=s, website_url=w), IDS, SOURCES, WEBSITES), max_size=5)


@given(st.lists(ROWS, max_size=4))
def test_whatever_is_delivered_no_two_companies_share_an_id_or_what_they_are_known_by(batches: list[list[CompanyRow]]) -> None:
    feed: dict[CompanyId, KnownCompany] = {}
    for rows in batches:
        matches, faults = told(rows, KnownCompanies(feed.values()))
        assert sorted([*faults, *(match.index for match in matches)]) == list(range(len(rows)))
        assert len({match.company_id for match in matches}) == len(matches)
        for match in matches:
            assert (match.known is not None) == (match.company_id in feed)
            # A company that is found anew by what was just stored is the same one.
            feed[match.company_id] = a_company(match.company_id, source_id=match.source_id, website_url=match.row.website_url)
            assert feed[match.company_id].identity == match.identity
        assert len({company.identity for company in feed.values()}) == len(feed)
