"""The suppression list: people and domains that are left out of every delivery, as hashes; in and out of files."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from openprospect.server.access.model import OrganizationId
from openprospect.server.core.errors import InvalidInput
from openprospect.server.core.timestamps import written
from openprospect.server.db import history
from openprospect.server.db.pool import Connection, Executor
from openprospect.server.feed import store as feed
from openprospect.server.feed.rows.hashes import Hasher
from openprospect.server.feed.rows.identity import ascii_domain, bare_email, is_email
from openprospect.server.privacy import store

_KINDS = ("email", "domain", "prospect", "name", "name without email")
_HASH_BYTES = 16


async def suppress(db: Connection, organization_id: OrganizationId, entries: Iterable[str], *, actor: str) -> int:
    """Put addresses and domains on the list; answers how many. What is delivered already stays: erase those."""
    hasher = await feed.hold_organization_alone(db, organization_id)
    return await _add(db, organization_id, {_mark(entry, hasher) for entry in entries}, actor=actor)


async def unsuppress(db: Connection, organization_id: OrganizationId, entries: Iterable[str], *, actor: str) -> int:
    """Take addresses and domains off the list; answers how many were on it."""
    hasher = await feed.hold_organization_alone(db, organization_id)
    count = await store.unsuppress(db, organization_id, {_mark(entry, hasher)[1] for entry in entries})
    await history.record(db, organization_id, actor=actor, action="suppressions removed", details={"count": count})
    return count


async def export(db: Executor, organization_id: OrganizationId) -> Iterator[str]:
    """The list as JSON lines of hashes; the first line tells which key they were made with."""
    hasher = await feed.hasher_of(db, organization_id)
    rows = await store.suppressions(db, organization_id)
    lines = [{"key": hasher.fingerprint()}]
    lines += [{"kind": row["kind"], "hash": row["hash"].hex(), "created_at": written(row["created_at"])} for row in rows]
    return (json.dumps(line) for line in lines)


async def import_lines(db: Connection, organization_id: OrganizationId, lines: Iterable[str], *, actor: str) -> int:
    """Take in an export, or plain addresses and domains, one a line; answers how many. Raises InvalidInput that names the line."""
    hasher = await feed.hold_organization_alone(db, organization_id)
    reader = _Reader(hasher)
    marks = {mark for number, line in enumerate(lines, start=1) if (mark := reader.read(number, line.strip()))}
    return await _add(db, organization_id, marks, actor=actor)


async def _add(db: Connection, organization_id: OrganizationId, marks: set[tuple[str, bytes]], *, actor: str) -> int:
    await store.suppress(db, organization_id, marks)
    await history.record(db, organization_id, actor=actor, action="suppressions added", details={"count": len(marks)})
    return len(marks)


@dataclass(slots=True)
class _Reader:
    hasher: Hasher
    is_own_key: bool = False

    def read(self, number: int, line: str) -> tuple[str, bytes] | None:
        if not line or line.startswith("#"):
            return None
        try:
            return self._hashed(json.loads(line)) if line.startswith("{") else _mark(line, self.hasher)
        except InvalidInput as error:
            raise InvalidInput(f"Line {number}: {error.message}") from None
        except (ValueError, TypeError, KeyError):
            raise InvalidInput(f"Line {number} is neither a line of an export nor an address or a domain.") from None

    def _hashed(self, entry: dict[str, str]) -> tuple[str, bytes] | None:
        if "key" in entry:
            self.is_own_key = entry["key"] == self.hasher.fingerprint()
            if not self.is_own_key:
                raise InvalidInput("these hashes were made for another organization and match nobody here; import addresses instead.")
            return None
        digest = bytes.fromhex(entry["hash"])
        if not self.is_own_key or entry["kind"] not in _KINDS or len(digest) != _HASH_BYTES:
            raise InvalidInput('not an export\'s line, or the first line, which names the "key", is missing.')
        return entry["kind"], digest


def _mark(entry: str, hasher: Hasher) -> tuple[str, bytes]:
    text = bare_email(entry)
    if is_email(text):
        digest = hasher.email(text)
        assert digest is not None
        return "email", digest
    domain = ascii_domain(text.removeprefix("@"))
    if domain is None or "." not in domain:
        raise InvalidInput("expected an e-mail address, such as name@example.com, or a domain, such as example.com.")
    return "domain", hasher.domain(domain)
