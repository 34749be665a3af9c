"""The suppression list: people and domains that are left out of every delivery, as hashes; in and out of files."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from openprospect.server.access.model import OrganizationId
from openprospect.server.core.errors import InvalidInput
from openprospect.server.core.timestamps import format_timestamp
from openprospect.server.db import history
from openprospect.server.db.pool import Connection, Executor
from openprospect.server.feed import store as feed
from openprospect.server.feed.rows.hashes import Hasher
from openprospect.server.feed.rows.identity import ascii_domain, bare_email, is_email
from openprospect.server.privacy import store
from openprospect.server.privacy.log import ErasureLog, LoggedListing
from openprospect.server.privacy.one_log import write_down

_KINDS = ("email", "domain", "prospect", "name", "name without email")
_HASH_BYTES = 16

_Mark = tuple[str, bytes]


async def suppress(db: Connection, organization_id: OrganizationId, entries: Iterable[str], *, actor: str, log: ErasureLog | None) -> int:
    """Put addresses and domains on the list; answers how many. What is delivered already stays: erase those."""
    hasher = await feed.hold_organization_alone(db, organization_id)
    return await _add(db, organization_id, {_mark(entry, hasher) for entry in entries}, actor=actor, log=log)


async def unsuppress(db: Connection, organization_id: OrganizationId, entries: Iterable[str], *, actor: str, log: ErasureLog | None) -> int:
    """Take addresses and domains off the list; answers how many were on it."""
    hasher = await feed.hold_organization_alone(db, organization_id)
    marks = {_mark(entry, hasher) for entry in entries}
    count = await store.unsuppress(db, organization_id, {digest for _, digest in marks})
    await history.record(db, organization_id, actor=actor, action="suppressions removed", details={"count": count})
    await _write_down(db, log, organization_id, "removed", marks, actor=actor)
    return count


async def export(db: Executor, organization_id: OrganizationId) -> Iterator[str]:
    """The list as JSON lines of hashes; the first line tells which key they were made with."""
    hasher = await feed.hasher_of(db, organization_id)
    rows = await store.suppressions(db, organization_id)
    lines = [{"key": hasher.fingerprint()}]
    lines += [{"kind": row["kind"], "hash": row["hash"].hex(), "created_at": format_timestamp(row["created_at"])} for row in rows]
    return (json.dumps(line) for line in lines)


async def import_lines(db: Connection, organization_id: OrganizationId, lines: Iterable[str], *, actor: str, log: ErasureLog | None) -> int:
    """Take in an export, or plain addresses and domains, one a line; answers how many. Raises InvalidInput that names the line."""
    hasher = await feed.hold_organization_alone(db, organization_id)
    reader = _Reader(hasher)
    marks = {mark for number, line in enumerate(lines, start=1) if (mark := reader.read(number, line.strip()))}
    return await _add(db, organization_id, marks, actor=actor, log=log)


async def _add(db: Connection, organization_id: OrganizationId, marks: set[_Mark], *, actor: str, log: ErasureLog | None) -> int:
    await store.suppress(db, organization_id, marks)
    await history.record(db, organization_id, actor=actor, action="suppressions added", details={"count": len(marks)})
    await _write_down(db, log, organization_id, "added", marks, actor=actor)
    return len(marks)


async def _write_down(
    db: Connection,
    log: ErasureLog | None,
    organization_id: OrganizationId,
    change: Literal["added", "removed"],
    marks: set[_Mark],
    *,
    actor: str,
) -> None:
    if log and marks:
        at = datetime.now(UTC)
        entry = LoggedListing(organization_id=organization_id, at=at, actor=str(actor), change=change, marks=sorted(marks))
        await write_down(db, log, entry)


@dataclass(slots=True)
class _Reader:
    hasher: Hasher
    is_own_key: bool = False

    def read(self, number: int, line: str) -> _Mark | None:
        if not line or line.startswith("#"):
            return None
        try:
            return self._hashed(json.loads(line)) if line.startswith("{") else _mark(line, self.hasher)
        except InvalidInput as error:
            raise InvalidInput(f"Line {number}: {error.message}") from None
        except (ValueError, TypeError, KeyError):
            raise InvalidInput(f"Line {number} is neither a line of an export nor an address or a domain.") from None

    def _hashed(self, entry: dict[str, str]) -> _Mark | None:
        if "key" in entry:
            self.is_own_key = entry["key"] == self.hasher.fingerprint()
            if not self.is_own_key:
                raise InvalidInput("these hashes were made for another organization and match nobody here; import addresses instead.")
            return None
        digest = bytes.fromhex(entry["hash"])
        if not self.is_own_key or entry["kind"] not in _KINDS or len(digest) != _HASH_BYTES:
            raise InvalidInput('not an export\'s line, or the first line, which names the "key", is missing.')
        return entry["kind"], digest


def _mark(entry: str, hasher: Hasher) -> _Mark:
    text = bare_email(entry)
    if is_email(text):
        digest = hasher.email(text)
        assert digest is not None
        return "email", digest
    domain = ascii_domain(text.removeprefix("@"))
    if domain is None or "." not in domain:
        raise InvalidInput("expected an e-mail address, such as name@example.com, or a domain, such as example.com.")
    return "domain", hasher.domain(domain)
