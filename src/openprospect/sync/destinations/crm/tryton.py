"""`tryton://`: parties of Tryton 8.2 by JSON-RPC. The module in `contrib/tryton` gives them a unique id and an employer."""

from base64 import b64encode
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from openprospect.sync.destinations.crm.api import Api, RowsRefused, credential, each, slices, written
from openprospect.sync.destinations.crm.destination import CrmDestination, held_in, open_crm
from openprospect.sync.destinations.crm.mapping import domain_of, email_of
from openprospect.sync.destinations.crm.protocol import By, Kind, Outcome, Record, Traits, Write
from openprospect.sync.destinations.crm.settings import CrmSettings, load
from openprospect.sync.errors import AnswerUnclear, DestinationRefused, KeyRefused, RateLimited, SyncError, TryLater
from openprospect.sync.retry import Retry
from openprospect.sync.transport import TRANSIENT, Answer

__all__ = ["held_in", "open_destination"]

_BATCH, _PATTERNS, _MOST = 200, 50, 10_000
_MATCH = {Kind.COMPANY: "website", Kind.CONTACT: "email"}
_MECHANISMS = "contact_mechanisms"
# Fields of a party that Tryton keeps as its contact mechanisms, of which there may be several of a type.
_KEPT_AS_MECHANISM = {"email", "website", "phone", "mobile"}
_NOT_OF_PARTIES = {_MECHANISMS, *_KEPT_AS_MECHANISM}
_CONTEXT = {"active_test": False}
_DEFAULTS: dict[str, Any] = {
    "companies": {
        "id_field": "openprospect_id",
        "removed_field": "openprospect_removed_on",
        "fields": {"name": {"from": "name"}, "website": {"from": "website_url"}},
    },
    "contacts": {
        "id_field": "openprospect_id",
        "fields": {
            "name": {"from": "full_name"},
            "first_name": {"from": "first_name"},
            "last_name": {"from": "last_name"},
            "email": {"from": "email"},
            "job_title": {"from": "job_title"},
        },
    },
}


