"""From a delivered company or person to fields of the CRM, and which of them may be written. No I/O."""

from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

import msgspec

from openprospect.sync.destinations.crm.settings import Field, Policy

Values = dict[str, Any]
Digests = Mapping[str, tuple[str, ...]]
"""By field, digests of values that count as ours."""


def values_of(item: Mapping[str, Any], fields: Mapping[str, Field]) -> Values:
    """What the fields are to hold; those for which nothing was delivered are left out, so that nothing is ever emptied."""
    found = {name: field.value if field.source is None else _at(item, field.source) for name, field in fields.items()}
    return {name: _plain(value) for name, value in found.items() if not _is_blank(value) and fields[name].policy is not Policy.NEVER}


def changes(wanted: Mapping[str, Any], held: Mapping[str, Any], written: Digests, fields: Mapping[str, Field]) -> Values:
    """What to write into a record that holds `held`, where `written` are digests of what we wrote."""
    return {
        name: value
        for name, value in wanted.items()
        if text(value) != text(held.get(name))
        and (_is_ours(held.get(name), written.get(name, ())) or _policy(fields, name) is Policy.OVERWRITE)
    }


def ours(held: Mapping[str, Any], written: Digests) -> list[str]:
    """The fields that still hold what we wrote."""
    return [name for name, told in written.items() if held.get(name) is not None and digest(held[name]) in told]


def digests(values: Values) -> Digests:
    return {name: (digest(value),) for name, value in values.items()}


def joined(first: Digests, second: Digests) -> Digests:
    return {name: tuple(dict.fromkeys((*first.get(name, ()), *second.get(name, ())))) for name in {**first, **second}}


def digest(value: Any) -> str:
    return sha256(text(value).encode()).hexdigest()[:24]


def text(value: Any) -> str:
    """A value as CRMs spell it that keep everything as text."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def domain_of(url: str | None, *, shared: Iterable[str] = ()) -> str | None:
    """The host of a website without `www.`, lower case; None where many companies share it, or there is none."""
    if not url:
        return None
    try:
        host = urlsplit(url if "//" in url else f"//{url}").hostname
    except ValueError:
        return None
    host = (host or "").removeprefix("www.").rstrip(".")
    if "." not in host or any(host == one or host.endswith(f".{one}") for one in shared):
        return None
    return host


def email_of(address: str | None) -> str | None:
    return address.strip().lower() or None if address else None


def _policy(fields: Mapping[str, Field], name: str) -> Policy:
    return fields[name].policy if name in fields else Policy.FILL


def _is_ours(held: Any, written: tuple[str, ...]) -> bool:
    return _is_blank(held) or digest(held) in written


def _is_blank(value: Any) -> bool:
    return value is None or value in ("", [], {})


def _at(item: Mapping[str, Any], path: str) -> Any:
    name, _, rest = path.partition(".")
    value = item.get(name)
    if not rest or not isinstance(value, Mapping):
        return None if rest else value
    return value[rest] if rest in value else _at(value, rest)


def _plain(value: Any) -> Any:
    """Lists of scalars as CRMs write several values of one field; other structures as JSON."""
    if isinstance(value, list) and all(isinstance(part, str | int | float) for part in value):
        return ";".join(text(part) for part in value)
    return msgspec.json.encode(value).decode() if isinstance(value, list | dict) else value
