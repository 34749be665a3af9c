"""A CRM as its owner sees it: what the contract seeds, looks at and breaks. One class for each vendor stands in its own test."""

from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

import pytest


@dataclass(frozen=True, kw_only=True)
class SeenCompany:
    id: str
    external_id: str | None
    name: str | None
    website: str | None
    owner: str | None
    phone: str | None
    removed_on: str | None


@dataclass(frozen=True, kw_only=True)
class SeenContact:
    id: str
    external_id: str | None
    first_name: str | None
    last_name: str | None
    email: str | None
    title: str | None
    phone: str | None
    owner: str | None
    companies: frozenset[str] = field(default_factory=frozenset)


class Office(Protocol):
    name: str
    """The scheme, and the name in `[crm.NAME]`."""
    fields: ClassVar[dict[str, str]]
    """What this CRM calls `company_name`, `company_phone`, `first_name`, `title`, `phone` and `owner`."""

    def own_company(self, *, name: str, domain: str, owner: str, phone: str | None = None) -> str: ...

    def own_contact(self, *, last_name: str, email: str, owner: str, phone: str | None = None) -> str: ...

    def companies(self) -> list[SeenCompany]: ...

    def contacts(self) -> list[SeenContact]: ...

    def delete(self, key: str) -> None:
        """Somebody deletes a company or contact by hand."""

    def merge(self, contact: str, *, into: str) -> str:
        """Somebody merges a contact into another; the id of what is left."""

    def holds(self, value: str) -> bool:
        """Whether this stands in any field of any record, found at first sight or not."""

    def take_id_out(self, contact: str) -> None:
        """Somebody empties our id by hand."""

    def give_id(self, contact: str, external_id: str) -> None:
        """Somebody, or some other program, puts another id of ours in its place."""

    def call(self, contact: str, phone: str) -> None:
        """Somebody notes a contact's telephone."""

    def become_another(self, monkeypatch: pytest.MonkeyPatch) -> str:
        """From now on the credentials lead to another account, whose records have the same ids; its name."""

    def refuse(self, value: str) -> None:
        """From now on no name may be this."""

    def refuse_deletes(self) -> None:
        """From now on no contact may be deleted."""

    def lock(self, contact: str) -> None:
        """From now on this contact may neither be changed nor deleted."""

    def mend(self) -> None:
        """Refuse nothing any more."""


def blank(value: Any) -> Any:
    return value or None
