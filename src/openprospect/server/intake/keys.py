"""What the rows of one company have in common, and how good a sign of it that is. Nothing is grouped here."""

from collections.abc import Iterator
from enum import IntEnum

from openprospect.server.feed.model import JsonObject
from openprospect.server.feed.rows.company_keys import company_keys
from openprospect.server.feed.rows.row import uuid_in


class Kind(IntEnum):
    """What a key is made of, the best first: a field of the company, or the row's line where it has none of them."""

    ID = 0
    SOURCE_ID = 1
    WEBSITE_URL = 2
    NAME = 3
    LINE = 4

    @property
    def field(self) -> str:
        return self.name.lower()


Key = tuple[Kind, bytes]


def keys_of(company: JsonObject, line: int) -> Iterator[Key]:
    """What a row's company is known by, the best first. The last is the row's own, which keeps it apart where there is no other."""
    if identifier := company.get("id"):
        uuid = uuid_in(identifier)
        yield Kind.ID, uuid.bytes if uuid else identifier.encode(errors="replace")
    for key in company_keys(source_id=company.get("source_id"), website_url=company.get("website_url"), name=company.get("name")):
        yield Kind[key.field.upper()], key.digest
    yield Kind.LINE, f"line {line}".encode()
