"""A CRM as a destination: each batch goes into the mirror, then the CRM is brought into line with it.

The mirror's data and checkpoint are one transaction. The CRM follows as often as it takes: what it lacks is worked out from
mirror and log, so that a kill, a spent quota or a refusal leaves nothing to be remembered.
"""

from collections import Counter
from contextlib import closing
from dataclasses import replace
from hashlib import sha256
from secrets import token_hex
from typing import Self

import msgspec

from openprospect.sync.batch import Batch, Source
from openprospect.sync.destinations.base import Applied, Checkpoint, Held
from openprospect.sync.destinations.crm.account import Account
from openprospect.sync.destinations.crm.leaving import Leaving
from openprospect.sync.destinations.crm.links import Links
from openprospect.sync.destinations.crm.log import Log
from openprospect.sync.destinations.crm.mirror import Mirror
from openprospect.sync.destinations.crm.protocol import Crm
from openprospect.sync.destinations.crm.settings import CrmSettings
from openprospect.sync.destinations.crm.upserting import Upserting
from openprospect.sync.destinations.files import existing_path_of, lock_path, path_of
from openprospect.sync.destinations.lock import FileLock
from openprospect.sync.destinations.sql import SqlDestination
from openprospect.sync.destinations.sqlite import SqliteDatabase
from openprospect.sync.errors import DestinationRefused, Stopped


class CrmDestination:
    def __init__(self, database: SqliteDatabase, lock: FileLock, crm: Crm, settings: CrmSettings) -> None:
        log = Log(database)
        run = token_hex(8)
        self._tables = SqlDestination(database, lock)
        self._log = log
        self._account = Account(database, log, crm, settings)
        self._mirror = Mirror(database, version=f" {_version(settings)}", run=run)
        self._crm = crm
        self._counts: Counter[str] = Counter()
        self._upserting = Upserting(crm, self._mirror, log, settings, self._counts)
        self._leaving = Leaving(crm, self._mirror, log, settings, self._counts, run=run)
        self._failures: dict[str, Exception] = {}

    def prepared(self) -> Self:
        """Itself, once the tables are there and the log is that of this CRM's account; closed if it is not."""
        try:
            self._tables.prepared(self._log.create, self._mirror.create, self._account.create)
            self._account.claim()
        except BaseException:
            self.close()
            raise
        return self

    def checkpoint(self, search_id: str) -> Checkpoint | None:
        """The mirror's while the CRM has everything; else up to where it does, so that no receipt says more.

        Where it never had anything whole, the feed is read from its beginning, which shows no withdrawals: only a full run
        takes what is gone since out of the mirror.
        """
        stored = self._tables.checkpoint(search_id)
        if stored is None or self._mirror.is_settled(search_id):
            return stored
        settled = self._mirror.settled(search_id)
        has_to_begin = settled is None and stored.delivered_until is not None
        return Checkpoint(source=stored.source, delivered_until=settled, full_run=stored.full_run or has_to_begin)

    def begin_full(self, search_id: str, source: Source) -> None:
        self._failures.pop(search_id, None)
        self._mirror.unsettle(search_id, source)
        self._tables.begin_full(search_id, source)

    def apply(self, batch: Batch) -> Applied:
        self._counts.clear()
        applied = self._tables.apply(batch)
        if batch.search_id not in self._failures:
            self._follow(batch.search_id)
        checkpoint = self._tables.checkpoint(batch.search_id)
        if checkpoint is not None and not checkpoint.full_run:
            self._mirror.settle(batch.search_id, checkpoint.delivered_until, checkpoint.source)
        return Applied(companies=applied.companies, prospects=applied.prospects, removed=applied.removed, outcomes=+self._counts)

    def finish(self, search_id: str) -> None:
        """A CRM that takes no more keeps nothing out of the mirror: what was still to be read may hold an erasure, which then
        comes first in the next run. So the failure is told at the end of the walk.
        """
        if failure := self._failures.pop(search_id, None):
            raise failure
        self._tables.finish(search_id)

    def _follow(self, search_id: str) -> None:
        try:
            left = self._leaving.begin(search_id)
            self._upserting.run(search_id)
            self._leaving.finish(left)
        except Stopped:
            raise
        except Exception as failure:  # noqa: BLE001 - what it is, and where it comes from, whoever is told of it says
            self._failures[search_id] = failure

    def close(self) -> None:
        self._crm.close()
        self._tables.close()


def open_crm(url: str, crm: Crm, settings: CrmSettings) -> CrmDestination:
    """The destination whose mirror and outcome log are in the URL's file, which is readable by its owner alone."""
    path = path_of(url)
    lock = FileLock(lock_path(path))
    try:
        crm.prepare()
        path.touch(mode=0o600)
        return CrmDestination(SqliteDatabase(path, read_only=False), lock, crm, settings).prepared()
    except BaseException:
        lock.release()
        crm.close()
        raise


def held_in(url: str) -> list[Held]:
    """What the mirror holds, and what the CRM refused of it."""
    database = SqliteDatabase(existing_path_of(url), read_only=True)
    with closing(SqlDestination(database)) as destination:
        found, links = destination.held(), Links(database)
        if not links.are_there():
            raise DestinationRefused(f"{database.name} is no log of a CRM. It may be a copy that was synced to sqlite:///{database.name}.")
        return [replace(held, rejected=links.refused(held.search_id)) for held in found]


def _version(settings: CrmSettings) -> str:
    """Changes with the mapping, so that a new one reaches every record."""
    told = msgspec.json.encode([settings.companies, settings.contacts], order="deterministic")
    return sha256(told).hexdigest()[:12]
