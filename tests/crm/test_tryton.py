"""Tryton 8.2 itself: the contract of every CRM, run against a real one."""

import json
from collections.abc import Iterator
from typing import Any, ClassVar

import pytest

from tests.crm.contract import CrmContract
from tests.crm.office import SeenCompany, SeenContact, blank
from tests.crm.tryton_server import PASSWORD, USER, TrytonServer, running

pytestmark = pytest.mark.heavy
_FIELDS = ["openprospect_id", "openprospect_removed_on", "name", "first_name", "last_name", "job_title", "employer"]
_MECHANISMS = ["email", "website", "phone", "fax"]


class TrytonOffice:
    """A party's fax stands for its owner: a field that no mapping names."""

    name = "tryton"
    fields: ClassVar = {
        "company_name": "name",
        "company_phone": "phone",
        "first_name": "first_name",
        "title": "job_title",
        "phone": "phone",
        "owner": "fax",
    }

    def __init__(self, server: TrytonServer) -> None:
        self._server = server

    def own_company(self, *, name: str, domain: str, owner: str, phone: str | None = None) -> str:
        return self._make(name=name, website=f"https://www.{domain}", fax=owner, phone=phone)

    def own_contact(self, *, last_name: str, email: str, owner: str, phone: str | None = None) -> str:
        return self._make(name=last_name, last_name=last_name, email=email, fax=owner, phone=phone)

    def companies(self) -> list[SeenCompany]:
        return [
            SeenCompany(
                id=str(one["id"]),
                external_id=blank(one["openprospect_id"]),
                name=blank(one["name"]),
                website=blank(one["website"]),
                owner=blank(one["fax"]),
                phone=blank(one["phone"]),
                removed_on=blank(one["openprospect_removed_on"]),
            )
            for one in self._parties(are_people=False)
        ]

    def contacts(self) -> list[SeenContact]:
        return [
            SeenContact(
                id=str(one["id"]),
                external_id=blank(one["openprospect_id"]),
                first_name=blank(one["first_name"]),
                last_name=blank(one["last_name"]),
                email=blank(one["email"]),
                title=blank(one["job_title"]),
                phone=blank(one["phone"]),
                owner=blank(one["fax"]),
                companies=frozenset([str(one["employer"])] if one["employer"] else []),
            )
            for one in self._parties(are_people=True)
        ]

    def delete(self, key: str) -> None:
        self._server.call("party.party.delete", [int(key)])

    def merge(self, contact: str, *, into: str) -> str:
        """By Tryton's own wizard."""
        session, *_ = self._server.run("wizard.party.replace.create")
        self._server.run("wizard.party.replace.execute", session, {"ask": {"source": int(contact), "destination": int(into)}}, "replace")
        self._server.run("wizard.party.replace.delete", session)
        return into

    def holds(self, value: str) -> bool:
        parties = self._server.call("party.party.search_read", [], 0, None, None, _FIELDS)
        mechanisms = self._server.call("party.contact_mechanism.search", [["value", "=", value]], 0, None, None)
        return bool(mechanisms) or any(value in one.values() for one in parties)

    def give_id(self, contact: str, external_id: str) -> None:
        self._server.call("party.party.write", [int(contact)], {"openprospect_id": external_id})

    def call(self, contact: str, phone: str) -> None:
        self._server.call("party.contact_mechanism.create", [{"party": int(contact), "type": "phone", "value": phone}])

    def become_another(self, monkeypatch: pytest.MonkeyPatch) -> str:
        url = self._server.url.replace("127.0.0.1", "localhost")
        monkeypatch.setenv("OPENPROSPECT_TRYTON_URL", url)
        return url.replace("http://", "tryton:")

    def take_id_out(self, contact: str) -> None:
        self._server.call("party.party.write", [int(contact)], {"openprospect_id": None})

    def refuse(self, value: str) -> None:
        allowed = [["name", "!=", value], ["OR", ["first_name", "=", None], ["first_name", "!=", value]]]
        self._rule(f"{value} is not allowed here", allowed, perm_create=True, perm_write=True, perm_delete=False)

    def refuse_deletes(self) -> None:
        self._rule("Parties are kept", [["id", "<", 0]], perm_create=False, perm_write=False, perm_delete=True)

    def lock(self, contact: str) -> None:
        self._rule("This one is left alone", [["id", "!=", int(contact)]], perm_create=False, perm_write=True, perm_delete=True)

    def mend(self) -> None:
        groups = self._server.call("ir.rule.group.search", [["model", "=", "party.party"], ["name", "like", "%e%"]], 0, None, None)
        if groups:
            self._server.call("ir.rule.group.delete", groups)

    def empty(self) -> None:
        self.mend()
        parties = self._server.call("party.party.search", [], 0, None, None)
        if parties:
            self._server.call("party.party.delete", parties)

    def _make(self, **values: str | None) -> str:
        [made] = self._server.call("party.party.create", [{name: value for name, value in values.items() if value}])
        return str(made)

    def _parties(self, *, are_people: bool) -> list[dict[str, Any]]:
        active = [["replaced_by", "=", None]]
        found = self._server.call("party.party.search_read", active, 0, None, [["id", "ASC"]], [*_FIELDS, *_MECHANISMS])
        return [one for one in found if bool(one["employer"] or one["last_name"] or one["email"]) is are_people]

    def _rule(self, name: str, domain: list[Any], **permissions: bool) -> None:
        rules = [["create", [{"domain": json.dumps(domain)}]]]
        group = {"name": name, "model": "party.party", "global_p": True, "perm_read": False, "rules": rules, **permissions}
        self._server.call("ir.rule.group.create", [group])


@pytest.fixture(scope="module")
def tryton(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TrytonServer]:
    with running(tmp_path_factory.mktemp("tryton")) as server:
        yield server


@pytest.fixture
def office(tryton: TrytonServer, monkeypatch: pytest.MonkeyPatch) -> TrytonOffice:
    monkeypatch.setenv("OPENPROSPECT_TRYTON_URL", tryton.url)
    monkeypatch.setenv("OPENPROSPECT_TRYTON_USER", USER)
    monkeypatch.setenv("OPENPROSPECT_TRYTON_PASSWORD", PASSWORD)
    office = TrytonOffice(tryton)
    office.empty()
    return office


class TestTryton(CrmContract):
    @pytest.fixture
    def own_companies(self) -> int:
        return 200
