"""`hubspot://`: HubSpot's CRM API, version 3, with a private app's token. Records are keyed by a property of unique values."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import msgspec

from openprospect.sync.destinations.crm.api import Api, RowsRefused, credential, each, slices, written
from openprospect.sync.destinations.crm.destination import CrmDestination, held_in, open_crm
from openprospect.sync.destinations.crm.mapping import domain_of, email_of, text
from openprospect.sync.destinations.crm.protocol import By, Kind, Outcome, Record, Traits, Write
from openprospect.sync.destinations.crm.settings import CrmSettings, load
from openprospect.sync.errors import DestinationRefused, KeyRefused, QuotaSpent, RateLimited, SyncError, TryLater
from openprospect.sync.retry import Retry
from openprospect.sync.transport import TRANSIENT, Answer

__all__ = ["held_in", "open_destination"]

_BATCH, _PAIRS, _PAGE = 100, 1_000, 200
_OBJECTS = {Kind.COMPANY: "companies", Kind.CONTACT: "contacts"}
_MATCH = {Kind.COMPANY: "domain", Kind.CONTACT: "email"}
_MERGED, _OTHER_EMAILS = "hs_merged_object_ids", "hs_additional_emails"
_OWNER = {"hubspot_owner_id": {"policy": "never"}}
_DEFAULTS: dict[str, Any] = {
    "companies": {
        "id_field": "openprospect_id",
        "removed_field": "openprospect_removed_on",
        "fields": {"name": {"from": "name"}, "domain": {"from": "website_domain"}, "website": {"from": "website_url"}, **_OWNER},
    },
    "contacts": {
        "id_field": "openprospect_id",
        "fields": {
            "firstname": {"from": "first_name"},
            "lastname": {"from": "last_name"},
            "email": {"from": "email"},
            "jobtitle": {"from": "job_title"},
            **_OWNER,
        },
    },
}


class HubSpot:
    traits = Traits(personal=("firstname", "lastname", "email", "phone", "mobilephone"))

    def __init__(self, base_url: str, token: str, settings: CrmSettings, retry: Retry) -> None:
        self._settings = settings
        self._api = Api(
            base_url,
            f"Bearer {token}",
            retry=retry,
            explain=_explained,
            remaining=_remaining_calls,
            daily_reserve=settings.daily_reserve,
        )

    def prepare(self) -> None:
        for kind in Kind:
            told = self._settings.of(kind)
            known = {one["name"]: one for one in self._api.call("GET", f"/crm/v3/properties/{_OBJECTS[kind]}")["results"]}
            for name in told.needed_fields:
                if name not in known:
                    raise DestinationRefused(f"HubSpot's {_OBJECTS[kind]} have no property {name!r}. Create it, or map another one.")
            if not known[told.id_field].get("hasUniqueValue"):
                raise DestinationRefused(
                    f"HubSpot's property {told.id_field!r} of {_OBJECTS[kind]} takes the same value twice;"
                    " create one that requires unique values (hasUniqueValue), and name it as id_field."
                )

    def account(self) -> str:
        return f"hubspot:{self._api.call('GET', '/account-info/v3/details')['portalId']}"

    def find(self, kind: Kind, by: By, keys: Sequence[str], fields: Sequence[str]) -> list[Record]:
        properties = sorted({*fields, self._settings.of(kind).id_field, _MATCH[kind], _MERGED, _OTHER_EMAILS})
        if by is By.MATCH and kind is Kind.COMPANY:
            spelled = [told for domain in keys for told in (domain, f"www.{domain}")]
            found = self._search(kind, _MATCH[kind], spelled, properties)
        else:
            id_property = {By.EXTERNAL_ID: self._settings.of(kind).id_field, By.MATCH: _MATCH[kind]}.get(by)
            found = [one for part in slices(keys, _BATCH) for one in self._read(kind, id_property, part, properties)]
        records = [self._record(kind, one) for one in found]
        return self._with_further_emails(keys, records, properties) if by is By.MATCH and kind is Kind.CONTACT else records

    def write(self, kind: Kind, writes: Sequence[Write]) -> list[Outcome]:
        return written(writes, _BATCH, lambda part: self._write(kind, part))

    def associate(self, pairs: Sequence[tuple[str, str]]) -> list[str | None]:
        return [outcome.reason for part in slices(pairs, _PAIRS) for outcome in each(self._associate, part)]

    def dissociate(self, pairs: Sequence[tuple[str, str]]) -> list[str | None]:
        return [outcome.reason for part in slices(pairs, _PAIRS) for outcome in each(self._dissociate, part)]

    def delete(self, kind: Kind, record_ids: Sequence[str]) -> list[Outcome]:
        """People for good, one call each: HubSpot would keep an archived one for 90 days."""
        if kind is Kind.CONTACT:
            return [outcome for record_id in record_ids for outcome in each(self._erase, [record_id])]
        return [outcome for part in slices(record_ids, _BATCH) for outcome in each(self._archive, part)]

    def close(self) -> None:
        self._api.close()

    def _read(self, kind: Kind, id_property: str | None, keys: Sequence[str], properties: list[str]) -> list[dict[str, Any]]:
        body: dict[str, Any] = {"inputs": [{"id": key} for key in keys], "properties": properties}
        body |= {"idProperty": id_property} if id_property else {}
        results: list[dict[str, Any]] = self._api.call("POST", f"/crm/v3/objects/{_OBJECTS[kind]}/batch/read", body)["results"]
        return sorted({one["id"]: one for one in results}.values(), key=_age)  # A merged record answers to its former ids, too.

    def _with_further_emails(self, keys: Sequence[str], records: list[Record], properties: list[str]) -> list[Record]:
        """Addresses that HubSpot keeps beside a contact's first are no other's, and by reading they are not found."""
        known = {match for record in records for match in (record.match, *record.other_matches)}
        missing = [key for key in keys if key not in known]
        found = self._search(Kind.CONTACT, _OTHER_EMAILS, missing, properties)
        return [*records, *(self._record(Kind.CONTACT, one) for one in found)]

    def _search(self, kind: Kind, name: str, values: Sequence[str], properties: list[str]) -> list[dict[str, Any]]:
        return [one for part in slices(values, _BATCH) for one in self._searched(kind, name, part, properties)]

    def _searched(self, kind: Kind, name: str, values: Sequence[str], properties: list[str]) -> list[dict[str, Any]]:
        body = {
            "filterGroups": [{"filters": [{"propertyName": name, "operator": "IN", "values": list(values)}]}],
            "sorts": [{"propertyName": "createdate", "direction": "ASCENDING"}],
            "properties": properties,
            "limit": _PAGE,
        }
        found: list[dict[str, Any]] = []
        after: str | None = None
        while True:
            answer = self._api.call("POST", f"/crm/v3/objects/{_OBJECTS[kind]}/search", body | ({"after": after} if after else {}))
            found += answer["results"]
            after = answer.get("paging", {}).get("next", {}).get("after")
            if after is None:
                return found

    def _write(self, kind: Kind, writes: Sequence[Write]) -> list[Outcome]:
        id_field, is_update = self._settings.of(kind).id_field, writes[0].record_id is not None
        inputs = [
            {
                "id": write.record_id or write.external_id,
                **({} if is_update else {"idProperty": id_field}),
                "objectWriteTraceId": _trace(place),
                "properties": {name: text(value) for name, value in write.values.items()},
            }
            for place, write in enumerate(writes)
        ]
        verb = "update" if is_update else "upsert"
        answer = self._api.call("POST", f"/crm/v3/objects/{_OBJECTS[kind]}/batch/{verb}", {"inputs": inputs})
        done = _done(answer, id_field)
        reasons = _reasons(answer)
        outcomes: list[Outcome] = []
        for place, write in enumerate(writes):
            record_id = done.get(_trace(place)) or done.get(write.record_id or write.external_id)
            reason = None if record_id else reasons.get(_trace(place))
            if record_id is None and reason is None:
                raise RowsRefused(_message(answer) or "HubSpot neither wrote the record nor said why.")
            outcomes.append(Outcome(record_id=record_id, reason=reason))
        return outcomes

    def _associate(self, pairs: Sequence[tuple[str, str]]) -> list[Outcome]:
        inputs = [{"from": {"id": contact}, "to": {"id": company}} for contact, company in pairs]
        answer = self._api.call("POST", "/crm/v4/associations/contacts/companies/batch/associate/default", {"inputs": inputs})
        if answer.get("errors"):
            raise RowsRefused(_message(answer))
        return [Outcome(record_id=contact) for contact, _ in pairs]

    def _dissociate(self, pairs: Sequence[tuple[str, str]]) -> list[Outcome]:
        inputs = [{"from": {"id": contact}, "to": [{"id": company}]} for contact, company in pairs]
        self._api.call("POST", "/crm/v4/associations/contacts/companies/batch/archive", {"inputs": inputs})
        return [Outcome(record_id=contact) for contact, _ in pairs]

    def _erase(self, record_ids: Sequence[str]) -> list[Outcome]:
        with suppress(_NotThere):
            self._api.call("POST", "/crm/v3/objects/contacts/gdpr-delete", {"objectId": record_ids[0]})
        return [Outcome(record_id=record_ids[0])]

    def _archive(self, record_ids: Sequence[str]) -> list[Outcome]:
        self._api.call("POST", "/crm/v3/objects/companies/batch/archive", {"inputs": [{"id": one} for one in record_ids]})
        return [Outcome(record_id=one) for one in record_ids]

    def _record(self, kind: Kind, one: Mapping[str, Any]) -> Record:
        values = {name: value or None for name, value in one["properties"].items()}
        match = values.get(_MATCH[kind])
        return Record(
            id=one["id"],
            external_id=values.get(self._settings.of(kind).id_field),
            match=domain_of(match) if kind is Kind.COMPANY else email_of(match),
            former_ids=_several(values.get(_MERGED)),
            other_matches=_several((values.get(_OTHER_EMAILS) or "").lower()),
            values=values,
        )


class _NotThere(RowsRefused):
    """The record does not exist."""


def open_destination(url: str, retry: Retry) -> CrmDestination:
    settings = load("hubspot", _DEFAULTS)
    base_url = credential("OPENPROSPECT_HUBSPOT_URL", default="https://api.hubapi.com").rstrip("/")
    return open_crm(url, HubSpot(base_url, credential("OPENPROSPECT_HUBSPOT_TOKEN"), settings, retry), settings)


def _explained(answer: Answer) -> SyncError:
    told = _failure(answer.body)
    message = f"HubSpot answered {answer.status}: {told.get('message') or 'without saying why'}"
    if answer.status == 429:
        return (QuotaSpent if told.get("policyName") == "DAILY" else RateLimited)(message)
    if answer.status in TRANSIENT or answer.status >= 500:
        return TryLater(message)
    if answer.status in {401, 403}:
        return KeyRefused(f"{message} Look at OPENPROSPECT_HUBSPOT_TOKEN, and at the private app's scopes.")
    return (_NotThere if answer.status == 404 else RowsRefused)(message)


def _failure(body: bytes) -> dict[str, Any]:
    try:
        told = msgspec.json.decode(body)
    except msgspec.DecodeError:
        return {}
    return told if isinstance(told, dict) else {}


def _remaining_calls(headers: Mapping[str, str]) -> int | None:
    left = headers.get("X-HubSpot-RateLimit-Daily-Remaining", "")
    return int(left) if left.isdigit() else None


def _trace(place: int) -> str:
    return f"row-{place}"


def _done(answer: Mapping[str, Any], id_field: str) -> dict[str, str]:
    """The records that were written, by whatever HubSpot names them with: our trace id, their own id, or ours."""
    done: dict[str, str] = {}
    for one in answer["results"]:
        names = (one.get("properties", {}).get(id_field), one["id"], one.get("objectWriteTraceId"))
        done |= {name: one["id"] for name in names if name}
    return done


def _reasons(answer: Mapping[str, Any]) -> dict[str, str]:
    """Why rows of a batch were refused, by the trace ids that we gave them."""
    errors = answer.get("errors", ())
    return {trace: error["message"] for error in errors for trace in error.get("context", {}).get("objectWriteTraceId", ())}


def _message(answer: Mapping[str, Any]) -> str:
    return "; ".join(dict.fromkeys(error.get("message", "") for error in answer.get("errors", ())))


def _several(value: str | None) -> list[str]:
    return [one for one in (value or "").split(";") if one]


def _age(one: Mapping[str, Any]) -> tuple[str, int, str]:
    return one.get("createdAt", ""), len(one["id"]), one["id"]
