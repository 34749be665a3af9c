"""`salesforce://`: accounts and contacts through Salesforce's REST API: SOQL to find them, collections of 200 to write them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import msgspec
import urllib3

from openprospect.sync.destinations.crm.api import Api, RowsRefused, credential, decoded, each, slices, written
from openprospect.sync.destinations.crm.destination import CrmDestination, held_in, open_crm
from openprospect.sync.destinations.crm.mapping import domain_of, email_of
from openprospect.sync.destinations.crm.protocol import By, Kind, Outcome, Record, Traits, Write
from openprospect.sync.destinations.crm.settings import CrmSettings, load
from openprospect.sync.errors import DestinationRefused, KeyRefused, QuotaSpent, SyncError, TryLater
from openprospect.sync.retry import Retry
from openprospect.sync.transport import TRANSIENT, Answer, Transport

__all__ = ["held_in", "open_destination"]

_BATCH = 200
_DATA = "/services/data/v62.0"
# Of a condition in SOQL, and so that its URL stays below what servers on the way take.
_MOST_CHARACTERS = 3_500
_OBJECTS = {Kind.COMPANY: "Account", Kind.CONTACT: "Contact"}
_MATCH = {Kind.COMPANY: "Website", Kind.CONTACT: "Email"}
_OWNER = {"OwnerId": {"policy": "never"}}
_DEFAULTS: dict[str, Any] = {
    "companies": {
        "id_field": "OpenProspect_Id__c",
        "removed_field": "OpenProspect_Removed_On__c",
        "fields": {"Name": {"from": "name"}, "Website": {"from": "website_url"}, **_OWNER},
    },
    "contacts": {
        "id_field": "OpenProspect_Id__c",
        "fields": {
            "FirstName": {"from": "first_name"},
            "LastName": {"from": "last_name"},
            "Email": {"from": "email"},
            "Title": {"from": "job_title"},
            **_OWNER,
        },
    },
}


class Salesforce:
    traits = Traits(
        keeps_deleted=True,
        company_field="AccountId",
        personal=("FirstName", "LastName", "Email", "Phone", "MobilePhone"),
        required={"LastName": "Erased"},
    )

    def __init__(self, base_url: str, token: str, settings: CrmSettings, retry: Retry) -> None:
        self._settings = settings
        self._fields: dict[Kind, set[str]] = {}
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
            described = self._api.call("GET", f"{_DATA}/sobjects/{_OBJECTS[kind]}/describe")
            known = {field["name"]: field for field in described["fields"]}
            self._fields[kind] = {*known}
            if kind is Kind.CONTACT:
                self.traits = replace(self.traits, kept={name for name, field in known.items() if _is_kept(field)})
            for name in told.needed_fields:
                if name not in known:
                    raise DestinationRefused(
                        f"Salesforce's {_OBJECTS[kind]} has no field {name!r}, or this user may not see it. Create it, or map another one."
                    )
            if not (known[told.id_field].get("externalId") and known[told.id_field].get("unique")):
                raise DestinationRefused(
                    f"Salesforce's {_OBJECTS[kind]}.{told.id_field} is no unique external id:"
                    " tick External ID and Unique on the field, or name another one as id_field."
                )

    def account(self) -> str:
        """Every sandbox is an organization of its own, and a new one each time it is refreshed."""
        organization = next(self._queried("query", "Id FROM Organization"), None)
        if organization is None:
            raise DestinationRefused("Salesforce shows this user no Organization, which tells orgs apart. Let the user read it.")
        return f"salesforce:{organization['Id']}"

    def find(self, kind: Kind, by: By, keys: Sequence[str], fields: Sequence[str]) -> list[Record]:
        field = {By.EXTERNAL_ID: self._settings.of(kind).id_field, By.RECORD_ID: "Id", By.MATCH: _MATCH[kind]}[by]
        names = {*fields, "Id", self._settings.of(kind).id_field, _MATCH[kind]} & self._fields[kind]
        found = [
            self._record(kind, one)
            for condition in _conditions(field, keys, is_part=by is By.MATCH and kind is Kind.COMPANY)
            for one in self._queried(
                "query", f"{', '.join(sorted(names))} FROM {_OBJECTS[kind]} WHERE {condition} ORDER BY CreatedDate, Id"
            )
        ]
        return self._with_merged(kind, keys, fields, found) if by is By.RECORD_ID else found

    def write(self, kind: Kind, writes: Sequence[Write]) -> list[Outcome]:
        return written(writes, _BATCH, lambda part: self._write(kind, part))

    def associate(self, pairs: Sequence[tuple[str, str]]) -> list[str | None]:
        """A contact's account is a field of it (`company_field`), written with the others."""
        return [None for _ in pairs]

    dissociate = associate

    def delete(self, kind: Kind, record_ids: Sequence[str]) -> list[Outcome]:  # noqa: ARG002 - ids tell the object themselves
        return [outcome for part in slices(record_ids, _BATCH) for outcome in each(self._delete, part)]

    def close(self) -> None:
        self._api.close()

    def _with_merged(self, kind: Kind, keys: Sequence[str], fields: Sequence[str], found: list[Record]) -> list[Record]:
        """A record that lost a merge lies among the deleted ones and names the one that won, which may have lost the next."""
        missing = sorted({*keys} - {record.id for record in found})
        masters: dict[str, list[str]] = {}
        for condition in _conditions("Id", missing, is_part=False):
            for one in self._queried("queryAll", f"Id, MasterRecordId FROM {_OBJECTS[kind]} WHERE {condition}"):
                if one["MasterRecordId"]:
                    masters.setdefault(one["MasterRecordId"], []).append(one["Id"])
        if not masters:
            return found
        winners = self.find(kind, By.RECORD_ID, sorted(masters), fields)
        merged = [
            replace(
                winner,
                former_ids=[*winner.former_ids, *(loser for key in (winner.id, *winner.former_ids) for loser in masters.get(key, ()))],
            )
            for winner in winners
        ]
        return [*(record for record in found if record.id not in {winner.id for winner in merged}), *merged]

    def _queried(self, resource: str, selection: str) -> Iterator[dict[str, Any]]:
        path = f"{_DATA}/{resource}?{urlencode({'q': f'SELECT {selection}'})}"
        while path:
            answer = self._api.call("GET", path)
            yield from answer["records"]
            path = answer.get("nextRecordsUrl")

    def _write(self, kind: Kind, writes: Sequence[Write]) -> list[Outcome]:
        id_field, is_update = self._settings.of(kind).id_field, writes[0].record_id is not None
        records = [
            {
                "attributes": {"type": _OBJECTS[kind]},
                **write.values,
                **({"id": write.record_id} if is_update else {id_field: write.external_id}),
            }
            for write in writes
        ]
        path = f"{_DATA}/composite/sobjects" + ("" if is_update else f"/{_OBJECTS[kind]}/{id_field}")
        return [_outcome(one) for one in self._api.call("PATCH", path, {"allOrNone": False, "records": records})]

    def _delete(self, record_ids: Sequence[str]) -> list[Outcome]:
        query = urlencode({"ids": ",".join(record_ids), "allOrNone": "false"})
        answer = self._api.call("DELETE", f"{_DATA}/composite/sobjects?{query}")
        return [Outcome(record_id=record_id) if _is_gone(one) else _outcome(one) for record_id, one in zip(record_ids, answer, strict=True)]

    def _record(self, kind: Kind, one: Mapping[str, Any]) -> Record:
        match = one.get(_MATCH[kind])
        return Record(
            id=one["Id"],
            external_id=one.get(self._settings.of(kind).id_field),
            match=domain_of(match) if kind is Kind.COMPANY else email_of(match),
            values={name: value for name, value in one.items() if name != "attributes"},
        )


