"""A PostgreSQL of one's own as administrators set it up: TLS or nothing, and an account with no right but its databases."""

import json
import os
import re
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import trustme

from openprospect.server.core.errors import Misconfigured
from openprospect.server.db.clients import Server, find_client
from openprospect.server.db.embedded import Installation
from tests.acceptance.commands import Site
from tests.conftest import open_folder
from tests.failure.cluster import Cluster

SERVERS = sorted(Path("/usr/lib/postgresql").glob("[0-9]*/bin/postgres"), key=lambda program: int(program.parts[-3]))


@contextmanager
def encrypting(folder):
    """A server that lets nobody in without TLS, and an account that owns two databases on it."""
    cluster = Cluster(folder=folder / "cluster", installation=Installation.at(SERVERS[-1].parent))
    folder.chmod(0o777)
    cluster.create()
    certificate = trustme.CA().issue_cert("127.0.0.1")
    for name, pem in (("server.crt", certificate.cert_chain_pems[0]), ("server.key", certificate.private_key_pem)):
        file = cluster.folder / name
        file.write_bytes(pem.bytes())
        os.chown(file, cluster.account.uid, cluster.account.gid)
        file.chmod(0o600)
    (cluster.folder / "pg_hba.conf").write_text("local all all trust\nhostssl all all 127.0.0.1/32 scram-sha-256\n")
    with (cluster.folder / "postgresql.conf").open("a") as settings:
        settings.write("ssl = on\n")
    cluster.start()
    try:
        cluster.execute("CREATE ROLE delivery LOGIN PASSWORD 'geheim/2026'")
        for database in ("first", "second"):
            cluster.execute(f"CREATE DATABASE {database} OWNER delivery")
        yield cluster
    finally:
        cluster.stop("immediate")


@pytest.fixture(scope="module")
def cluster():
    if not SERVERS:
        pytest.skip("no PostgreSQL with TLS in /usr/lib/postgresql; install one: apt-get install postgresql")
    with open_folder() as folder, encrypting(folder) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def site():
    with open_folder() as folder:
        yield Site(folder=folder)


def on(site, cluster, database):
    """The environment of commands that work on this database."""
    url = f"postgresql://delivery:geheim%2F2026@127.0.0.1:{cluster.port}/{database}"
    return site.environment | {"OPENPROSPECT_DATABASE_URL": url, "OPENPROSPECT_SECRET_KEY": "for tests alone and long enough for them"}


def test_everything_works_for_an_ordinary_account_over_tls(site, cluster):
    first, second = on(site, cluster, "first"), on(site, cluster, "second")
    site.run("migrate", environment=first)
    search = site.json("searches", "create", "hotels", environment=first)["id"]
    rows = "\n".join(json.dumps({"source_id": str(number), "name": f"Hotel {number}"}) for number in range(20))
    site.json("deliver", search, "-", stdin=rows.encode(), environment=first)
    site.run("partition", "--into", "2", environment=first)
    with site.serving(environment=first) as server:
        assert httpx.get(f"{server.base_url}/ready", trust_env=False).status_code == 200
    site.run("backup", "own.dump", environment=first)
    restored = site.json("restore", "own.dump", "--without-erasure-log", environment=second)
    assert restored["companies"] == 20


@pytest.mark.parametrize(("is_encrypted", "reason"), [(True, ", and able to encrypt, "), (False, ". ")])
def test_a_machine_without_the_right_program_is_told_what_to_install(is_encrypted, reason):
    server = Server(dsn="postgresql://h/d", major=99, is_encrypted=is_encrypted)
    with pytest.raises(Misconfigured, match=re.escape(f"no `pg_dump` of PostgreSQL 99 or later{reason}")) as refused:
        find_client("pg_dump", server)
    assert "`postgresql-client-99`" in refused.value.message
