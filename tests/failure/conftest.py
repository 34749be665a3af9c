"""A PostgreSQL to break, with a migrated database on it; and the service in this process, reaching it as the test says."""

from collections.abc import AsyncIterator, Iterator

import pytest

from openprospect.server.access.keys import ensure_default_organization
from openprospect.server.db.migrate import migrate
from openprospect.server.db.pool import Database
from tests.conftest import open_folder
from tests.failure.cluster import Cluster
from tests.failure.proxy import Proxy


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with open_folder() as folder:
        folder.chmod(0o777)
        cluster = Cluster(folder=folder / "cluster")
        cluster.create()
        cluster.start()
        yield cluster
        if cluster.is_running:
            cluster.stop("immediate")


@pytest.fixture(scope="module")
def standbys(cluster: Cluster, name: str) -> Iterator[list[Cluster]]:
    """Two that follow the cluster by streaming."""
    standbys = [Cluster(folder=cluster.folder.parent / f"standby{number}") for number in (1, 2)]
    for standby in standbys:
        standby.copy_of(cluster)
        standby.start()
    yield standbys
    for standby in standbys:
        if standby.is_running:
            standby.stop("immediate")


@pytest.fixture(scope="module")
async def name(cluster: Cluster) -> str:
    """A migrated database, in which every test has a search of its own; its name."""
    cluster.execute("CREATE DATABASE openprospect")
    dsn = cluster.dsn("openprospect")
    await migrate(dsn)
    async with await Database.open(dsn, size=1) as database:
        await ensure_default_organization(database)
    return "openprospect"


@pytest.fixture
async def proxy(cluster: Cluster) -> AsyncIterator[Proxy]:
    async with Proxy(cluster.port).listening() as proxy:
        yield proxy
