"""HubSpot's CRM API as its documentation has it, as far as a sync needs it; `test_hubspot_sdk.py` holds it against HubSpot's client.

Search is behind, as the real one is: it sees only what `index` has taken in. Where the documentation is silent on whether
a batch that holds a bad row is refused as a whole, `multi_status` chooses.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from tests.crm.hubspot_records import TIME, Failure, HubSpotRecords
from tests.crm.vendor_server import Call, Reply

TOKEN = "pat-eu1-secret-of-the-test"
_MOST_INPUTS = 100


class HubSpotFake(HubSpotRecords):
    def __init__(self) -> None:
        super().__init__()
        self.multi_status = True
        self.portal_id = 4_711

    def answer(self, call: Call) -> Reply:
        if call.headers.get("Authorization") != f"Bearer {TOKEN}":
            return Reply(401, Failure(401, "INVALID_AUTHENTICATION", "Authentication credentials not found.").document())
        for pattern, method, answer in _ROUTES:
            if call.method == method and (match := re.fullmatch(pattern, call.path)):
                try:
                    return answer(self, call, *match.groups())
                except Failure as failure:
                    return Reply(failure.status, failure.document())
        return Reply(404, Failure(404, "OBJECT_NOT_FOUND", f"{call.path} is no resource").document())

    def quota_spent(self) -> Reply:
        told = {"status": "error", "message": "You have reached your daily limit.", "errorType": "RATE_LIMIT", "policyName": "DAILY"}
        return Reply(429, told)

    def quota_headers(self) -> Mapping[str, str]:
        left = self.daily_calls - self.used_calls
        return {"X-HubSpot-RateLimit-Daily": str(self.daily_calls), "X-HubSpot-RateLimit-Daily-Remaining": str(left)}

    def _details(self, call: Call) -> Reply:
        return Reply(200, {"portalId": self.portal_id, "accountType": "STANDARD", "dataHostingLocation": "eu1"})

    def _properties(self, call: Call, kind: str) -> Reply:
        return Reply(200, {"results": list(self.tables[kind].properties.values())})

    def _read_batch(self, call: Call, kind: str) -> Reply:
        inputs, id_property = _inputs(call), call.body.get("idProperty")
        found = [(key, self.lookup(kind, id_property, key)) for key in inputs_ids(inputs)]
        errors = [Failure(404, "OBJECT_NOT_FOUND", "Could not get some objects", ids=[key]).document() for key, one in found if one is None]
        results = [one.document(call.body.get("properties", [])) for _, one in found if one]
        return _batch(results, errors)

    def _upsert_batch(self, call: Call, kind: str) -> Reply:
        def upsert(row: dict[str, Any]) -> dict[str, Any]:
            id_property = row.get("idProperty", "")
            if not self.is_unique(kind, id_property):
                raise Failure(400, "VALIDATION_ERROR", f"{id_property} is not a unique property")
            known = self.lookup(kind, id_property, row["id"])
            properties = {id_property: row["id"], **row["properties"]}
            made = self.update(kind, known, properties) if known else self.create(kind, properties)
            traced = {"objectWriteTraceId": row["objectWriteTraceId"]} if "objectWriteTraceId" in row else {}
            return {**made.document([*row["properties"]]), "new": known is None, **traced}

        return self._each(kind, _inputs(call), upsert)

    def _update_batch(self, call: Call, kind: str) -> Reply:
        def update(row: dict[str, Any]) -> dict[str, Any]:
            known = self.lookup(kind, row.get("idProperty"), row["id"])
            if known is None:
                raise Failure(404, "OBJECT_NOT_FOUND", f"Object not found. objectId {row['id']}")
            return self.update(kind, known, row["properties"]).document([*known.properties])

        return self._each(kind, _inputs(call), update)

    def _archive_batch(self, call: Call, kind: str) -> Reply:
        for key in inputs_ids(_inputs(call)):
            self.remove(kind, key)
        return Reply(204)

    def _gdpr_delete(self, call: Call) -> Reply:
        if self.refuses_deletes or call.body["objectId"] in self.locked:
            raise Failure(400, "VALIDATION_ERROR", "This contact is on legal hold")
        if call.body["objectId"] not in self.tables["contacts"].objects:
            raise Failure(404, "OBJECT_NOT_FOUND", "resource not found")
        self.remove("contacts", call.body["objectId"])
        return Reply(204)

    def _search(self, call: Call, kind: str) -> Reply:
        [group] = call.body["filterGroups"]
        [condition] = group["filters"]
        values = condition.get("values") or [condition["value"]]
        if len(values) > 100:
            raise Failure(400, "VALIDATION_ERROR", "IN takes 100 values at most")
        table, start, limit = self.tables[kind], int(call.body.get("after") or 0), int(call.body.get("limit", 10))
        found = [
            one
            for key, one in table.objects.items()
            if key in table.indexed and {*one.properties.get(condition["propertyName"], "").split(";")} & {*values}
        ]
        page = [one.document(call.body.get("properties", [])) for one in found[start : start + limit]]
        paging = {"paging": {"next": {"after": str(start + limit)}}} if len(found) > start + limit else {}
        return Reply(200, {"total": len(found), "results": page, **paging})

    def _list(self, call: Call, kind: str) -> Reply:
        objects, start, limit = list(self.tables[kind].objects.values()), int(call.query.get("after", 0)), int(call.query.get("limit", 10))
        page = [one.document(call.query.get("properties", "").split(",")) for one in objects[start : start + limit]]
        paging = {"paging": {"next": {"after": str(start + limit)}}} if len(objects) > start + limit else {}
        return Reply(200, {"results": page, **paging})

    def _create_one(self, call: Call, kind: str) -> Reply:
        made = self.create(kind, call.body["properties"])
        return Reply(201, made.document([*made.properties]))

    def _associate(self, call: Call) -> Reply:
        pairs = [(row["from"]["id"], row["to"]["id"]) for row in call.body["inputs"]]
        for contact, company in pairs:
            if contact not in self.tables["contacts"].objects or company not in self.tables["companies"].objects:
                raise Failure(400, "VALIDATION_ERROR", "One or more of the associations are invalid")
        self.associations |= set(pairs)
        link = {"associationSpec": {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 279}}
        return _batch([{"from": {"id": contact}, "to": {"id": company}, **link} for contact, company in pairs], [])

    def _dissociate(self, call: Call) -> Reply:
        self.associations -= {(row["from"]["id"], to["id"]) for row in call.body["inputs"] for to in row["to"]}
        return Reply(204)

    def _associations(self, call: Call) -> Reply:
        results = [
            {
                "from": {"id": key},
                "to": [{"toObjectId": company, "associationTypes": []} for contact, company in sorted(self.associations) if contact == key],
            }
            for key in inputs_ids(call.body["inputs"])
        ]
        return _batch(results, [])

    def _each(self, kind: str, inputs: list[dict[str, Any]], write: Callable[[dict[str, Any]], dict[str, Any]]) -> Reply:
        """Row by row where every row can be named, else all or nothing."""
        before = {key: dict(one.properties) for key, one in self.tables[kind].objects.items()}
        results: list[dict[str, Any]] = []
        errors: list[dict[str, Any]] = []
        for row in inputs:
            try:
                results.append(write(row))
            except Failure as failure:
                if not (self.multi_status and "objectWriteTraceId" in row):
                    objects = self.tables[kind].objects
                    for key in set(objects) - set(before):
                        del objects[key]
                    for key, properties in before.items():
                        objects[key].properties = properties
                    raise
                failure.context["objectWriteTraceId"] = [row["objectWriteTraceId"]]
                errors.append(failure.document())
        return _batch(results, errors)


_KIND = "(companies|contacts)"
_ROUTES: list[tuple[str, str, Callable[..., Reply]]] = [
    ("/account-info/v3/details", "GET", HubSpotFake._details),
    (f"/crm/v3/properties/{_KIND}", "GET", HubSpotFake._properties),
    (f"/crm/v3/objects/{_KIND}/batch/read", "POST", HubSpotFake._read_batch),
    (f"/crm/v3/objects/{_KIND}/batch/upsert", "POST", HubSpotFake._upsert_batch),
    (f"/crm/v3/objects/{_KIND}/batch/update", "POST", HubSpotFake._update_batch),
    (f"/crm/v3/objects/{_KIND}/batch/archive", "POST", HubSpotFake._archive_batch),
    (f"/crm/v3/objects/{_KIND}/search", "POST", HubSpotFake._search),
    (f"/crm/v3/objects/{_KIND}", "GET", HubSpotFake._list),
    (f"/crm/v3/objects/{_KIND}", "POST", HubSpotFake._create_one),
    ("/crm/v3/objects/contacts/gdpr-delete", "POST", HubSpotFake._gdpr_delete),
    ("/crm/v4/associations/contacts/companies/batch/associate/default", "POST", HubSpotFake._associate),
    ("/crm/v4/associations/contacts/companies/batch/archive", "POST", HubSpotFake._dissociate),
    ("/crm/v4/associations/contacts/companies/batch/read", "POST", HubSpotFake._associations),
]


def _inputs(call: Call) -> list[dict[str, Any]]:
    inputs: list[dict[str, Any]] = call.body["inputs"]
    if not 0 < len(inputs) <= _MOST_INPUTS:
        raise Failure(400, "VALIDATION_ERROR", f"A batch has 1 to {_MOST_INPUTS} inputs")
    if len(set(inputs_ids(inputs))) < len(inputs):
        raise Failure(400, "VALIDATION_ERROR", "Duplicate IDs found in batch input")
    return inputs


def inputs_ids(inputs: list[dict[str, Any]]) -> list[str]:
    return [row["id"] for row in inputs]


def _batch(results: list[dict[str, Any]], errors: list[dict[str, Any]]) -> Reply:
    told = {"status": "COMPLETE", "results": results, "startedAt": TIME, "completedAt": TIME}
    return Reply(207, told | {"numErrors": len(errors), "errors": errors}) if errors else Reply(200, told)