def open_destination(url: str, retry: Retry) -> CrmDestination:
    settings = load("salesforce", _DEFAULTS)
    base_url = credential("OPENPROSPECT_SALESFORCE_URL").rstrip("/")
    token = credential("OPENPROSPECT_SALESFORCE_TOKEN", default="")
    if not token:
        base_url, token = _signed_in(
            base_url, credential("OPENPROSPECT_SALESFORCE_CLIENT_ID"), credential("OPENPROSPECT_SALESFORCE_CLIENT_SECRET"), retry
        )
    return open_crm(url, Salesforce(base_url, token, settings, retry), settings)


def _signed_in(base_url: str, client_id: str, client_secret: str, retry: Retry) -> tuple[str, str]:
    """The instance's URL and a token, by OAuth's client credentials."""
    transport = Transport(
        base_url,
        urllib3.make_headers(basic_auth=f"{client_id}:{client_secret}")["authorization"],
        connect_seconds=10.0,
        read_seconds=60.0,
        retry=retry,
        explain=_explained,
    )
    try:
        answer = decoded(
            transport.request(
                "POST",
                f"{base_url}/services/oauth2/token",
                body=b"grant_type=client_credentials",
                headers={"Content-Type": "application/x-www-form-urlencoded"},
                expected=frozenset({200}),
            )
        )
    except RowsRefused as refusal:
        raise KeyRefused(f"{refusal.message} Look at OPENPROSPECT_SALESFORCE_CLIENT_ID and its secret.") from refusal
    finally:
        transport.close()
    return answer["instance_url"].rstrip("/"), answer["access_token"]


