"""One company as a producer sends it, cleaned and checked: JSON in, `CompanyRow` or faults out. Knows no file and no database.

Every way in (HTTP, files) comes through here, so that there is one meaning of "valid". Reasons never repeat a value: it may be personal.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from openprospect.server.core.errors import Fault, InvalidInput
from openprospect.server.feed.model import CompanyId, CompanyRow, JsonObject, ProspectId, ProspectRow
from openprospect.server.feed.rows.identity import bare_email, is_email, split_website, website_domain
from openprospect.server.feed.rows.people import repeated_people
from openprospect.server.feed.rows.storable import find_unstorable, glance

COMPANY_FIELDS = ("id", "source_id", "name", "website_url")
PROSPECT_FIELDS = ("id", "first_name", "last_name", "email", "job_title")
OUTPUT_FIELDS = ("delivered_at", "removed_at", "removal_reason")
"""What the feed adds to an item; left out on the way in, so that an item can be delivered again as it is."""

MAX_PROSPECTS = 1_000
MAX_BYTES = 1 << 20
_MAX_LENGTH = {"email": 320, "website_url": 2_048}
_MAX_LENGTH_OTHERWISE = 1_000
_SHORTEST_LIMIT = min(_MAX_LENGTH.values())

_NOT_ATTRIBUTES = frozenset({*COMPANY_FIELDS, *OUTPUT_FIELDS, "prospects"})
_NOT_PERSON_ATTRIBUTES = frozenset(PROSPECT_FIELDS)
# What nobody has but a person. `email` may be the company's own, unless one of these stands beside it.
_TELLING_OF_PEOPLE = ("first_name", "last_name", "full_name", "job_title")
_UUID = re.compile(r"(?:urn:uuid:)?\{?[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}\}?", re.IGNORECASE)


class FaultyRow(InvalidInput):
    """A row that cannot be delivered, with everything that is wrong with it."""

    def __init__(self, faults: list[Fault]) -> None:
        self.faults = faults
        super().__init__("; ".join(f"{fault.field}: {fault.reason}" if fault.field else fault.reason for fault in faults))


def parse_company(value: object, *, parsed: Sequence[ProspectRow] | None = None) -> CompanyRow:
    """The row that a JSON value stands for; raises `FaultyRow`. A fault's field is empty where it concerns the row as a whole.

    `parsed` are the people under `prospects`, where they went through `parse_prospect` one by one already.
    """
    if not isinstance(value, dict):
        raise FaultyRow([Fault(field="", reason="expected a JSON object: one company with its prospects")])
    size, suspicious = glance(value)
    if size > MAX_BYTES:
        raise FaultyRow([Fault(field="", reason=f"the row takes {size:,} bytes as JSON; at most {MAX_BYTES:,} are possible")])
    faults: list[Fault] = []
    record = _unpacked(value)
    people = _people(record, faults)
    faults += _of_people(record)
    if suspicious:
        _find_unstorable(record, people, faults)
    row = _company(record, people, faults, parsed=parsed)
    # Somebody whose e-mail was refused would look like everybody else without one.
    if not any(fault.field.startswith("prospects") for fault in faults):
        faults += repeated_people(row.prospects)
    if faults:
        raise FaultyRow(_first_of_each_field(faults))
    return row


def parse_prospect(value: JsonObject) -> ProspectRow:
    """The person that a JSON object stands for, where people come one by one; raises `FaultyRow`, its fields without a prefix."""
    faults: list[Fault] = []
    person = _unpacked(value)
    if glance(person)[1]:
        faults += find_unstorable(person, "")
    row = _prospect(person, "", faults)
    if faults:
        raise FaultyRow(_first_of_each_field(faults))
    return row


def uuid_in(text: str) -> UUID | None:
    """The UUID in any of its spellings: in braces, without dashes, as a URN; None where the text is none."""
    return UUID(text) if _UUID.fullmatch(text) else None


def _unpacked(record: JsonObject) -> JsonObject:
    """`attributes` laid beside the other keys, which win: the way an item of the feed comes back."""
    attributes = record.get("attributes")
    if not isinstance(attributes, dict):
        return record
    return attributes | {key: value for key, value in record.items() if key != "attributes"}


def _people(record: JsonObject, faults: list[Fault]) -> list[JsonObject]:
    people = record.get("prospects")
    if people is None:
        return []
    if not isinstance(people, list):
        faults.append(Fault(field="prospects", reason="expected a list of objects, one a person"))
        return []
    if len(people) > MAX_PROSPECTS:
        faults.append(Fault(field="prospects", reason=f"{len(people):,} people; at most {MAX_PROSPECTS:,} a company are possible"))
        return []
    for index, person in enumerate(people):
        if not isinstance(person, dict):
            faults.append(Fault(field=f"prospects[{index}]", reason="expected an object: one person"))
    return [_unpacked(person) if isinstance(person, dict) else {} for person in people]


def _of_people(record: JsonObject) -> Iterator[Fault]:
    """The fields of a person on a company that has no list of people: as attributes they would be served past every suppression."""
    if record.get("prospects") is not None:
        return
    telling = [field for field in _TELLING_OF_PEOPLE if _is_filled(record.get(field))]
    found = [*telling, *(["email"] if telling and _is_filled(record.get("email")) else [])]
    found += ["contacts"] if isinstance(record.get("contacts"), list | dict) and record["contacts"] else []
    yield from (Fault(field=field, reason="a person's field on a company; put people into `prospects`") for field in found)


def _is_filled(value: object) -> bool:
    return bool(value.strip() if isinstance(value, str) else value)


def _find_unstorable(record: JsonObject, people: list[JsonObject], faults: list[Fault]) -> None:
    faults += find_unstorable({key: value for key, value in record.items() if key != "prospects"}, "")
    for index, person in enumerate(people):
        faults += find_unstorable(person, f"prospects[{index}]")


def _company(record: JsonObject, people: list[JsonObject], faults: list[Fault], *, parsed: Sequence[ProspectRow] | None) -> CompanyRow:
    identifier = _uuid(record, "", faults)
    name = _text(record, "name", "", faults)
    if name is None:
        faults.append(Fault(field="name", reason="missing or blank; expected the company's name"))
    return CompanyRow(
        id=CompanyId(identifier) if identifier else None,
        source_id=_source_id(record, faults),
        name=name or "",
        website_url=_website_url(record, faults),
        prospects=_prospects(people, faults) if parsed is None else tuple(parsed),
        attributes=_attributes(record, _NOT_ATTRIBUTES),
    )


def _prospects(people: list[JsonObject], faults: list[Fault]) -> tuple[ProspectRow, ...]:
    return tuple([_prospect(person, f"prospects[{index}].", faults) for index, person in enumerate(people)])


def _prospect(person: JsonObject, where: str, faults: list[Fault]) -> ProspectRow:
    identifier = _uuid(person, where, faults)
    return ProspectRow(
        id=ProspectId(identifier) if identifier else None,
        first_name=_text(person, "first_name", where, faults),
        last_name=_text(person, "last_name", where, faults),
        email=_email(person, where, faults),
        job_title=_text(person, "job_title", where, faults),
        attributes=_attributes(person, _NOT_PERSON_ATTRIBUTES),
    )


def _text(record: Mapping[str, Any], field: str, where: str, faults: list[Fault]) -> str | None:
    value = record.get(field)
    if value is None:
        return None
    if not isinstance(value, str):
        faults.append(Fault(field=where + field, reason="expected text"))
        return None
    value = value.strip()
    if len(value) > _SHORTEST_LIMIT and len(value) > (limit := _MAX_LENGTH.get(field, _MAX_LENGTH_OTHERWISE)):
        faults.append(Fault(field=where + field, reason=f"{len(value):,} characters; at most {limit:,} are possible"))
        return None
    return value or None


def _uuid(record: JsonObject, where: str, faults: list[Fault]) -> UUID | None:
    text = _text(record, "id", where, faults)
    if text is None:
        return None
    identifier = uuid_in(text)
    if identifier is None:
        faults.append(Fault(field=f"{where}id", reason="expected a UUID; a number or name of your own belongs in `source_id`"))
    return identifier


def _source_id(record: JsonObject, faults: list[Fault]) -> str | None:
    value = record.get("source_id")
    # Spreadsheets turn "1001" into a number.
    if type(value) is int and value.bit_length() <= 64:
        return str(value)
    return _text(record, "source_id", "", faults)


def _email(person: JsonObject, where: str, faults: list[Fault]) -> str | None:
    text = _text(person, "email", where, faults)
    email = text and bare_email(text)
    if not email:
        return None
    if is_email(email):
        return email
    faults.append(Fault(field=f"{where}email", reason="expected one e-mail address, such as name@example.com"))
    return None


def _website_url(record: JsonObject, faults: list[Fault]) -> str | None:
    text = _text(record, "website_url", "", faults)
    if text is None:
        return None
    scheme, host, _ = split_website(text) or ("", "", "")
    domain = website_domain(host) or ""
    # A lone word is a host only where somebody wrote a scheme before it: "n/a" and "none" are no websites.
    if not text.isprintable() or not ("." in domain or (domain and scheme)):
        faults.append(Fault(field="website_url", reason="expected a web address, such as https://example.com or example.com"))
        return None
    if scheme:
        return text
    return f"https://{text.removeprefix('//')}"


def _attributes(record: JsonObject, known: frozenset[str]) -> JsonObject:
    if record.keys() <= known:
        return {}
    found = {}
    for key, value in record.items():
        if key in known or value is None:
            continue
        kept = value.strip() if isinstance(value, str) else value
        if kept != "":
            found[key] = kept
    return found


def _first_of_each_field(faults: list[Fault]) -> list[Fault]:
    first: dict[str, Fault] = {}
    for fault in faults:
        first.setdefault(fault.field, fault)
    return list(first.values())
