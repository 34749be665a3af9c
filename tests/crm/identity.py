"""Which record of a CRM a delivered company or person is, whatever else looks like it; a part of every CRM's contract."""

from pathlib import Path

from tests.crm.folder import InOwnFolder
from tests.crm.office import Office
from tests.crm.runs import names, sync
from tests.sync.contract import OTHER_SEARCH
from tests.sync.feed_server import Feed, FeedServer, company, person


class IdentityContract(InOwnFolder):
    def test_one_company_in_two_searches_is_one_record_until_both_have_let_it_go(
        self, office: Office, server: FeedServer, feed: Feed
    ) -> None:
        other = server.feed(OTHER_SEARCH)
        feed.deliver(company(1, people=1))
        other.deliver(company(9, website_url="http://hotel-1.example/en", prospects=[person(9, 0, email="MARIA.0@hotel-1.example")]))
        sync(office, server)
        sync(office, server, search_id=OTHER_SEARCH)
        assert (len(office.companies()), len(office.contacts())) == (1, 1)
        feed.withdraw(company(1)["id"])
        sync(office, server)
        assert [seen.removed_on for seen in office.companies()] == [None]
        assert len(office.contacts()) == 1
        other.withdraw(company(9)["id"])

        sync(office, server, search_id=OTHER_SEARCH)

        assert [seen.removed_on is not None for seen in office.companies()] == [True]
        assert office.contacts() == []

    def test_companies_that_the_feed_tells_apart_stay_apart_whatever_website_they_share(
        self, office: Office, server: FeedServer, feed: Feed
    ) -> None:
        page = "https://www.facebook.com/"
        office.own_company(name="Somebody's page", domain="facebook.com", owner="owner-1")
        for first in (1, 2):
            feed.deliver(company(first, people=0, website_url="https://chain.example"))
            feed.deliver(company(first + 2, people=0, website_url=f"{page}{first}"))
            sync(office, server)

        sync(office, server, full=True)

        assert len(office.companies()) == 5

    def test_a_record_is_for_the_first_of_new_companies_that_share_its_website(
        self, office: Office, server: FeedServer, feed: Feed
    ) -> None:
        key = office.own_company(name="Ours", domain="chain.example", owner="owner-1")
        feed.deliver(*[company(n, people=1, website_url="https://www.chain.example") for n in (1, 2, 3)])

        summary = sync(office, server)

        assert summary.outcomes == {"created": 5, "updated": 1}
        assert [seen.external_id for seen in office.companies() if seen.id == key] == [company(1)["id"]]
        assert names(office.companies()) == ["Grand Hotel 2", "Grand Hotel 3", "Ours"]
        assert len({employer for seen in office.contacts() for employer in seen.companies}) == 3

    def test_a_record_of_another_search_is_for_the_first_of_new_companies_that_share_its_website(
        self, office: Office, server: FeedServer, feed: Feed
    ) -> None:
        server.feed(OTHER_SEARCH).deliver(company(9, people=0, website_url="https://chain.example"))
        sync(office, server, search_id=OTHER_SEARCH)
        feed.deliver(*[company(n, people=0, website_url="https://chain.example") for n in (1, 2)])

        sync(office, server)

        assert names(office.companies()) == ["Grand Hotel 2", "Grand Hotel 9"]

    def test_a_new_company_is_not_taken_for_one_whose_log_is_lost(self, office: Office, server: FeedServer, feed: Feed) -> None:
        feed.deliver(company(1, people=0, website_url="https://chain.example"))
        sync(office, server)
        Path("log.db").unlink()
        feed.deliver(company(2, people=0, website_url="https://chain.example"))

        sync(office, server)

        assert names(office.companies()) == ["Grand Hotel 1", "Grand Hotel 2"]

    def test_two_people_with_one_address_are_one_contact(self, office: Office, server: FeedServer, feed: Feed) -> None:
        feed.deliver(*[company(n, prospects=[person(n, 0, email="info@chain.example")]) for n in (1, 2)])

        summary = sync(office, server)

        assert (len(office.contacts()), summary.outcomes["rejected"]) == (1, 0)

    def test_a_log_that_is_lost_makes_no_doubles(self, office: Office, server: FeedServer, feed: Feed) -> None:
        feed.deliver(*[company(n, people=2) for n in range(5)])
        sync(office, server)
        Path("log.db").unlink()

        assert sync(office, server).outcomes == {"unchanged": 15}

        assert (len(office.companies()), len(office.contacts())) == (5, 10)
