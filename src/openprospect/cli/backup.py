"""`openprospect backup` and `restore`."""

import asyncio
import sys
from datetime import timedelta
from pathlib import Path
from typing import Annotated
from uuid import uuid4

from cyclopts import Parameter
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from openprospect.cli.erasure_log import ErasureLogPaths, default_place, read_logs
from openprospect.cli.output import Json, answer, stderr
from openprospect.cli.stopping import stopped_in_order
from openprospect.cli.storage import DEFAULT_STORAGE, ClockIsRight, ErasureDeadlineDays, Storage, actor, check
from openprospect.server.db.clients import server_at
from openprospect.server.db.dump import dump, fingerprint, load
from openprospect.server.db.migrate import migrate
from openprospect.server.db.pool import Connection, Database
from openprospect.server.instance.restoring import marking, needs_loading
from openprospect.server.instance.store import note_erasure_log
from openprospect.server.privacy.log import ErasureLog
from openprospect.server.privacy.restore import finish_restore
from openprospect.server.searches.store import searches_with_owner
from openprospect.server.settings import DEFAULTS
from openprospect.server.webhooks.endpoints import disable_all

_NO_LOG = "Name it with --erasure-log; where it is lost, or nobody was ever erased, say --without-erasure-log."


def backup(file: Path, *, storage: Storage = DEFAULT_STORAGE, json: Json = False) -> None:
    """Write all that the service keeps into a file, as of this moment; the service may go on meanwhile.

    Parameters
    ----------
    file
        The file to write. It holds personal data; only its owner may read it.
    """

    with stopped_in_order(), storage.dsn() as dsn, _waiting("Backing up"):
        asyncio.run(check(dsn))
        # A database restored without its name is served by nobody until the erasures since then are carried out.
        size = dump(asyncio.run(server_at(dsn)), file, without_rows_of="instance")
    answer({"file": str(file), "bytes": size}, json=json)


def restore(
    file: Path,
    *,
    erasure_log: ErasureLogPaths = None,
    without_erasure_log: Annotated[bool, Parameter(negative="")] = False,
    erasure_deadline_days: ErasureDeadlineDays = DEFAULTS.erasure_deadline_days,
    clock_is_right: ClockIsRight = False,
    rehearsal: Annotated[bool, Parameter(negative="")] = False,
    storage: Storage = DEFAULT_STORAGE,
    json: Json = False,
) -> None:
    """Fill an empty database from a backup; whoever was erased since then is erased again before anything is served.

    Parameters
    ----------
    file
        What `openprospect backup` wrote.
    erasure_log
        Where the service has written down its erasures, and goes on doing so; of several the present one first.
    without_erasure_log
        Do without: whoever was erased since the backup comes back.
    erasure_deadline_days
        By when every recipient should have confirmed those that are carried out again.
    clock_is_right
        Feeds that end later than now were delivered under a wrong clock; they go on an hour after their end.
    rehearsal
        Beside the service, to try it out: nothing is pushed to anybody, and erasures go to a log of its own.
    """
    logs = None if without_erasure_log else read_logs(erasure_log or [default_place(storage)], storage, or_else=_NO_LOG)
    deadline = timedelta(days=erasure_deadline_days)
    backup = fingerprint(file)

    async def is_empty(dsn: str) -> bool:
        async with await Database.open(dsn, size=1) as database:
            return await needs_loading(database, backup)

    async def finish(dsn: str) -> dict[str, int]:
        await migrate(dsn)
        async with await Database.open(dsn, size=2) as database:
            set_apart = (lambda db: _set_apart(db, storage)) if rehearsal else None
            reapplied = await finish_restore(database, logs, deadline=deadline, is_clock_right=clock_is_right, then=set_apart)
            companies = sum(row["companies"] for row in await searches_with_owner(database))
            return {"companies": companies, "erasures_reapplied": reapplied}

    with stopped_in_order(), storage.dsn(may_begin=True) as dsn, _waiting("Restoring"):
        if asyncio.run(is_empty(dsn)):
            load(asyncio.run(server_at(dsn)), file, then=marking(backup))
        done = asyncio.run(finish(dsn))
    answer(done, json=json)


async def _set_apart(db: Connection, storage: Storage) -> None:
    """Let a copy act on nobody whom the service acts for: no endpoint is sent anything, and no log of the service's is written to."""
    count = await disable_all(db, reason="restored as a rehearsal", actor=actor())
    log = ErasureLog(default_place(storage).with_name(f"openprospect-rehearsal-{uuid4().hex[:8]}.jsonl"))
    await note_erasure_log(db, log.begin(), log.path)
    stderr.print(f"A rehearsal: endpoints disabled: {count}; it writes its erasures to {log.path}.", style="dim", markup=False)


def _waiting(what: str) -> Progress:
    """Something that moves, where somebody looks at it: PostgreSQL's programs do not tell how far they are."""
    progress = Progress(
        SpinnerColumn(), TextColumn(what), TimeElapsedColumn(), console=stderr, transient=True, disable=not sys.stderr.isatty()
    )
    progress.add_task(what, total=None)
    return progress
