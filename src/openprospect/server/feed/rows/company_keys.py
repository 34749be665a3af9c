"""What a company without our id is known by: its source id, its website, its name. Which row is which company is told elsewhere."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from openprospect.server.feed.model import CompanyRow
from openprospect.server.feed.rows.identity import fold, website_key

_SIZE = 16


@dataclass(frozen=True, slots=True)
class CompanyKey:
    """The field that says it, and the digest that the feed finds it by: without an organization's key, since no person is in it."""

    field: Literal["source_id", "website_url", "name"]
    digest: bytes


def company_keys(*, source_id: str | None, website_url: str | None, name: str | None) -> Iterator[CompanyKey]:
    """Everything that a company is known by, the best first; the feed goes by that alone."""
    if source_id:
        yield CompanyKey("source_id", source_id_digest(source_id))
    if host := website_key(website_url):
        yield CompanyKey("website_url", _digest("host", host))
    if name:
        yield CompanyKey("name", _digest("name", fold(name)))


def company_key(row: CompanyRow) -> CompanyKey:
    """The best key of a row, which has a name at least."""
    return next(company_keys(source_id=row.source_id, website_url=row.website_url, name=row.name))


def source_id_digest(source_id: str) -> bytes:
    return _digest("source", source_id)


def _digest(kind: str, value: str) -> bytes:
    return hashlib.blake2b(f"{kind}\0{value}".encode(), digest_size=_SIZE).digest()