class Tryton:
    traits = Traits(company_field="employer", personal=("name", "first_name", "last_name", _MECHANISMS))

    def __init__(self, base_url: str, user: str, password: str, settings: CrmSettings, retry: Retry) -> None:
        self._base_url = base_url
        self._settings = settings
        self._fields: set[str] = set()
        session = _signed_in(base_url, user, password, retry)
        self._api = _api(base_url, f"Session {session}", retry)

    def prepare(self) -> None:
        known = self._call("fields_get", None)
        self._fields = {*known, _MECHANISMS}
        for kind in Kind:
            for name in self._settings.of(kind).needed_fields:
                if name not in known:
                    raise DestinationRefused(
                        f"Tryton's parties have no field {name!r}. Install the module in contrib/tryton, or map another field."
                    )

    def account(self) -> str:
        """A database is where it is: a copy of it would tell of itself what the first one does."""
        parts = urlsplit(self._base_url)
        port = f":{parts.port}" if parts.port else ""
        return f"tryton:{parts.hostname}{port}{parts.path}"

    def find(self, kind: Kind, by: By, keys: Sequence[str], fields: Sequence[str]) -> list[Record]:
        names = sorted({*fields, self._settings.of(kind).id_field, "website", "email", "replaced_by"} & self._fields)
        found: list[dict[str, Any]] = []
        for part in slices(keys, _PATTERNS if by is By.MATCH else _BATCH):
            found += self._call("search_read", self._condition(kind, by, part), 0, _MOST, [["id", "ASC"]], names)
        records = [self._record(kind, one) for one in found if not one["replaced_by"]]
        records = self._with_replaced(kind, records, [one for one in found if one["replaced_by"]], fields)
        if by is By.MATCH and kind is Kind.CONTACT:
            return [record for record in records if record.values.get("website") is None]  # Others are companies with an address.
        return records

    def write(self, kind: Kind, writes: Sequence[Write]) -> list[Outcome]:
        return written(writes, _BATCH, lambda part: self._create(kind, part) if part[0].record_id is None else self._update(kind, part))

    def associate(self, pairs: Sequence[tuple[str, str]]) -> list[str | None]:
        """A person's employer is a field of theirs (`company_field`), written with the others."""
        return [None for _ in pairs]

    dissociate = associate

    def delete(self, kind: Kind, record_ids: Sequence[str]) -> list[Outcome]:
        present = {record.id for record in self.find(kind, By.RECORD_ID, record_ids, [])}
        return each(lambda part: self._delete([one for one in part if one in present], part), record_ids)

    def close(self) -> None:
        self._api.close()

    def _condition(self, kind: Kind, by: By, keys: Sequence[str]) -> list[Any]:
        if by is By.EXTERNAL_ID:
            return [[self._settings.of(kind).id_field, "in", list(keys)]]
        if by is By.RECORD_ID:
            parties = [int(key) for key in keys]
            return ["OR", [["id", "in", parties]], [["replaced_by", "in", parties]]]
        patterns = [f"%{key}%" if kind is Kind.COMPANY else key for key in keys]
        values = ["OR", *([[f"{_MECHANISMS}.value", "ilike", pattern]] for pattern in patterns)]
        return [values, ["employer", "=", None]] if kind is Kind.COMPANY else values

    def _create(self, kind: Kind, writes: Sequence[Write]) -> list[Outcome]:
        """All or none. The id is unique in Tryton, so that one who is there already is refused."""
        id_field = self._settings.of(kind).id_field
        ids = self._call("create", [{**self._typed(write.values), id_field: write.external_id} for write in writes])
        return [Outcome(record_id=str(one)) for one in ids]

    def _update(self, kind: Kind, writes: Sequence[Write]) -> list[Outcome]:
        """All or none; a value that is kept as a contact mechanism takes the place of the one it was read from.

        With our id goes what a replacement left behind: the other party, which cannot be changed, and its mechanisms.
        """
        id_field = self._settings.of(kind).id_field
        replaced = self._replaced([write.record_id or "" for write in writes if write.values.get(id_field, "") is None])
        mechanisms = self._mechanisms(writes, merged={*replaced.values()})
        arguments: list[Any] = []
        for write in writes:
            party = int(write.record_id or "")
            dropped = _dropped(write.values, mechanisms.get(party, []), is_merged=party in replaced.values())
            arguments += [[party], self._typed(write.values, dropped=dropped)]
        self._call("write", *arguments)
        if replaced:
            self._call("delete", [*replaced])
        return [Outcome(record_id=write.record_id) for write in writes]

    def _mechanisms(self, writes: Sequence[Write], *, merged: Collection[int]) -> dict[int, list[dict[str, Any]]]:
        changed = [int(write.record_id or "") for write in writes if {*write.values} & _NOT_OF_PARTIES]
        parties = sorted({*changed, *merged})
        found: dict[int, list[dict[str, Any]]] = {}
        if parties:
            order, names = [["sequence", "ASC"], ["id", "ASC"]], ["party", "type", "active"]
            rows = self._rpc("model.party.contact_mechanism.search_read", [["party", "in", parties]], 0, _MOST, order, names)
            for row in rows:
                found.setdefault(row["party"], []).append(row)
        return found

    def _with_replaced(
        self, kind: Kind, records: list[Record], replaced: Sequence[Mapping[str, Any]], fields: Sequence[str]
    ) -> list[Record]:
        """A party that was replaced stays, inactive, and keeps our id; who took its place is the record, and answers to that id."""
        missing = {str(one["replaced_by"]) for one in replaced} - {record.id for record in records}
        found = [*records, *(self.find(kind, By.RECORD_ID, sorted(missing), fields) if missing else [])]
        for one in replaced:
            shell = self._record(kind, one)
            found = [
                replace(record, external_id=record.external_id or shell.external_id, former_ids=[*record.former_ids, shell.id])
                if str(one["replaced_by"]) in {record.id, *record.former_ids}
                else record
                for record in found
            ]
        return found

    def _replaced(self, parties: Sequence[str]) -> dict[int, int]:
        """Every party that these took the place of, and which did."""
        found: dict[int, int] = {}
        asked = [int(one) for one in parties]
        while asked:
            rows = self._call("search_read", [["replaced_by", "in", asked]], 0, _MOST, None, ["replaced_by"])
            found |= {row["id"]: row["replaced_by"] for row in rows}
            asked = [row["id"] for row in rows]
        return found

    def _delete(self, present: Sequence[str], asked: Sequence[str]) -> list[Outcome]:
        if present:
            self._call("delete", [*(int(one) for one in present), *self._replaced(present)])
        return [Outcome(record_id=one) for one in asked]

    def _typed(self, values: Mapping[str, Any], *, dropped: Sequence[int] = ()) -> dict[str, Any]:
        """Values as a party takes them: its employer as a number, its mechanisms as what is to be made and deleted."""
        added = [{"type": name, "value": value} for name, value in values.items() if name in _KEPT_AS_MECHANISM and value is not None]
        changed = [["delete", list(dropped)]] * bool(dropped) + [["create", added]] * bool(added)
        plain = {name: value for name, value in values.items() if name not in _NOT_OF_PARTIES}
        if plain.get("employer"):
            plain["employer"] = int(plain["employer"])
        return {**plain, _MECHANISMS: changed} if changed else plain

    def _record(self, kind: Kind, one: Mapping[str, Any]) -> Record:
        values = {name: str(value) if name == "employer" and value else value or None for name, value in one.items()}
        match = values.get(_MATCH[kind])
        return Record(
            id=str(one["id"]),
            external_id=values.get(self._settings.of(kind).id_field),
            match=domain_of(match) if kind is Kind.COMPANY else email_of(match),
            values=values,
        )

    def _call(self, method: str, *arguments: Any) -> Any:
        return self._rpc(f"model.party.party.{method}", *arguments)

    def _rpc(self, method: str, *arguments: Any) -> Any:
        return _result(self._api.call("POST", "/rpc/", {"id": 0, "method": method, "params": [*arguments, _CONTEXT]}))


