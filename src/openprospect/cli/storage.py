"""How commands reach the database: their own PostgreSQL by URL, or the embedded one of a data folder, started where none runs."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, TypeVar

from cyclopts import Parameter
from cyclopts.validators import Number

from openprospect.cli.output import stderr
from openprospect.server.access.keys import ensure_default_organization
from openprospect.server.core.vault import Vault
from openprospect.server.db.connecting import check_url
from openprospect.server.db.embedded import EmbeddedPostgres, key_of, made_key
from openprospect.server.db.migrate import check_version, migrate
from openprospect.server.db.pool import PATIENCE_SECONDS, Database
from openprospect.server.instance.store import has_schema, instance
from openprospect.server.webhooks.sealing import seal_clear_secrets

T = TypeVar("T")

ClockIsRight = Annotated[bool, Parameter(negative="")]
ErasureDeadlineDays = Annotated[int, Parameter(env_var="OPENPROSPECT_ERASURE_DEADLINE_DAYS", validator=Number(gte=1, lte=3650))]
"""How long recipients have to confirm an erasure."""


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Storage:
    """Where the service keeps its data."""

    database_url: Annotated[str | None, Parameter(env_var="OPENPROSPECT_DATABASE_URL", show_default=False)] = None
    """Your own PostgreSQL, 15 to 18; without it an embedded one is used."""

    data_dir: Annotated[Path, Parameter(env_var="OPENPROSPECT_DATA_DIR")] = Path(".openprospect")
    """The folder of the embedded PostgreSQL."""

    secret_key: Annotated[str | None, Parameter(env_var="OPENPROSPECT_SECRET_KEY", show_default=False)] = None
    """What seals signing secrets in the database, 32 characters or more; several, the newest first, with commas between them.
    Without it, the embedded PostgreSQL has a key file in its data folder."""

    def __repr__(self) -> str:
        shown = {"database_url": "***" if self.database_url else None, "secret_key": "***" if self.secret_key else None}
        return f"Storage({', '.join(f'{name}={value}' for name, value in shown.items())}, data_dir={str(self.data_dir)!r})"

    @contextmanager
    def dsn(self, *, may_begin: bool = False) -> Iterator[str]:
        """A connection URL that works as long as the block runs. Where there is no data folder yet, only who `may_begin` makes one."""
        if self.database_url:
            check_url(self.database_url, name="OPENPROSPECT_DATABASE_URL")
            yield self.database_url
        else:
            lease = EmbeddedPostgres(self.data_dir, may_create=may_begin)
            with lease as dsn:
                if lease.is_new:
                    stderr.print(f"Began a new, empty database in {self.data_dir.absolute()}.", style="dim", markup=False)
                yield dsn

    def secret_keys(self) -> tuple[str, ...]:
        """Those given, and the data folder's own, made where there is no other. To be asked for while a connection URL works."""
        given = tuple(key.strip() for key in (self.secret_key or "").split(",") if key.strip())
        if self.database_url:
            return given
        own = key_of(self.data_dir) if given else made_key(self.data_dir)
        return (*given, own) if own else given


DEFAULT_STORAGE = Storage()


def on_database(
    storage: Storage, work: Callable[[Database], Awaitable[T]], *, may_begin: bool = False, lock_seconds: float = PATIENCE_SECONDS
) -> T:
    """Run one command's work on a database of this version, on a new one where it may begin one."""

    async def run(dsn: str) -> T:
        await make_ready(dsn, storage, may_begin=may_begin)
        async with await Database.open(dsn, size=2, lock_seconds=lock_seconds) as database:
            return await work(database)

    with storage.dsn(may_begin=may_begin) as dsn:
        return asyncio.run(run(dsn))


async def make_ready(dsn: str, storage: Storage, *, may_begin: bool = False) -> None:
    """Bring an embedded database to this version; one that is named by URL, which others use, only from its beginning.

    Raises Misconfigured where it is not of this version.
    """
    if storage.database_url is None or (may_begin and await _is_empty(dsn)):
        await prepare(dsn, Vault(storage.secret_keys()))
    else:
        await check_ready(dsn)


async def prepare(dsn: str, vault: Vault) -> str:
    """Bring the database to this version's schema, and secrets that lie there in clear under a key; answers the version.

    Raises Misconfigured in one that is half restored.
    """
    version = await migrate(dsn)
    await check(dsn)
    async with await Database.open(dsn, size=1) as database:
        await ensure_default_organization(database)
        await seal_clear_secrets(database, vault)
    return version


async def check_ready(dsn: str) -> None:
    """Raises Misconfigured where the database cannot be served as it is: empty, half restored, or of another version."""
    await check(dsn)
    await check_version(dsn)


async def check(dsn: str) -> None:
    """Raises Misconfigured where the database is empty or half restored."""
    async with await Database.open(dsn, size=1) as database:
        await instance(database)


async def _is_empty(dsn: str) -> bool:
    async with await Database.open(dsn, size=1) as database:
        return not await has_schema(database)


def actor() -> str:
    """What history calls whoever typed a command."""
    return f"command line ({os.environ.get('SUDO_USER') or os.environ.get('USER') or os.getuid()})"
