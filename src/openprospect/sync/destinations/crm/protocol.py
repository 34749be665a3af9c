"""What a CRM is to us: records found by three keys, written in batches, taken out. One file a vendor speaks it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol


class Kind(StrEnum):
    COMPANY = "company"
    CONTACT = "contact"


class By(StrEnum):
    """What records are looked up by. `MATCH`: a company's domain, a contact's e-mail."""

    EXTERNAL_ID = "external id"
    RECORD_ID = "record id"
    MATCH = "match"


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A record as the CRM holds it; values are None where it holds nothing. `match` is in the form we look it up by.

    `former_ids`: records that somebody merged into this one, as far as the CRM tells. `other_matches`: further e-mails that
    nobody else can have, which only a person can take out.
    """

    id: str
    external_id: str | None = None
    match: str | None = None
    former_ids: Sequence[str] = ()
    other_matches: Sequence[str] = ()
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """Values for one record: of the one with `record_id`, else of the one with `external_id`, which is made if missing.

    A value None empties its field.
    """

    external_id: str
    record_id: str | None = None
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one write: the record's id, or the reason why the CRM refused it, in its own words."""

    record_id: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """How CRMs differ.

    `keeps_deleted`: a deleted record can still be read or brought back. `company_field`: the contact's field that names
    its company; None where the two are associated by a call of its own. `personal`: fields of a contact that hold a
    person, mapped or not. `required`: those that are never left empty, and what stands there for nobody. `kept`: those
    that cannot be emptied and say nothing about a person, such as the owner.
    """

    keeps_deleted: bool = False
    company_field: str | None = None
    personal: Sequence[str] = ()
    required: Mapping[str, str] = field(default_factory=dict)
    kept: Collection[str] = ()


class Crm(Protocol):
    """A connection to one CRM.

    Every method may be called again after a kill with the same result: none makes a second record of one external id.
    Raises `TryLater` or `FixNeeded` where it is not about single records.
    """

    @property
    def traits(self) -> Traits: ...

    def prepare(self) -> None:
        """Raises `DestinationRefused` where a field that the settings name is missing or cannot do its work."""

    def account(self) -> str:
        """Names the one body of records that this connection leads to: the same in every run, and no other's."""

    def find(self, kind: Kind, by: By, keys: Sequence[str], fields: Sequence[str]) -> list[Record]:
        """The records with one of these keys, oldest first, with the fields asked for that the CRM has.

        By record id also the record that one of these was merged into.
        """

    def write(self, kind: Kind, writes: Sequence[Write]) -> list[Outcome]:
        """An outcome for each, in order; one refused row never keeps another out."""

    def associate(self, pairs: Sequence[tuple[str, str]]) -> list[str | None]:
        """Let contacts belong to companies (record ids); for each the reason why not, or None."""

    def dissociate(self, pairs: Sequence[tuple[str, str]]) -> list[str | None]:
        """Let them not belong there any more; for each the reason why not, or None."""

    def delete(self, kind: Kind, record_ids: Sequence[str]) -> list[Outcome]:
        """An outcome for each, in order; a record that is not there is deleted."""

    def close(self) -> None: ...
