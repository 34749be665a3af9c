"""`[crm.…]` in `openprospect.toml`: which field of the CRM takes what, and what becomes of records that leave the feed."""

import tomllib
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal

import msgspec

from openprospect.sync.destinations.crm.protocol import Kind
from openprospect.sync.errors import DestinationRefused

SETTINGS_FILE = Path("openprospect.toml")
# Hosts where many companies have a page: no domain of theirs.
_SHARED_DOMAINS = ("booking.com", "facebook.com", "google.com", "instagram.com", "linkedin.com", "linktr.ee", "x.com", "youtube.com")


class Policy(StrEnum):
    """What happens to a field that holds something: `FILL` leaves it, unless it still holds what we wrote there."""

    FILL = "fill"
    OVERWRITE = "overwrite"
    NEVER = "never"


class Field(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a field takes: the value at `source`, a path such as `attributes.city`, or a constant."""

    source: str | None = msgspec.field(default=None, name="from")
    value: Any = None
    policy: Policy = Policy.FILL


class Records(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What companies and contacts have in common. `removed_field` takes the day of a withdrawal."""

    id_field: str
    removed_field: str | None = None
    fields: dict[str, Field] = {}

    @property
    def written_fields(self) -> list[str]:
        return [name for name, field in self.fields.items() if field.policy is not Policy.NEVER]

    @property
    def needed_fields(self) -> list[str]:
        """Everything that the CRM must have for us to write."""
        return [self.id_field, *self.written_fields, *([self.removed_field] if self.removed_field else [])]


class Companies(Records, frozen=True, kw_only=True, forbid_unknown_fields=True):
    gone: Literal["mark", "delete", "keep"] = "mark"
    shared_domains: tuple[str, ...] = _SHARED_DOMAINS


class Contacts(Records, frozen=True, kw_only=True, forbid_unknown_fields=True):
    gone: Literal["delete", "anonymise"] = "delete"
    gone_existing: Literal["release", "anonymise", "delete"] = "release"
    gone_unclear: Literal["hold", "release", "anonymise", "delete"] = "hold"


class CrmSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One CRM's settings. `daily_reserve`: calls of the day's quota that are left for others.

    `account`: the only one to sync with, and the one that the log belongs to, whatever that says.
    """

    companies: Companies
    contacts: Contacts
    account: str | None = None
    daily_reserve: int = 500

    def of(self, kind: Kind) -> Records:
        return self.companies if kind is Kind.COMPANY else self.contacts


def load(crm: str, defaults: Mapping[str, Any], *, path: Path = SETTINGS_FILE) -> CrmSettings:
    """The vendor's defaults under what `[crm.NAME]` says. Raises `DestinationRefused` with the place of what cannot be read."""
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        merged = _merged(defaults, told.get("crm", {}).get(crm, {}))
        return msgspec.convert(merged, CrmSettings)
    except (OSError, tomllib.TOMLDecodeError, AttributeError) as error:
        raise DestinationRefused(f"{path} cannot be read: {error}.") from error
    except msgspec.ValidationError as error:
        raise DestinationRefused(f"[crm.{crm}] in {path}: {error}.") from error


def _merged(defaults: Mapping[str, Any], told: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(defaults)
    for name, value in told.items():
        before = defaults.get(name)
        if name == "fields":
            merged[name] = _merged_fields(defaults.get(name, {}), value)
        elif isinstance(before, Mapping) and isinstance(value, Mapping):
            merged[name] = _merged(before, value)
        else:
            merged[name] = value
    return merged


def _merged_fields(defaults: Mapping[str, Any], told: Mapping[str, Any]) -> dict[str, Any]:
    """A field told as text alone is the path that it takes; what a table leaves out is as the vendor's default has it."""
    tables = {name: {"from": value} if isinstance(value, str) else value for name, value in told.items()}
    return {**defaults, **{name: {**defaults.get(name, {}), **table} for name, table in tables.items()}}
