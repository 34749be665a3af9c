"""What the rows of one company have in common, and how good a sign of it that is. Nothing is grouped here."""

from collections.abc import Iterator
from enum import IntEnum

from openprospect.server.feed.model import JsonObject
from openprospect.server.feed.rows.hashes import identity_of
from openprospect.server.feed.rows.identity import host_key
from openprospect.server.feed.rows.row import uuid_in


class Kind(IntEnum):
    """What a key is made of, the best first."""

    ID = 0
    SOURCE_ID = 1
    HOST = 2
    NAME = 3
    LINE = 4


Key = tuple[Kind, bytes]


def keys_of(company: JsonObject, line: int) -> Iterator[Key]:
    """What a row's company is known by, the best first. The last is the row's own, which keeps it apart where there is no other."""
    identifier, source_id, name = company.get("id"), company.get("source_id"), company.get("name", "")
    if identifier:
        uuid = uuid_in(identifier)
        yield Kind.ID, uuid.bytes if uuid else identifier.encode(errors="replace")
    if source_id:
        yield Kind.SOURCE_ID, identity_of(source_id=source_id, website_url=None, name="")
    if host_key(company.get("website_url")):
        yield Kind.HOST, identity_of(source_id=None, website_url=company["website_url"], name="")
    if name:
        yield Kind.NAME, identity_of(source_id=None, website_url=None, name=name)
    yield Kind.LINE, f"line {line}".encode()
