"""Logs that an earlier version wrote: one table, in which each link has what was written of its own."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from openprospect.sync.destinations.crm.account import Account
from openprospect.sync.destinations.opening import held_in, open_destination
from openprospect.sync.errors import DestinationRefused, Unforeseen
from tests.crm.fake_office import reached
from tests.crm.runs import contact, names, sync, url_of
from tests.crm.salesforce_fake import TOKEN, SalesforceFake
from tests.crm.test_salesforce import SalesforceOffice
from tests.sync.contract import SEARCH
from tests.sync.contract import sync as sync_copy
from tests.sync.feed_server import FeedServer, company, person
from tests.sync.test_sqlite import SqliteCopy

_FORMER = """
CREATE TABLE former (
    kind TEXT NOT NULL, prospect_search_id TEXT NOT NULL, company_id TEXT NOT NULL, id TEXT NOT NULL,
    record_id TEXT, is_created INTEGER NOT NULL, applied TEXT, written TEXT NOT NULL, match TEXT, reason TEXT, tried TEXT, tried_at TEXT,
    PRIMARY KEY (kind, prospect_search_id, company_id, id)
);
INSERT INTO former
SELECT l.kind, l.prospect_search_id, l.company_id, l.id, l.record_id, coalesce(r.is_created, 1), l.applied,
       coalesce((SELECT json_group_object(key, json_extract(value, '$[0]')) FROM json_each(r.written)), '{}'),
       l.match, l.reason, l.tried, l.tried_at
FROM openprospect_crm_links l LEFT JOIN openprospect_crm_records r USING (kind, record_id);
DROP TABLE openprospect_crm_links;
DROP TABLE openprospect_crm_records;
DROP TABLE openprospect_crm_makings;
ALTER TABLE former RENAME TO openprospect_crm_links;
CREATE INDEX openprospect_crm_links_record_id ON openprospect_crm_links (kind, record_id);
CREATE INDEX openprospect_crm_links_match ON openprospect_crm_links (kind, match);
"""


@pytest.fixture
def office(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[SalesforceOffice]:
    monkeypatch.chdir(tmp_path)
    with reached(SalesforceFake(), "SALESFORCE", TOKEN, monkeypatch) as fake:
        yield SalesforceOffice(fake)


def test_a_log_of_the_former_form_goes_on_where_it_stood(office: SalesforceOffice, server: FeedServer) -> None:
    feed = server.feed(SEARCH)
    own = office.own_contact(last_name="Ours", email="maria.0@hotel-1.example", owner="owner-1")
    feed.deliver(company(1, people=2), company(2, prospects=[person(2, 0, first_name="Refused")]))
    office.refuse("Refused")
    sync(office, server)
    with closing(sqlite3.connect("log.db")) as database:
        database.executescript(_FORMER)

    assert [refusal.id for refusal in held_in(url_of(office))[0].rejected or []] == [person(2, 0)["id"]]
    assert sync(office, server).outcomes == {"rejected": 1}
    feed.deliver(company(1, people=0, name="New name"))
    assert sync(office, server).outcomes["erased"] == 2

    assert names(office.companies()) == ["Grand Hotel 2", "New name"]
    assert (contact(office, own).first_name, contact(office, own).last_name) == (None, "Ours")
    assert len(office.contacts()) == 1
    assert feed.confirmed[-1] == feed.watermark


def test_the_status_of_a_copy_that_no_crm_follows_says_what_it_is(office: SalesforceOffice, server: FeedServer, tmp_path: Path) -> None:
    server.feed(SEARCH).deliver(company(1))
    sync_copy(SqliteCopy(tmp_path / "log.db"), server)

    with pytest.raises(DestinationRefused, match=r"log.db is no log of a CRM.*sqlite:///log.db"):
        held_in(url_of(office))


def test_the_tables_of_a_log_are_all_there_or_none_is(
    office: SalesforceOffice, server: FeedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(Account, "create", lambda _: 1 / 0)
        with pytest.raises(Unforeseen):
            open_destination(url_of(office))

    with pytest.raises(DestinationRefused, match="holds nothing"):
        held_in(url_of(office))
    server.feed(SEARCH).deliver(company(1, people=1))
    assert sync(office, server).outcomes == {"created": 2}


def test_who_was_about_to_be_made_under_a_former_log_is_ours(office: SalesforceOffice, server: FeedServer) -> None:
    feed = server.feed(SEARCH)
    feed.deliver(company(1, people=1))
    sync(office, server)
    with closing(sqlite3.connect("log.db")) as database:
        database.executescript(_FORMER)
        database.execute("UPDATE openprospect_crm_links SET record_id = NULL, applied = NULL, written = '{}' WHERE kind = 'contact'")
        database.commit()
    feed.deliver(company(1, people=0))

    assert sync(office, server).error is None

    assert office.contacts() == []
    assert feed.confirmed[-1] == feed.watermark
