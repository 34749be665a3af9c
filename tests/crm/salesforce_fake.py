"""Salesforce's REST API as its documentation has it, as far as a sync needs it; `test_salesforce_sdk.py` checks it."""

import itertools
import re
from base64 import b64encode
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qs

from tests.crm.vendor_server import Call, Reply, VendorServer

TOKEN, CLIENT_ID, CLIENT_SECRET = "00D-session-of-the-test", "client-1", "secret-of-the-client"
API_USER = "005000000000001AAA"
_DATA = r"/services/data/v\d+\.0"
_MOST_RECORDS = 200
_PREFIX = {"Account": "001", "Contact": "003", "Organization": "00D"}
_REQUIRED = {"Account": ["Name", "OwnerId"], "Contact": ["LastName", "OwnerId"]}


class Failure(Exception):
    def __init__(self, code: str, message: str, *fields: str) -> None:
        super().__init__(message)
        self.code, self.message, self.fields = code, message, fields

    def result(self) -> dict[str, Any]:
        return {"success": False, "errors": [{"statusCode": self.code, "message": self.message, "fields": list(self.fields)}]}


class SalesforceFake(VendorServer):
    def __init__(self) -> None:
        super().__init__()
        self.page_records = 2_000
        self.recycle_bin: dict[str, dict[str, Any]] = {}
        self._numbers = itertools.count(1)
        self._cursors: dict[str, list[dict[str, Any]]] = {}
        common = _fields("Id", "OwnerId", "Phone", "MasterRecordId", "OpenProspect_Id__c")
        self.fields = {
            "Account": common | _fields("Name", "Website", "BillingCity", "OpenProspect_Removed_On__c"),
            "Contact": common | _fields("FirstName", "LastName", "Email", "Title", "MobilePhone", "AccountId"),
            "Organization": _fields("Id", "IsSandbox"),
        }
        self.records: dict[str, dict[str, dict[str, Any]]] = {"Account": {}, "Contact": {}, "Organization": {}}
        self.move("00D000000000001AAA")

    def make(self, kind: str, **values: str) -> str:
        """A record that somebody made in Salesforce."""
        return str(self._create(kind, values)["Id"])

    def move(self, organization: str) -> None:
        """Everything that is here is another organization's."""
        self.records["Organization"] = {organization: {"Id": organization, "IsSandbox": False}}

    def answer(self, call: Call) -> Reply:
        if call.path == "/services/oauth2/token":
            return self._token(call)
        if call.headers.get("Authorization") != f"Bearer {TOKEN}":
            return _error(401, "INVALID_SESSION_ID", "Session expired or invalid")
        for pattern, method, answer in _ROUTES:
            if call.method == method and (match := re.fullmatch(pattern, call.path)):
                try:
                    return answer(self, call, *match.groups())
                except Failure as failure:
                    return _error(400, failure.code, failure.message)
        return _error(404, "NOT_FOUND", "The requested resource does not exist")

    def quota_spent(self) -> Reply:
        return _error(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")

    def quota_headers(self) -> Mapping[str, str]:
        return {"Sforce-Limit-Info": f"api-usage={self.used_calls}/{self.daily_calls}"}

    def _token(self, call: Call) -> Reply:
        expected = "Basic " + b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
        if call.headers.get("Authorization") != expected or parse_qs(call.raw.decode()).get("grant_type") != ["client_credentials"]:
            return Reply(400, {"error": "invalid_client", "error_description": "invalid client credentials"})
        return Reply(200, {"access_token": TOKEN, "instance_url": self.url, "token_type": "Bearer"})

    def _describe(self, call: Call, kind: str) -> Reply:
        return Reply(200, {"name": kind, "fields": list(self.fields[kind].values())})

    def delete(self, key: str) -> None:
        """What somebody deletes in Salesforce; a contact of a deleted account has none."""
        for records in self.records.values():
            if key in records:
                self.recycle_bin[key] = records.pop(key)
        for one in self.records["Contact"].values():
            if one.get("AccountId") == key:
                one["AccountId"] = None

    def merge(self, kind: str, master: str, other: str) -> str:
        """The master keeps its values, and takes the other's where it has none; the other is deleted and names the master."""
        merged = self.records[kind].pop(other)
        kept = {name: value for name, value in self.records[kind][master].items() if value}
        self.recycle_bin[other] = {**merged, "MasterRecordId": master}
        self.records[kind][master] = {**merged, **kept}
        return master

    def _query(self, call: Call) -> Reply:
        query = re.fullmatch(r"SELECT (.+?) FROM (\w+)(?: WHERE (.+?))?(?: ORDER BY ([\w, ]+))?", call.query["q"])
        if query is None or len(call.query["q"]) > 100_000:
            raise Failure("MALFORMED_QUERY", "unexpected token")
        names, kind, condition = query[1].split(", "), query[2], query[3]
        if unknown := [name for name in names if name not in self.fields[kind]]:
            raise Failure("INVALID_FIELD", f"No such column '{unknown[0]}' on entity '{kind}'")
        if len(set(names)) < len(names):
            raise Failure("INVALID_FIELD", "duplicate field selected")
        holds = _condition(condition)
        deleted = [one for key, one in self.recycle_bin.items() if key.startswith(_PREFIX[kind]) and "queryAll" in call.path]
        found = [one for one in [*self.records[kind].values(), *deleted] if holds(one)]
        return self._page([{"attributes": {"type": kind}, **{name: one.get(name) for name in names}} for one in found])

    def _more(self, call: Call, cursor: str) -> Reply:
        return self._page(self._cursors.pop(cursor))

    def _page(self, records: list[dict[str, Any]]) -> Reply:
        page, rest = records[: self.page_records], records[self.page_records :]
        told: dict[str, Any] = {"totalSize": len(records), "done": not rest, "records": page}
        if rest:
            cursor = f"01g{len(rest)}"
            self._cursors[cursor] = rest
            told["nextRecordsUrl"] = f"/services/data/v62.0/query/{cursor}"
        return Reply(200, told)

    def _upsert(self, call: Call, kind: str, field: str) -> Reply:
        if not self.fields[kind].get(field, {}).get("externalId"):
            raise Failure("INVALID_FIELD", f"{field} is not an external id")

        def upsert(row: dict[str, Any]) -> dict[str, Any]:
            known = next((one for one in self.records[kind].values() if one.get(field) == row[field]), None)
            values = {name: value for name, value in row.items() if name != "attributes"}
            made = self._update(kind, known, values) if known else self._create(kind, values)
            return {"id": made["Id"], "success": True, "errors": [], "created": known is None}

        return self._each(call, upsert, kind)

    def _update_all(self, call: Call) -> Reply:
        def update(row: dict[str, Any]) -> dict[str, Any]:
            kind = row["attributes"]["type"]
            known = self.records[kind].get(row["id"])
            if known is None:
                raise Failure("ENTITY_IS_DELETED", "entity is deleted")
            self._update(kind, known, {name: value for name, value in row.items() if name not in {"attributes", "id"}})
            return {"id": row["id"], "success": True, "errors": []}

        return self._each(call, update, None)

    def _delete(self, call: Call) -> Reply:
        def delete(key: str) -> dict[str, Any]:
            kind = next(kind for kind, prefix in _PREFIX.items() if key.startswith(prefix))
            self._refuse_locked(key)
            if self.refuses_deletes:
                raise Failure("DELETE_FAILED", "Your attempt to delete could not be completed because it is associated with a case.")
            if key not in self.records[kind]:
                raise Failure("ENTITY_IS_DELETED", "entity is deleted")
            self.recycle_bin[key] = self.records[kind].pop(key)
            return {"id": key, "success": True, "errors": []}

        return Reply(200, [_attempted(delete, key) for key in call.query["ids"].split(",")])

    def _each(self, call: Call, write: Callable[[dict[str, Any]], dict[str, Any]], kind: str | None) -> Reply:
        rows: list[dict[str, Any]] = call.body["records"]
        if not 0 < len(rows) <= _MOST_RECORDS:
            raise Failure("EXCEEDED_ID_LIMIT", f"record limit reached. cannot submit more than {_MOST_RECORDS} records into this call")
        for row in rows:
            for name in set(row) - {"attributes", "id"}:
                if name not in self.fields[kind or row["attributes"]["type"]]:
                    raise Failure("INVALID_FIELD", f"No such column '{name}' on sobject of type {kind or row['attributes']['type']}")
        return Reply(200, [_attempted(write, row) for row in rows])

    def _create(self, kind: str, values: Mapping[str, Any]) -> dict[str, Any]:
        values = {**dict.fromkeys(_REQUIRED[kind]), "OwnerId": API_USER, **values}
        self._check(kind, values, own_id=None)
        key = f"{_PREFIX[kind]}{next(self._numbers):012}AAA"
        self.records[kind][key] = {**_blanked(values), "Id": key}
        return self.records[kind][key]

    def _update(self, kind: str, known: dict[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
        self._refuse_locked(known["Id"])
        self._check(kind, values, own_id=known["Id"])
        known |= _blanked(values)
        return known

    def _refuse_locked(self, key: str) -> None:
        if key in self.locked:
            raise Failure("ENTITY_IS_LOCKED", "the entity is locked for editing")

    def _check(self, kind: str, values: Mapping[str, Any], *, own_id: str | None) -> None:
        if missing := [name for name in _REQUIRED[kind] if name in values and not values[name]]:
            raise Failure("REQUIRED_FIELD_MISSING", f"Required fields are missing: {missing}", *missing)
        if values.get("Email") and not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", values["Email"]):
            raise Failure("INVALID_EMAIL_ADDRESS", f"Email: invalid email address: {values['Email']}", "Email")
        for name, value in values.items():
            is_unique = self.fields[kind][name]["unique"] and value
            if is_unique and any(one.get(name) == value and one["Id"] != own_id for one in self.records[kind].values()):
                raise Failure("DUPLICATE_VALUE", f"duplicate value found: {name} duplicates value on another record", name)
        if reason := self.refused_value(values):
            raise Failure("FIELD_CUSTOM_VALIDATION_EXCEPTION", reason)


_ROUTES: list[tuple[str, str, Callable[..., Reply]]] = [
    (rf"{_DATA}/sobjects/(Account|Contact)/describe", "GET", SalesforceFake._describe),
    (rf"{_DATA}/query(?:All)?/?", "GET", SalesforceFake._query),
    (rf"{_DATA}/query/(01g\d+)", "GET", SalesforceFake._more),
    (rf"{_DATA}/composite/sobjects/(Account|Contact)/(\w+)", "PATCH", SalesforceFake._upsert),
    (rf"{_DATA}/composite/sobjects", "PATCH", SalesforceFake._update_all),
    (rf"{_DATA}/composite/sobjects", "DELETE", SalesforceFake._delete),
]


def _fields(*names: str) -> dict[str, dict[str, Any]]:
    own: dict[str, dict[str, Any]] = {
        "OpenProspect_Id__c": {"externalId": True, "unique": True},
        "OwnerId": {"type": "reference", "nillable": False},
        "LastName": {"nillable": False},
    }
    common = {"type": "string", "externalId": False, "unique": False, "nillable": True}
    return {name: {"name": name, **common, **own.get(name, {})} for name in names}


def _condition(text: str | None) -> Callable[[Mapping[str, Any]], bool]:
    if text is None:
        return lambda one: True
    if among := re.fullmatch(r"(\w+) IN \((.+)\)", text):
        values = {_unquoted(value).lower() for value in re.findall(r"'((?:[^'\\]|\\.)*)'", among[2])}
        return lambda one: str(one.get(among[1]) or "").lower() in values
    parts = [re.fullmatch(r"(\w+) (LIKE|=) '((?:[^'\\]|\\.)*)'", part) for part in text.split(" OR ")]
    if any(part is None or len(part[0]) > 4_000 for part in parts):
        raise Failure("MALFORMED_QUERY", f"unexpected token in {text[:80]}")
    terms = [(part[1], _unquoted(part[3]).lower().strip("%")) for part in parts if part]
    return lambda one: any(value in str(one.get(name) or "").lower() for name, value in terms)


def _unquoted(value: str) -> str:
    return re.sub(r"\\(.)", r"\1", value)


def _blanked(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: None if value == "" else value for name, value in values.items()}


def _attempted(write: Callable[[Any], dict[str, Any]], row: Any) -> dict[str, Any]:
    try:
        return write(row)
    except Failure as failure:
        return failure.result()


def _error(status: int, code: str, message: str) -> Reply:
    return Reply(status, [{"errorCode": code, "message": message}])
