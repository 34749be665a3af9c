"""HubSpot, as its documentation has it."""

from collections.abc import Iterator
from typing import ClassVar

import pytest

from openprospect.sync.destinations.opening import held_in
from tests.crm.contract import CrmContract
from tests.crm.fake_office import FakeOffice, reached
from tests.crm.faults import FaultContract
from tests.crm.hubspot_fake import TOKEN, HubSpotFake
from tests.crm.office import SeenCompany, SeenContact, blank
from tests.crm.owners import OwnerContract
from tests.crm.runs import sync, url_of
from tests.sync.feed_server import Feed, FeedServer, company, person


class HubSpotOffice(FakeOffice[HubSpotFake]):
    name = "hubspot"
    fields: ClassVar = {
        "company_name": "name",
        "company_phone": "phone",
        "first_name": "firstname",
        "title": "jobtitle",
        "phone": "phone",
        "owner": "hubspot_owner_id",
    }

    def own_company(self, *, name: str, domain: str, owner: str, phone: str | None = None) -> str:
        return self.fake.make("companies", name=name, domain=domain, hubspot_owner_id=owner, phone=phone or "")

    def own_contact(self, *, last_name: str, email: str, owner: str, phone: str | None = None) -> str:
        return self.fake.make("contacts", lastname=last_name, email=email, hubspot_owner_id=owner, phone=phone or "")

    def companies(self) -> list[SeenCompany]:
        return [
            SeenCompany(
                id=one.id,
                external_id=blank(one.properties.get("openprospect_id")),
                name=blank(one.properties.get("name")),
                website=blank(one.properties.get("domain") or one.properties.get("website")),
                owner=blank(one.properties.get("hubspot_owner_id")),
                phone=blank(one.properties.get("phone")),
                removed_on=blank(one.properties.get("openprospect_removed_on")),
            )
            for one in self.fake.tables["companies"].objects.values()
        ]

    def contacts(self) -> list[SeenContact]:
        return [
            SeenContact(
                id=one.id,
                external_id=blank(one.properties.get("openprospect_id")),
                first_name=blank(one.properties.get("firstname")),
                last_name=blank(one.properties.get("lastname")),
                email=blank(one.properties.get("email")),
                title=blank(one.properties.get("jobtitle")),
                phone=blank(one.properties.get("phone")),
                owner=blank(one.properties.get("hubspot_owner_id")),
                companies=frozenset(company for contact, company in self.fake.associations if contact == one.id),
            )
            for one in self.fake.tables["contacts"].objects.values()
        ]

    def delete(self, key: str) -> None:
        self.fake.delete(key)

    def merge(self, contact: str, *, into: str) -> str:
        """As somebody does it who takes out the further e-mail that HubSpot then keeps."""
        left = self.fake.merge("contacts", into, contact)
        self.take_further_emails_out(left)
        return left

    def holds(self, value: str) -> bool:
        return any(value in one.properties.values() for table in self.fake.tables.values() for one in table.objects.values())

    def give_id(self, contact: str, external_id: str) -> None:
        self.fake.tables["contacts"].objects[contact].properties["openprospect_id"] = external_id

    def call(self, contact: str, phone: str) -> None:
        self.fake.tables["contacts"].objects[contact].properties["phone"] = phone

    def become_another(self, _: pytest.MonkeyPatch) -> str:
        self.fake.portal_id += 1
        return f"hubspot:{self.fake.portal_id}"

    def take_further_emails_out(self, contact: str) -> None:
        del self.fake.tables["contacts"].objects[contact].properties["hs_additional_emails"]

    def take_id_out(self, contact: str) -> None:
        del self.fake.tables["contacts"].objects[contact].properties["openprospect_id"]


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[HubSpotFake]:
    with reached(HubSpotFake(), "HUBSPOT", TOKEN, monkeypatch) as fake:
        yield fake


@pytest.fixture
def office(fake: HubSpotFake) -> HubSpotOffice:
    return HubSpotOffice(fake)


class TestHubSpot(CrmContract, OwnerContract):
    @pytest.fixture
    def own_companies(self) -> int:
        return 2_000

    def test_an_address_that_a_merge_left_beside_the_first_is_named_until_somebody_takes_it_out(
        self, office: HubSpotOffice, server: FeedServer, feed: Feed
    ) -> None:
        feed.deliver(company(1, people=1))
        sync(office, server)
        [ours] = office.contacts()
        theirs = office.own_contact(last_name="Ours", email="old@hotel-1.example", owner="owner-1")
        left = office.fake.merge("contacts", theirs, ours.id)
        feed.deliver(company(1, people=0))

        assert sync(office, server).outcomes["rejected"] == 1

        [refusal] = held_in(url_of(office))[0].rejected or []
        assert left in refusal.reason
        assert office.contacts()[0].first_name is None
        assert feed.confirmed[-1] != feed.watermark
        office.take_further_emails_out(left)
        assert sync(office, server).outcomes["erased"] == 1
        assert feed.confirmed[-1] == feed.watermark

    def test_a_person_who_moves_is_known_by_an_address_in_letters_of_any_script(
        self, office: HubSpotOffice, server: FeedServer, feed: Feed
    ) -> None:
        feed.deliver(company(1, prospects=[person(1, 0, email="ümit@hotel.example")]))
        sync(office, server)
        [before] = office.contacts()
        feed.deliver(company(1, people=0), company(2, prospects=[person(2, 0, email="\u2003ÜMIT@hotel.example")]))

        sync(office, server)

        assert [seen.id for seen in office.contacts()] == [before.id]

    def test_a_person_whose_address_a_contact_of_yours_has_beside_its_first_is_that_contact(
        self, office: HubSpotOffice, server: FeedServer, feed: Feed
    ) -> None:
        theirs = office.own_contact(last_name="Ours", email="first@hotel-1.example", owner="owner-1")
        office.fake.tables["contacts"].objects[theirs].properties["hs_additional_emails"] = "other@b.example;maria.0@hotel-1.example"
        feed.deliver(company(1, people=2))

        summary = sync(office, server)

        assert (summary.outcomes, len(office.contacts())) == ({"created": 2, "updated": 1}, 2)
        seen = next(one for one in office.contacts() if one.id == theirs)
        assert (seen.email, seen.first_name, seen.last_name) == ("first@hotel-1.example", "Maria", "Ours")
        feed.deliver(company(1, people=0))
        sync(office, server)
        [seen] = office.contacts()
        assert (seen.id, seen.email, seen.first_name, seen.external_id) == (theirs, "first@hotel-1.example", None, None)
        assert feed.confirmed[-1] == feed.watermark


class TestHubSpotFaults(FaultContract):
    @pytest.fixture
    def token(self) -> str:
        return TOKEN


class TestHubSpotThatRefusesWholeBatches(CrmContract):
    """The documentation does not say whether a bad row takes its batch with it; here it does."""

    @pytest.fixture
    def own_companies(self) -> int:
        return 100

    @pytest.fixture(autouse=True)
    def _all_or_nothing(self, fake: HubSpotFake) -> None:
        fake.multi_status = False
