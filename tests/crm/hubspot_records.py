"""What the fake of HubSpot keeps: records with their rules, and what somebody does to them by hand. No requests."""

import itertools
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.crm.vendor_server import VendorServer

TIME = "2026-02-25T12:00:00.000Z"
_MERGED = "hs_merged_object_ids"
_UNIQUE = {"contacts": {"email"}, "companies": set[str]()}


@dataclass
class Object:
    id: str
    properties: dict[str, str]
    created_at: str

    def document(self, names: list[str]) -> dict[str, Any]:
        shown = {name: self.properties.get(name) or None for name in names}
        properties = {**shown, "hs_object_id": self.id, "createdate": self.created_at}
        return {"id": self.id, "properties": properties, "createdAt": self.created_at, "updatedAt": TIME, "archived": False}


class Failure(Exception):
    def __init__(self, status: int, category: str, message: str, **context: list[str]) -> None:
        super().__init__(message)
        self.status, self.category, self.message, self.context = status, category, message, context

    def document(self) -> dict[str, Any]:
        told = {"status": "error", "category": self.category, "message": self.message, "correlationId": "c-1"}
        return told | ({"context": self.context} if self.context else {})


@dataclass
class Table:
    properties: dict[str, dict[str, Any]]
    objects: dict[str, Object] = field(default_factory=dict)
    indexed: set[str] = field(default_factory=set)


class HubSpotRecords(VendorServer):
    def __init__(self) -> None:
        super().__init__()
        self.associations: set[tuple[str, str]] = set()
        self._numbers = itertools.count(1001)
        self.tables = {
            "companies": Table(
                _properties(
                    "name",
                    "domain",
                    "website",
                    "phone",
                    "city",
                    "openprospect_removed_on",
                    "hubspot_owner_id",
                    _MERGED,
                    "hs_additional_emails",
                )
            ),
            "contacts": Table(
                _properties(
                    "firstname",
                    "lastname",
                    "email",
                    "jobtitle",
                    "phone",
                    "mobilephone",
                    "hubspot_owner_id",
                    _MERGED,
                    "hs_additional_emails",
                )
            ),
        }

    def make(self, kind: str, **properties: str) -> str:
        """A record that somebody made in HubSpot, long enough ago to be found by search."""
        made = self.create(kind, properties)
        self.tables[kind].indexed.add(made.id)
        return made.id

    def delete(self, key: str) -> None:
        """What somebody deletes in HubSpot."""
        for kind in self.tables:
            self.remove(kind, key)

    def merge(self, kind: str, primary: str, other: str) -> str:
        """As HubSpot has it since 2025: both become a new record, with the primary's values before the other's."""
        table = self.tables[kind]
        first, second = table.objects.pop(primary), table.objects.pop(other)
        made = self.create(kind, {**second.properties, **{name: value for name, value in first.properties.items() if value}})
        made.properties["hs_additional_emails"] = second.properties.get("email", "")
        made.properties[_MERGED] = ";".join([*made.properties.get(_MERGED, "").split(";"), primary, other]).lstrip(";")
        table.indexed.add(made.id)
        self.associations = {(made.id if contact in {primary, other} else contact, company) for contact, company in self.associations}
        return made.id

    def index(self) -> None:
        for table in self.tables.values():
            table.indexed |= set(table.objects)

    def create(self, kind: str, properties: Mapping[str, str]) -> Object:
        self._check(kind, properties, own_id=None)
        number = next(self._numbers)
        made = Object(str(number), dict(properties), f"2026-02-25T12:00:00.{number % 1000:03}Z")
        self.tables[kind].objects[made.id] = made
        return made

    def update(self, kind: str, known: Object, properties: Mapping[str, str]) -> Object:
        self._check(kind, properties, own_id=known.id)
        known.properties |= properties
        return known

    def _check(self, kind: str, properties: Mapping[str, str], *, own_id: str | None) -> None:
        for name, value in properties.items():
            if name not in self.tables[kind].properties:
                raise Failure(400, "VALIDATION_ERROR", f'Property "{name}" does not exist')
            if not isinstance(value, str):
                raise Failure(400, "VALIDATION_ERROR", f"{name} is no text")
            if value and self.is_unique(kind, name):
                other = self.lookup(kind, name, value) or self._with_further_email(kind, name, value)
                if other and other.id != own_id:
                    raise Failure(409, "CONFLICT", f"{kind[:-1].capitalize()} already exists. Existing ID: {other.id}")
        if properties.get("email") and not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", properties["email"]):
            raise Failure(400, "VALIDATION_ERROR", f"Email address {properties['email']} is invalid")
        if reason := self.refused_value(properties):
            raise Failure(400, "VALIDATION_ERROR", reason)

    def lookup(self, kind: str, id_property: str | None, key: str) -> Object | None:
        objects = self.tables[kind].objects
        if id_property in {None, "hs_object_id"}:
            merged = (one for one in objects.values() if key in one.properties.get(_MERGED, "").split(";"))
            return objects.get(key) or next(merged, None)
        if not self.is_unique(kind, str(id_property)):
            raise Failure(400, "VALIDATION_ERROR", f"{id_property} is not a unique property")
        return next((one for one in objects.values() if one.properties.get(str(id_property), "").lower() == key.lower()), None)

    def _with_further_email(self, kind: str, name: str, value: str) -> Object | None:
        objects = self.tables[kind].objects.values() if name == "email" else ()
        return next((one for one in objects if value.lower() in one.properties.get("hs_additional_emails", "").split(";")), None)

    def is_unique(self, kind: str, name: str) -> bool:
        return name in _UNIQUE[kind] or bool(self.tables[kind].properties.get(name, {}).get("hasUniqueValue"))

    def remove(self, kind: str, key: str) -> None:
        self.tables[kind].objects.pop(key, None)
        self.associations = {pair for pair in self.associations if key not in pair}


def _properties(*names: str) -> dict[str, dict[str, Any]]:
    own = {"openprospect_id": {"hasUniqueValue": True}}
    return {
        name: {"name": name, "label": name, "type": "string", "fieldType": "text", "hasUniqueValue": False, **own.get(name, {})}
        for name in (*names, "openprospect_id", _MERGED, "hs_additional_emails")
    }
