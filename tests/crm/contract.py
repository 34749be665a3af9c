"""What every CRM destination must do. A vendor's own test is a way to look into it, and a subclass of this."""

import pytest

from openprospect.sync.destinations.opening import held_in
from openprospect.sync.errors import DestinationRefused
from tests.crm.belonging import BelongingContract
from tests.crm.erasure import ErasureContract
from tests.crm.holding import HoldingContract
from tests.crm.identity import IdentityContract
from tests.crm.office import Office, SeenCompany, SeenContact
from tests.crm.runs import by_email, configure, contact, domain_of, emails, names, sync, url_of
from tests.sync.feed_server import Feed, FeedServer, company, person


class CrmContract(BelongingContract, IdentityContract, ErasureContract, HoldingContract):
    def test_a_first_sync_makes_every_company_and_person_once(self, office: Office, server: FeedServer, feed: Feed) -> None:
        feed.deliver(*[company(n, people=2) for n in range(30)])

        summary = sync(office, server)

        assert summary.outcomes == {"created": 90}
        assert names(office.companies()) == sorted(f"Grand Hotel {n}" for n in range(30))
        for one in office.contacts():
            [employer] = [seen for seen in office.companies() if seen.id in one.companies]
            assert one.email is not None
            assert domain_of(employer) == one.email.partition("@")[2]

    def test_a_crm_with_records_of_its_own_ends_with_no_double_no_new_owner_and_no_emptied_field(
        self, office: Office, server: FeedServer, feed: Feed, own_companies: int
    ) -> None:
        matching = own_companies // 10
        for n in range(own_companies):
            office.own_company(name=f"Ours {n}", domain=f"hotel-{n}.example", owner="owner-1", phone=f"+49 {n}")
        for n in range(matching):
            office.own_contact(last_name=f"Our {n}", email=f"maria.0@hotel-{n}.example", owner="owner-2", phone="+49 30")
        before: list[SeenCompany | SeenContact] = [*office.companies(), *office.contacts()]
        feed.deliver(*[company(n, people=2) for n in range(matching)])
        feed.deliver(*[company(own_companies + n, people=1, website_url=f"https://new-{n}.example") for n in range(matching)])

        assert sync(office, server).error is None
        assert sync(office, server, full=True).error is None

        companies, contacts = office.companies(), office.contacts()
        assert len(companies) == own_companies + matching
        assert len({domain_of(seen) for seen in companies}) == len(companies)
        assert len(contacts) == 3 * matching
        assert len({seen.email for seen in contacts}) == len(contacts)
        after: dict[str, SeenCompany | SeenContact] = {**{seen.id: seen for seen in companies}, **{seen.id: seen for seen in contacts}}
        for seen in before:
            kept = {name: value for name, value in vars(seen).items() if value and name != "companies"}
            assert {name: getattr(after[seen.id], name) for name in kept} == kept
        assert sum(seen.external_id is not None for seen in companies) == 2 * matching

    def test_blank_fields_are_filled_and_our_own_values_renewed_but_yours_are_kept(
        self, office: Office, server: FeedServer, feed: Feed
    ) -> None:
        key = office.own_contact(last_name="Ours", email="maria.0@hotel-1.example", owner="owner-1")
        feed.deliver(company(1, people=1), company(2, people=1))
        sync(office, server)
        feed.deliver(
            company(1, prospects=[person(1, 0, last_name="Theirs", job_title="Owner")]),
            company(2, prospects=[person(2, 0, first_name="Anna")]),
        )

        sync(office, server)

        ours, theirs = contact(office, key), by_email(office, "maria.0@hotel-2.example")
        assert (ours.first_name, ours.last_name, ours.title) == ("Maria", "Ours", "Owner")
        assert theirs.first_name == "Anna"

    def test_a_policy_of_the_mapping_overwrites_or_never_writes_a_field(self, office: Office, server: FeedServer, feed: Feed) -> None:
        key = office.own_contact(last_name="Ours", email="maria.0@hotel-1.example", owner="owner-1", phone="old")
        configure(
            office,
            "[crm.{name}.contacts.fields]\n"
            "{phone} = {{ from = 'attributes.phone', policy = 'overwrite' }}\n"
            "{title} = {{ policy = 'never' }}",
        )
        feed.deliver(company(1, prospects=[person(1, 0, attributes={"phone": "+49 30 901820"})]), company(2, prospects=[person(2, 0)]))

        sync(office, server)

        assert (contact(office, key).phone, contact(office, key).title) == ("+49 30 901820", None)
        assert by_email(office, "maria.0@hotel-2.example").phone is None

    def test_a_new_mapping_reaches_what_is_there_already(self, office: Office, server: FeedServer, feed: Feed) -> None:
        feed.deliver(company(1, people=0, attributes={"phone": "+49 30 901820"}))
        sync(office, server)
        configure(office, "[crm.{name}.companies.fields]\n{company_phone} = 'attributes.phone'")

        sync(office, server)

        assert [seen.phone for seen in office.companies()] == ["+49 30 901820"]

    def test_a_refused_row_is_logged_blocks_nothing_and_goes_in_once_its_cause_is_mended(
        self, office: Office, server: FeedServer, feed: Feed
    ) -> None:
        feed.deliver(*[company(n, people=1) for n in range(20)])
        feed.deliver(company(20, prospects=[person(20, 0, first_name="Refused")]))
        office.refuse("Refused")

        first, second = sync(office, server), sync(office, server)

        assert (first.error, first.outcomes["created"], first.outcomes["rejected"]) == (None, 41, 1)
        assert (second.outcomes["rejected"], second.delivered_until) == (1, feed.watermark)
        [held] = held_in(url_of(office))
        assert held.rejected is not None
        [refusal] = held.rejected
        assert (refusal.kind, refusal.id) == ("contact", person(20, 0)["id"])
        assert "Refused" in refusal.reason
        office.mend()
        assert sync(office, server).outcomes == {"created": 1}
        assert by_email(office, "maria.0@hotel-20.example").first_name == "Refused"
        assert held_in(url_of(office))[0].rejected == []

    def test_people_of_a_refused_company_wait_for_it(self, office: Office, server: FeedServer, feed: Feed) -> None:
        feed.deliver(company(1, people=2, name="Refused"), company(2, people=1))
        office.refuse("Refused")
        assert sync(office, server).outcomes == {"created": 2, "rejected": 3}
        office.mend()

        assert sync(office, server).outcomes == {"created": 3}

        assert len({key for seen in office.contacts() for key in seen.companies}) == 2

    def test_people_of_a_company_that_the_crm_has_but_will_not_change_wait_for_it(
        self, office: Office, server: FeedServer, feed: Feed
    ) -> None:
        configure(office, "[crm.{name}.companies.fields]\n{company_name} = {{ policy = 'overwrite' }}")
        key = office.own_company(name="Ours", domain="hotel-1.example", owner="owner-1")
        feed.deliver(company(1, people=1, name="Refused"))
        office.refuse("Refused")
        assert sync(office, server).outcomes == {"rejected": 2}
        office.mend()

        assert sync(office, server).outcomes == {"updated": 1, "created": 1}

        assert [seen.companies for seen in office.contacts()] == [frozenset({key})]

    def test_an_erased_person_is_deleted_and_the_receipt_waits_until_then(self, office: Office, server: FeedServer, feed: Feed) -> None:
        feed.deliver(company(1, people=2), company(2, people=1))
        sync(office, server)
        before = feed.watermark
        feed.deliver(company(1, people=1))
        feed.deliver(company(3, people=1))
        office.refuse_deletes()

        summary = sync(office, server)

        assert (summary.error, summary.outcomes["rejected"], summary.delivered_until) == (None, 1, before)
        assert len(office.companies()) == 3
        sync(office, server)
        assert feed.confirmed == [before]
        assert f"delivered_since={feed.watermark}" not in "".join(server.polls())
        office.mend()
        assert sync(office, server).outcomes["erased"] == 1
        assert feed.confirmed == [before, feed.watermark]
        assert sorted(emails(office)) == ["maria.0@hotel-1.example", "maria.0@hotel-2.example", "maria.0@hotel-3.example"]

    def test_an_erased_person_whom_the_crm_will_not_let_go_keeps_nobody_else(self, office: Office, server: FeedServer, feed: Feed) -> None:
        feed.deliver(company(1, people=4))
        sync(office, server)
        before = feed.watermark
        office.lock(by_email(office, "maria.1@hotel-1.example").id)
        feed.deliver(company(1, people=1))

        summary = sync(office, server)

        assert (summary.outcomes["erased"], summary.outcomes["rejected"], summary.delivered_until) == (2, 1, before)
        assert sorted(emails(office)) == ["maria.0@hotel-1.example", "maria.1@hotel-1.example"]
        [refusal] = held_in(url_of(office))[0].rejected or []
        assert refusal.id == person(1, 1)["id"]
        office.mend()
        assert sync(office, server).outcomes["erased"] == 1
        assert emails(office) == ["maria.0@hotel-1.example"]

    def test_an_erased_person_whom_the_crm_had_before_keeps_what_did_not_come_from_us(
        self, office: Office, server: FeedServer, feed: Feed
    ) -> None:
        key = office.own_contact(last_name="Ours", email="maria.0@hotel-1.example", owner="owner-1")
        feed.deliver(company(1, people=1))
        sync(office, server)
        assert contact(office, key).first_name == "Maria"
        feed.deliver(company(1, people=0))

        summary = sync(office, server)

        seen = contact(office, key)
        assert (seen.first_name, seen.title, seen.external_id) == (None, None, None)
        assert (seen.last_name, seen.email, seen.owner) == ("Ours", "maria.0@hotel-1.example", contact(office, key).owner)
        assert summary.delivered_until == feed.watermark

    def test_an_erased_person_is_anonymised_if_so_set(self, office: Office, server: FeedServer, feed: Feed) -> None:
        configure(office, "[crm.{name}.contacts]\ngone = 'anonymise'")
        feed.deliver(company(1, prospects=[person(1, 0, first_name="Anna", last_name="Schmidt")]))
        sync(office, server)
        feed.deliver(company(1, people=0))

        sync(office, server)

        [seen] = office.contacts()
        assert {"Anna", "Schmidt", "maria.0@hotel-1.example"} & {seen.first_name, seen.last_name, seen.email} == set()
        assert seen.external_id is None

    def test_a_withdrawn_company_is_marked_and_its_mark_removed_when_it_is_back(
        self, office: Office, server: FeedServer, feed: Feed
    ) -> None:
        key = office.own_company(name="Ours", domain="hotel-1.example", owner="owner-1")
        feed.deliver(company(1, people=0), company(2, people=1))
        sync(office, server)
        feed.withdraw(company(1)["id"])
        feed.withdraw(company(2)["id"])

        sync(office, server)

        assert [seen.removed_on is not None for seen in office.companies()] == [True, True]
        assert office.contacts() == []
        feed.deliver(company(1, people=0))
        sync(office, server)
        assert {seen.id: seen.removed_on is not None for seen in office.companies()}[key] is False

    def test_a_withdrawn_company_is_deleted_if_so_set_but_never_one_that_the_crm_had(
        self, office: Office, server: FeedServer, feed: Feed
    ) -> None:
        configure(office, "[crm.{name}.companies]\ngone = 'delete'")
        key = office.own_company(name="Ours", domain="hotel-1.example", owner="owner-1")
        feed.deliver(company(1, people=0), company(2, people=0))
        sync(office, server)
        feed.withdraw(company(1)["id"])
        feed.withdraw(company(2)["id"])

        sync(office, server)

        assert [(seen.id, seen.removed_on is not None) for seen in office.companies()] == [(key, True)]

    def test_where_the_server_tells_no_times_only_a_full_run_takes_out_what_is_gone(
        self, office: Office, server: FeedServer, feed: Feed
    ) -> None:
        server.links = server.watermarks = False
        feed.deliver(company(1, people=1), company(2, people=1), is_stamped=False)
        sync(office, server)
        feed.withdraw(company(1)["id"])

        sync(office, server)

        assert len(office.contacts()) == 2
        sync(office, server, full=True)
        assert emails(office) == ["maria.0@hotel-2.example"]

    def test_a_field_that_the_crm_does_not_have_is_named_before_anything_is_written(
        self, office: Office, server: FeedServer, feed: Feed
    ) -> None:
        configure(office, "[crm.{name}.companies.fields]\nno_such_field = 'name'")
        feed.deliver(company(1))

        with pytest.raises(DestinationRefused, match="no_such_field"):
            sync(office, server)

        assert office.companies() == []
