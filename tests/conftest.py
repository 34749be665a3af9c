"""What every test may ask for: a real PostgreSQL, and a fresh, migrated database on it."""

import os
import shutil
import tempfile
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import psycopg
import pytest

from openprospect.server.access.keys import ensure_default_organization
from openprospect.server.db.embedded import EmbeddedPostgres
from openprospect.server.db.migrate import migrate
from openprospect.server.db.partition import split
from openprospect.server.db.pool import Database
from openprospect.server.db.tenants import ROLE as TENANTS

# Assertions in helpers explain themselves, as those in tests do; said here, before anything imports them.
pytest.register_assert_rewrite(
    "tests.acceptance.crowd",
    "tests.crm.contract",
    "tests.crm.faults",
    "tests.sync.contract",
    "tests.sync.columns_contract",
    "tests.integration.export_consumer",
    "tests.integration.feed_model",
    "tests.integration.naive_client",
)


ADMINISTRATOR = "openprospect"
OWNER = "ordinary"
"""Whose the databases of tests are: a role with no right that PostgreSQL does not give to all."""

_MEMORY = "/dev/shm"
_ROOM_BYTES = 6 << 30


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--partitions", type=int, default=1, help="split the tables that grow with the feeds, in every database of a test")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Half of the time a test waits for some process: two of them more than there are cores keep all of these at work."""
    return (os.cpu_count() or 1) + 2


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of a PostgreSQL that lives as long as the test run, for its administrator; databases on it belong to `OWNER`."""
    with open_folder() as folder, EmbeddedPostgres(folder / "data") as dsn:
        _admit_others(dsn)
        yield dsn


@contextmanager
def open_folder() -> Iterator[Path]:
    """A folder for a cluster, which leaves nothing behind. Folders of pytest's own are closed to PostgreSQL's account."""
    folder = Path(tempfile.mkdtemp(prefix="openprospect-", dir=_in_memory()))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _in_memory() -> str | None:
    """A database of its own for each test is thousands of files: ten times quicker where no disk has to know them. None: wherever else."""
    has_room = os.path.isdir(_MEMORY) and shutil.disk_usage(_MEMORY).free >= _ROOM_BYTES  # noqa: PTH112  # a name is all that is wanted
    return _MEMORY if has_room else None


@pytest.fixture(scope="session")
async def template(postgres: str, pytestconfig: pytest.Config) -> str:
    """A migrated database to clone, split as asked for; its name."""
    name = f"template_{uuid.uuid4().hex[:8]}"
    dsn = await create_database(postgres, name)
    await migrate(dsn)
    await split(dsn, into=pytestconfig.getoption("--partitions"))
    async with await Database.open(dsn, size=1) as database:
        await ensure_default_organization(database)
    return name


@pytest.fixture
async def dsn(postgres: str, template: str) -> AsyncIterator[str]:
    """The URL of a fresh database with the newest schema; dropped afterwards."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    yield await create_database(postgres, name, template=template)
    connection = await asyncpg.connect(postgres)
    await connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    await connection.close()


@pytest.fixture
async def database(dsn: str) -> AsyncIterator[Database]:
    """A pool on a fresh database."""
    async with await Database.open(dsn) as database:
        yield database


def sibling(dsn: str, name: str) -> str:
    """The URL of another database on the same server."""
    head, _, query = dsn.partition("?")
    return f"{head.rpartition('/')[0]}/{name}" + (f"?{query}" if query else "")


async def create_database(postgres: str, name: str, *, template: str = "template0", owner: str = OWNER) -> str:
    """A database of a role's own; its URL, for that role."""
    connection = await asyncpg.connect(postgres)
    await connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" OWNER {owner}')
    await connection.close()
    return as_role(sibling(postgres, name), owner)


def as_role(dsn: str, role: str) -> str:
    """The same URL for another role of the server."""
    scheme, _, rest = dsn.partition("://")
    return f"{scheme}://{role}@{rest.partition('@')[2]}"


def _admit_others(dsn: str) -> None:
    """Make a role without any right beyond its own databases, as an administrator does for the service; and let it, and others, sign in."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {OWNER} LOGIN; CREATE ROLE {TENANTS} NOLOGIN; GRANT {TENANTS} TO {OWNER}".encode())
        (rules,) = connection.execute("SHOW hba_file").fetchone() or ("",)
        with Path(rules).open("a") as file:
            file.write("local all all trust\n")
        connection.execute("SELECT pg_reload_conf()")
