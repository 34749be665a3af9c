"""A log is that of one account, and a record is ours only where it says so itself; a part of every CRM's contract."""

import sqlite3
from contextlib import closing

import pytest

from openprospect.sync.destinations.opening import held_in
from openprospect.sync.errors import DestinationRefused
from tests.crm.folder import InOwnFolder
from tests.crm.office import Office
from tests.crm.runs import configure, emails, sync, url_of
from tests.sync.feed_server import Feed, FeedServer, company


class BelongingContract(InOwnFolder):
    def test_a_log_is_refused_by_another_account_until_somebody_says_that_it_is_the_same(
        self, office: Office, server: FeedServer, feed: Feed, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        feed.deliver(company(1, people=2))
        sync(office, server)
        before = list(feed.confirmed)
        account = office.become_another(monkeypatch)
        feed.deliver(company(1, people=0))

        with pytest.raises(DestinationRefused, match=account) as refused:
            sync(office, server)

        assert refused.value.exit_code == 2
        assert (len(office.contacts()), feed.confirmed) == (2, before)
        configure(office, f"[crm.{{name}}]\naccount = '{account}'")
        assert sync(office, server).outcomes["erased"] == 2
        assert office.contacts() == []

    def test_no_other_account_is_synced_with_than_the_one_that_is_set(self, office: Office, server: FeedServer, feed: Feed) -> None:
        configure(office, "[crm.{name}]\naccount = 'another'")
        feed.deliver(company(1))

        with pytest.raises(DestinationRefused, match="'another'"):
            sync(office, server)

        assert office.companies() == []

    def test_a_log_that_names_no_account_goes_on_where_its_records_are(
        self, office: Office, server: FeedServer, feed: Feed, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        feed.deliver(company(1, people=2))
        sync(office, server)
        _forget_account()
        feed.deliver(company(1, people=1))

        assert sync(office, server).outcomes["erased"] == 1

        office.become_another(monkeypatch)
        with pytest.raises(DestinationRefused):
            sync(office, server)

    def test_a_log_that_names_no_account_is_refused_where_its_records_are_somebody_else_s(
        self, office: Office, server: FeedServer, feed: Feed
    ) -> None:
        feed.deliver(company(1, people=2))
        sync(office, server)
        _forget_account()
        for seen in office.contacts():
            office.take_id_out(seen.id)
        feed.deliver(company(1, people=0))

        with pytest.raises(DestinationRefused, match="not here as ours"):
            sync(office, server)

        assert len(office.contacts()) == 2

    def test_a_log_that_names_no_account_is_refused_where_none_of_its_records_is(
        self, office: Office, server: FeedServer, feed: Feed
    ) -> None:
        feed.deliver(company(1, people=1))
        sync(office, server)
        _forget_account()
        for key in [*(seen.id for seen in office.contacts()), *(seen.id for seen in office.companies())]:
            office.delete(key)

        with pytest.raises(DestinationRefused, match="not here as ours"):
            sync(office, server)

    @pytest.mark.parametrize("gone", ["gone = 'delete'", "gone = 'anonymise'"])
    def test_a_contact_that_we_made_and_somebody_took_our_id_out_of_loses_only_what_came_from_us(
        self, office: Office, server: FeedServer, feed: Feed, gone: str
    ) -> None:
        configure(office, f"[crm.{{name}}.contacts]\n{gone}\n[crm.{{name}}.contacts.fields]\n{{phone}} = 'attributes.phone'")
        feed.deliver(company(1, people=1))
        sync(office, server)
        [made] = office.contacts()
        office.take_id_out(made.id)
        office.call(made.id, "+49 30 1")
        feed.deliver(company(1, people=0))

        assert sync(office, server).outcomes["erased"] == 1

        assert [value for value in (made.first_name, made.email, "+49 30 1") if office.holds(value or "")] == ["+49 30 1"]
        assert feed.confirmed[-1] == feed.watermark

    def test_a_contact_that_carries_another_id_than_we_gave_it_is_named_and_left_alone(
        self, office: Office, server: FeedServer, feed: Feed
    ) -> None:
        feed.deliver(company(1, people=1))
        sync(office, server)
        [made] = office.contacts()
        office.give_id(made.id, "p-another")
        feed.deliver(company(1, people=0))

        assert sync(office, server).outcomes["rejected"] == 1

        [refusal] = held_in(url_of(office))[0].rejected or []
        assert f"{made.id} carries another id" in refusal.reason
        assert emails(office) == [made.email]
        assert feed.confirmed[-1] != feed.watermark


def _forget_account() -> None:
    """As a log of an earlier version is."""
    with closing(sqlite3.connect("log.db")) as database:
        database.execute("DROP TABLE openprospect_crm_account")
