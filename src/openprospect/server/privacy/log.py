"""The erasure log: every erasure and every change of a suppression list once more, in a file apart from the database.

So a restored backup is cleaned of the erased again, and keeps out whoever was to be kept out.

It holds ids and keyed hashes alone; the keys are in the database.
"""

import asyncio
import fcntl
import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Literal
from uuid import UUID

import msgspec

from openprospect.server.core.appending import append_durably
from openprospect.server.core.errors import Misconfigured, Unavailable


class LoggedErasure(msgspec.Struct, frozen=True, kw_only=True):
    """One erasure. `prospect_ids` are those of the person, `marks` what keeps them from coming back: kinds and hashes."""

    id: UUID
    organization_id: UUID
    at: datetime
    actor: str
    subject_hash: bytes
    prospect_ids: list[UUID]
    marks: list[tuple[str, bytes]]

    @property
    def mailboxes(self) -> set[bytes]:
        return {digest for kind, digest in self.marks if kind == "email"}


class LoggedListing(msgspec.Struct, frozen=True, kw_only=True):
    """Marks that somebody put on a suppression list, or took off it."""

    organization_id: UUID
    at: datetime
    actor: str
    change: Literal["added", "removed"]
    marks: list[tuple[str, bytes]]


Logged = LoggedErasure | LoggedListing


class _Line(msgspec.Struct):
    """What tells the two apart; only a listing has a change."""

    change: str | None = None


class ErasureLog:
    """A file of one line an erasure or a change of a list, shared by any number of processes."""

    def __init__(self, path: Path) -> None:
        self.path = path

    async def add(self, entry: Logged) -> None:
        """On the disk when this returns: call it before what it tells of is committed, so that nothing is missing."""
        try:
            await asyncio.to_thread(self._append, msgspec.json.encode(entry) + b"\n")
        except OSError as error:
            raise Unavailable(
                f"The erasure log {self.path} cannot be written ({error.strerror}), so nothing was changed."
                " Make room or mend its permissions, or name another place in OPENPROSPECT_ERASURE_LOG."
            ) from error

    def entries(self) -> Iterator[Logged]:
        """Oldest first; none where there is no file. Raises Misconfigured at a line that is damaged."""
        if not self.path.exists():
            return
        with self.path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                # Whoever died while writing its last line had not yet committed what it says.
                if line.endswith(b"\n"):
                    yield self._decoded(line, number)

    def _append(self, line: bytes) -> None:
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            end = _end_of_whole_lines(descriptor)
            os.ftruncate(descriptor, end)
            append_durably(descriptor, line, at=end, path=self.path)
        finally:
            os.close(descriptor)

    def _decoded(self, line: bytes, number: int) -> Logged:
        try:
            if msgspec.json.decode(line, type=_Line).change is None:
                return msgspec.json.decode(line, type=LoggedErasure)
            return msgspec.json.decode(line, type=LoggedListing)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise Misconfigured(
                f"{self.path}, line {number}, is no erasure and no change of a list: {error}. Take the file from another copy; if it was"
                " joined from several, name each of these by an --erasure-log of its own."
            ) from error


def _end_of_whole_lines(descriptor: int) -> int:
    """Where the next line begins: behind the last whole one, whatever a process that died left there."""
    end = os.fstat(descriptor).st_size
    while end and os.pread(descriptor, 1, end - 1) != b"\n":
        end -= 1
    return end
