"""What we wrote belongs to the record, whoever is delivered into it; a part of every CRM's contract."""

import pytest

from tests.crm.folder import InOwnFolder
from tests.crm.office import Office
from tests.crm.runs import contact, names, sync
from tests.sync.contract import OTHER_SEARCH
from tests.sync.feed_server import Feed, FeedServer, company, person


class HoldingContract(InOwnFolder):
    @pytest.mark.parametrize("batch_companies", [1, 100])
    def test_a_person_who_moves_leaves_the_old_company_and_is_kept_up_to_date_at_the_new_one(
        self, office: Office, server: FeedServer, feed: Feed, batch_companies: int
    ) -> None:
        feed.deliver(company(1, people=1), company(2, people=0))
        sync(office, server)
        feed.deliver(company(1, people=0), company(2, prospects=[person(1, 0, job_title="Owner")]))

        sync(office, server, batch_companies=batch_companies)

        [seen] = office.contacts()
        assert seen.title == "Owner"
        assert [one.name for one in office.companies() if one.id in seen.companies] == ["Grand Hotel 2"]
        feed.deliver(company(2, prospects=[person(1, 0, job_title="Chair")]))
        assert sync(office, server).delivered_until == feed.watermark
        assert [one.title for one in office.contacts()] == ["Chair"]

    @pytest.mark.parametrize("person_id", [person(1, 0)["id"], "another-id-at-the-new-company"])
    def test_a_person_who_moves_to_a_company_that_is_refused_stays_until_that_is_taken(
        self, office: Office, server: FeedServer, feed: Feed, person_id: str
    ) -> None:
        feed.deliver(company(1, people=1))
        sync(office, server)
        [before] = office.contacts()
        office.refuse("Refused")
        feed.deliver(company(1, people=0), company(3, name="Refused", prospects=[person(1, 0, id=person_id, job_title="Owner")]))

        for _ in range(2):
            assert sync(office, server).outcomes["rejected"] == 2

        assert [(seen.id, seen.email) for seen in office.contacts()] == [(before.id, before.email)]
        office.mend()
        sync(office, server)
        [seen] = office.contacts()
        assert (seen.id, seen.title, len(seen.companies)) == (before.id, "Owner", 1)
        feed.deliver(company(3, people=0))
        assert sync(office, server).outcomes["erased"] == 1
        assert office.contacts() == []

    def test_a_person_who_moves_to_a_company_that_is_refused_and_leaves_is_gone(
        self, office: Office, server: FeedServer, feed: Feed
    ) -> None:
        feed.deliver(company(1, people=1))
        sync(office, server)
        office.refuse("Refused")
        feed.deliver(company(1, people=0), company(3, name="Refused", prospects=[person(1, 0)]))
        sync(office, server)
        feed.deliver(company(3, name="Refused", people=0))

        assert sync(office, server).outcomes["erased"] == 1

        assert office.contacts() == []
        assert feed.confirmed[-1] == feed.watermark

    def test_a_marked_company_that_is_back_under_another_name_gets_it(self, office: Office, server: FeedServer, feed: Feed) -> None:
        feed.deliver(company(1, people=0))
        sync(office, server)
        feed.withdraw(company(1)["id"])
        sync(office, server)
        feed.deliver(company(1, people=0, name="New name"))

        sync(office, server)

        assert names(office.companies()) == ["New name"]

    def test_of_two_searches_the_first_fills_a_record_and_the_other_takes_it_over_when_that_lets_go(
        self, office: Office, server: FeedServer, feed: Feed
    ) -> None:
        other = server.feed(OTHER_SEARCH)
        feed.deliver(company(1, people=1))
        other.deliver(
            company(9, website_url="https://hotel-1.example", prospects=[person(9, 0, email="maria.0@hotel-1.example", job_title="Owner")])
        )
        sync(office, server)
        sync(office, server, search_id=OTHER_SEARCH)
        assert (names(office.companies()), [seen.title for seen in office.contacts()]) == (["Grand Hotel 1"], ["General Manager"])
        feed.withdraw(company(1)["id"])
        sync(office, server)
        assert [len(seen.companies) for seen in office.contacts()] == [1]

        sync(office, server, search_id=OTHER_SEARCH)

        assert (names(office.companies()), [seen.title for seen in office.contacts()]) == (["Grand Hotel 9"], ["Owner"])
        other.deliver(company(9, people=0, website_url="https://hotel-1.example"))
        sync(office, server, search_id=OTHER_SEARCH)
        assert office.contacts() == []

    def test_people_of_a_company_that_was_deleted_by_hand_belong_to_the_one_that_is_made_for_it(
        self, office: Office, server: FeedServer, feed: Feed
    ) -> None:
        feed.deliver(company(1, people=1))
        sync(office, server)
        office.delete(office.companies()[0].id)
        feed.deliver(company(1, people=1))

        sync(office, server)

        [made] = office.companies()
        assert [seen.companies for seen in office.contacts()] == [frozenset({made.id})]

    def test_of_two_people_with_the_address_of_a_contact_of_yours_the_first_fills_it(
        self, office: Office, server: FeedServer, feed: Feed
    ) -> None:
        key = office.own_contact(last_name="Ours", email="info@chain.example", owner="owner-1")
        feed.deliver(company(1, prospects=[person(1, 0, email="info@chain.example")]))
        feed.deliver(company(2, prospects=[person(2, 0, first_name="Anna", email="info@chain.example")]))

        sync(office, server)

        assert (contact(office, key).first_name, len(office.contacts())) == ("Maria", 1)
        feed.deliver(company(2, prospects=[person(2, 0, first_name="Anna", email="info@chain.example")]))
        sync(office, server)
        assert contact(office, key).first_name == "Maria"