def _conditions(field: str, keys: Sequence[str], *, is_part: bool) -> Iterator[str]:
    """Conditions that together match all keys, each short enough; `is_part`: the field only has to contain one."""
    terms = [f"{field} LIKE '%{_quoted(key, like=True)}%'" if is_part else f"'{_quoted(key)}'" for key in keys]
    part: list[str] = []
    for term in [*terms, None]:
        if part and (term is None or sum(map(len, part)) + 4 * len(part) + len(term) > _MOST_CHARACTERS):
            yield " OR ".join(part) if is_part else f"{field} IN ({','.join(part)})"
            part = []
        part += [term] if term is not None else []


def _quoted(key: str, *, like: bool = False) -> str:
    quoted = key.replace("\\", "\\\\").replace("'", "\\'")
    return quoted.replace("%", "\\%").replace("_", "\\_") if like else quoted


def _explained(answer: Answer) -> SyncError:
    codes, told = _failure(answer.body)
    message = f"Salesforce answered {answer.status}: {told or 'without saying why'}"
    if "REQUEST_LIMIT_EXCEEDED" in codes:
        return QuotaSpent(message)
    if "INVALID_SESSION_ID" in codes or answer.status in {401, 403}:
        return KeyRefused(f"{message} Look at OPENPROSPECT_SALESFORCE_TOKEN, or the client's id and secret, and at the user's rights.")
    if answer.status in TRANSIENT or answer.status >= 500:
        return TryLater(message)
    return RowsRefused(message)


def _failure(body: bytes) -> tuple[set[str], str]:
    """Error codes and messages: a list from the data, one object from signing in."""
    try:
        told = msgspec.json.decode(body)
    except msgspec.DecodeError:
        return set(), ""
    errors = [one for one in (told if isinstance(told, list) else [told]) if isinstance(one, dict)]
    return {one.get("errorCode", "") for one in errors}, "; ".join(
        str(one.get("message") or one.get("error_description", "")) for one in errors
    )


def _remaining_calls(headers: Mapping[str, str]) -> int | None:
    for part in headers.get("Sforce-Limit-Info", "").split(";"):
        name, _, usage = part.strip().partition("=")
        used, _, most = usage.partition("/")
        if name == "api-usage" and used.isdigit() and most.isdigit():
            return int(most) - int(used)
    return None


def _is_kept(field: Mapping[str, Any]) -> bool:
    return not field["nillable"] and field["type"] in {"boolean", "reference"}


def _outcome(one: Mapping[str, Any]) -> Outcome:
    if one["success"]:
        return Outcome(record_id=one["id"])
    return Outcome(reason="; ".join(f"{error['statusCode']}: {error['message']}" for error in one["errors"]))


def _is_gone(one: Mapping[str, Any]) -> bool:
    return any(error["statusCode"] in {"ENTITY_IS_DELETED", "INVALID_CROSS_REFERENCE_KEY"} for error in one.get("errors", ()))