def open_destination(url: str, retry: Retry) -> CrmDestination:
    settings = load("tryton", _DEFAULTS)
    base_url = credential("OPENPROSPECT_TRYTON_URL").rstrip("/")
    user, password = credential("OPENPROSPECT_TRYTON_USER"), credential("OPENPROSPECT_TRYTON_PASSWORD")
    return open_crm(url, Tryton(base_url, user, password, settings, retry), settings)


def _api(base_url: str, authorization: str, retry: Retry) -> Api:
    """Tryton says that it compressed its answer even where nobody asked it to, and then did not: so it is asked to."""
    return Api(
        base_url,
        authorization,
        retry=retry,
        explain=_explained,
        remaining=lambda _: None,
        daily_reserve=0,
        headers={"Accept-Encoding": "gzip"},
    )


def _signed_in(base_url: str, user: str, password: str, retry: Retry) -> str:
    api = _api(base_url, "", retry)
    try:
        number, token, *_ = _result(
            api.call("POST", "/rpc/", {"id": 0, "method": "common.db.login", "params": [user, {"password": password}]})
        )
    finally:
        api.close()
    return b64encode(f"{user}:{number}:{token}".encode()).decode()


def _result(answer: Any) -> Any:
    """What was asked for, or why Tryton refuses it: an exception's name and arguments."""
    if "error" not in answer:
        return answer["result"]
    name, told = answer["error"]
    raise RowsRefused(f"{name}: {told[0]}" if isinstance(told, list) and told else str(name))


def _dropped(values: Mapping[str, Any], mechanisms: Sequence[Mapping[str, Any]], *, is_merged: bool) -> list[int]:
    """The mechanisms that go: all of them, or the first of each type that is written, which is the one that a party shows."""
    if _MECHANISMS in values:
        return [one["id"] for one in mechanisms]
    first = {one["type"]: one["id"] for one in reversed(mechanisms)}
    inactive = [one["id"] for one in mechanisms if is_merged and not one["active"]]
    return list(dict.fromkeys([*(first[name] for name in values if name in first), *inactive]))


def _explained(answer: Answer) -> SyncError:
    message = f"Tryton answered {answer.status}."
    if answer.status == 429:
        return RateLimited(message)
    if answer.status in {401, 403}:
        return KeyRefused(f"{message} Look at OPENPROSPECT_TRYTON_USER and OPENPROSPECT_TRYTON_PASSWORD.")
    if answer.status in TRANSIENT or answer.status >= 500:
        return TryLater(message)
    return AnswerUnclear(f"{message} Is OPENPROSPECT_TRYTON_URL that of a database, such as https://erp.example.com/database?")
