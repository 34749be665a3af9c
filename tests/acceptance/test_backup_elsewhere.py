"""Backups under circumstances: servers of older versions, connections that variables describe, and signals on the way."""

import json
import os
import secrets
import shutil
import signal
import tempfile
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from openprospect.server.db.embedded import EmbeddedPostgres, Installation
from tests.acceptance.commands import eventually, open_site
from tests.conftest import open_folder
from tests.failure.cluster import Cluster

OLDEST = sorted(Path("/usr/lib/postgresql").glob("[0-9]*/bin/postgres"), key=lambda program: int(program.parts[-3]))


@pytest.fixture(scope="module")
def site():
    with open_site() as site:
        search = site.new_search()
        rows = [{"source_id": f"c{number}", "name": f"Hotel\t{number}\\n", "note": secrets.token_hex(4_000)} for number in range(50)]
        site.json("deliver", search, "-", stdin="\n".join(map(json.dumps, rows)).encode())
        yield site


@pytest.fixture(scope="module")
def oldest():
    """A PostgreSQL of the oldest version that this machine has."""
    if not OLDEST:
        pytest.skip("no PostgreSQL in /usr/lib/postgresql; install one: apt-get install postgresql")
    with open_folder() as folder, EmbeddedPostgres(folder / "data", installation=Installation.at(OLDEST[0].parent)) as dsn:
        yield dsn


def test_a_backup_is_restored_into_the_oldest_server_and_from_there_into_the_newest(site, oldest):
    on_oldest = site.environment | {"OPENPROSPECT_DATABASE_URL": oldest}
    site.json("backup", "newest.dump")
    assert site.json("restore", "newest.dump", environment=on_oldest)["companies"] == 50
    site.json("backup", "oldest.dump", environment=on_oldest)
    again = site.environment | {"OPENPROSPECT_DATA_DIR": str(site.folder / "again")}
    assert site.json("restore", "oldest.dump", environment=again)["companies"] == 50


def test_a_backup_that_breaks_off_is_refused_by_name_and_nothing_of_it_is_kept(site):
    site.json("backup", "whole.dump")
    whole = (site.folder / "whole.dump").read_bytes()
    (site.folder / "half.dump").write_bytes(whole[: len(whole) // 2])
    into = site.environment | {"OPENPROSPECT_DATA_DIR": str(site.folder / "half")}
    said = site.run("restore", "half.dump", expected=2, environment=into).complaint
    assert "half.dump cannot be read to its end, so nothing was restored" in said
    assert site.json("restore", "whole.dump", environment=into)["companies"] == 50


@contextmanager
def protected():
    """The URL without a password of a server that asks for one, and the password."""
    folder = Path(tempfile.mkdtemp(prefix="openprospect-"))
    folder.chmod(0o755)
    cluster = Cluster(folder=folder / "cluster")
    try:
        cluster.folder.mkdir()
        os.chown(cluster.folder, cluster.account.uid, cluster.account.gid)
        cluster.create()
        cluster.start()
        cluster.execute("ALTER ROLE openprospect PASSWORD 'geheim'")
        (cluster.folder / "pg_hba.conf").write_text("local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n")
        cluster.execute("SELECT pg_reload_conf()")
        yield cluster.dsn(), "geheim"
    finally:
        if cluster.is_running:
            cluster.stop("immediate")
        shutil.rmtree(folder)


def test_a_password_that_a_variable_holds_is_given_to_the_programs_too(site):
    with protected() as (url, password):
        variables = site.environment | {"OPENPROSPECT_DATABASE_URL": url, "PGPASSWORD": password}
        eventually(lambda: site.run("migrate", environment=site.environment | {"OPENPROSPECT_DATABASE_URL": url}, expected=None).code)
        site.run("migrate", environment=variables)
        assert site.json("backup", "protected.dump", environment=variables)["bytes"] > 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_backup_that_is_stopped_ends_its_program_and_leaves_no_half_of_a_file(site, number):
    # A lock keeps pg_dump waiting for as long as the test likes.
    with psycopg.connect(site.dsn) as db:
        db.execute("LOCK TABLE company IN ACCESS EXCLUSIVE MODE")
        # Whoever runs the tests may ignore hang-ups, which what they start inherits.
        stopped = site.begin("backup", "stopped.dump", preexec_fn=lambda: signal.signal(number, signal.SIG_DFL))
        eventually(lambda: dumping(site.dsn))
        process = next(site.folder.glob(".stopped.dump.partial-*"))
        stopped.send_signal(number)
        _, err = stopped.communicate(timeout=30)
        assert stopped.returncode == 128 + number
        assert b"Traceback" not in err
        assert not process.exists()
    eventually(lambda: not dumping(site.dsn))
    assert list(site.folder.glob("*stopped.dump*")) == []


def dumping(dsn):
    with psycopg.connect(dsn) as db:
        return db.execute("SELECT FROM pg_stat_activity WHERE application_name = 'pg_dump'").fetchall()
