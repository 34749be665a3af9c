"""Salesforce, as its documentation has it."""

from collections.abc import Iterator
from typing import ClassVar

import pytest

from tests.crm.contract import CrmContract
from tests.crm.fake_office import FakeOffice, reached
from tests.crm.faults import FaultContract
from tests.crm.office import SeenCompany, SeenContact
from tests.crm.owners import OwnerContract
from tests.crm.runs import configure, sync
from tests.crm.salesforce_fake import TOKEN, SalesforceFake
from tests.sync.feed_server import Feed, FeedServer, company


class SalesforceOffice(FakeOffice[SalesforceFake]):
    name = "salesforce"
    fields: ClassVar = {
        "company_name": "Name",
        "company_phone": "Phone",
        "first_name": "FirstName",
        "title": "Title",
        "phone": "Phone",
        "owner": "OwnerId",
    }

    def own_company(self, *, name: str, domain: str, owner: str, phone: str | None = None) -> str:
        return self.fake.make("Account", Name=name, Website=f"https://www.{domain}", OwnerId=owner, **({"Phone": phone} if phone else {}))

    def own_contact(self, *, last_name: str, email: str, owner: str, phone: str | None = None) -> str:
        return self.fake.make("Contact", LastName=last_name, Email=email, OwnerId=owner, **({"Phone": phone} if phone else {}))

    def companies(self) -> list[SeenCompany]:
        return [
            SeenCompany(
                id=one["Id"],
                external_id=one.get("OpenProspect_Id__c"),
                name=one.get("Name"),
                website=one.get("Website"),
                owner=one.get("OwnerId"),
                phone=one.get("Phone"),
                removed_on=one.get("OpenProspect_Removed_On__c"),
            )
            for one in self.fake.records["Account"].values()
        ]

    def contacts(self) -> list[SeenContact]:
        return [
            SeenContact(
                id=one["Id"],
                external_id=one.get("OpenProspect_Id__c"),
                first_name=one.get("FirstName"),
                last_name=one.get("LastName"),
                email=one.get("Email"),
                title=one.get("Title"),
                phone=one.get("Phone"),
                owner=one.get("OwnerId"),
                companies=frozenset([one["AccountId"]] if one.get("AccountId") else []),
            )
            for one in self.fake.records["Contact"].values()
        ]

    def delete(self, key: str) -> None:
        self.fake.delete(key)

    def merge(self, contact: str, *, into: str) -> str:
        return self.fake.merge("Contact", into, contact)

    def holds(self, value: str) -> bool:
        return any(value in one.values() for records in self.fake.records.values() for one in records.values())

    def give_id(self, contact: str, external_id: str) -> None:
        self.fake.records["Contact"][contact]["OpenProspect_Id__c"] = external_id

    def call(self, contact: str, phone: str) -> None:
        self.fake.records["Contact"][contact]["Phone"] = phone

    def become_another(self, _: pytest.MonkeyPatch) -> str:
        self.fake.move("00D000000000002AAA")
        return "salesforce:00D000000000002AAA"

    def take_id_out(self, contact: str) -> None:
        self.fake.records["Contact"][contact]["OpenProspect_Id__c"] = None


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[SalesforceFake]:
    with reached(SalesforceFake(), "SALESFORCE", TOKEN, monkeypatch) as fake:
        yield fake


@pytest.fixture
def office(fake: SalesforceFake) -> SalesforceOffice:
    return SalesforceOffice(fake)


class TestSalesforce(CrmContract, OwnerContract):
    @pytest.fixture
    def own_companies(self) -> int:
        return 2_000

    def test_an_owner_that_the_mapping_sets_keeps_nobody_from_leaving(
        self, office: SalesforceOffice, server: FeedServer, feed: Feed
    ) -> None:
        configure(office, "[crm.{name}.contacts.fields]\nOwnerId = {{ value = '005000000000009AAA', policy = 'fill' }}")
        feed.deliver(company(1, people=1))
        sync(office, server)
        feed.deliver(company(1, people=0))

        assert sync(office, server).outcomes["erased"] == 1

        assert office.contacts() == []


class TestSalesforceFaults(FaultContract):
    @pytest.fixture
    def token(self) -> str:
        return TOKEN
