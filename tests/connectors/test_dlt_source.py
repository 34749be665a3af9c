"""The dlt source and the plain `rest_api` recipe, run by dlt into DuckDB, each as the file that people download."""

import gzip
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest

from openprospect.connectors import files
from openprospect.demo.service import clean_environment
from tests.acceptance.commands import eventually
from tests.acceptance.conftest import Service
from tests.connectors.feed import LivingFeed
from tests.sync.contract import SEARCH
from tests.sync.feed_server import KEY, Feed, FeedServer, company, person

pytestmark = pytest.mark.heavy


class Loaded:
    """A program of dlt in a folder of its own, and what it loaded there."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder = folder
        self.name = name

    def run(self, base_url: str, search_id: str, key: str) -> None:
        """Each time a process, with what the last one left."""
        done = subprocess.run(
            self.command(base_url, search_id), env=self.environment(key), cwd=self.folder, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def refusal(self, base_url: str, search_id: str, key: str) -> str:
        """What it says where it does not load."""
        done = subprocess.run(
            self.command(base_url, search_id), env=self.environment(key), cwd=self.folder, capture_output=True, text=True, check=False
        )
        assert done.returncode != 0, done.stdout
        return done.stdout + done.stderr

    def reload(self, base_url: str, search_id: str, key: str) -> None:
        """As the refusal says to."""
        text = (self.folder / self.name).read_text()
        anew = text.replace("pipeline.run(source)", 'pipeline.run([source], refresh="drop_sources")')
        assert anew != text
        (self.folder / "reload.py").write_text(anew)
        subprocess.run([sys.executable, "reload.py"], env=self.environment(key), cwd=self.folder, capture_output=True, check=True)

    def run_and_kill(self, base_url: str, search_id: str, key: str) -> None:
        """Killed once dlt has begun to load what it read."""
        with subprocess.Popen(
            self.command(base_url, search_id), env=self.environment(key), cwd=self.folder, stdout=subprocess.DEVNULL
        ) as process:
            eventually(lambda: process.poll() is not None or any(self._jobs_under_way()), within_seconds=120)
            process.kill()
        assert process.returncode == -signal.SIGKILL

    def _jobs_under_way(self) -> Iterator[Path]:
        return self.folder.glob("dlt/pipelines/*/load/normalized/*/[sc]*ed_jobs/*")

    def command(self, base_url: str, search_id: str) -> list[str]:
        text = files.path(self.name).read_text().replace(files.BASE_URL, base_url).replace(files.SEARCH_ID, search_id)
        (self.folder / self.name).write_text(text)
        return [sys.executable, self.name]

    def environment(self, key: str) -> dict[str, str]:
        own = {"DLT_DATA_DIR": str(self.folder / "dlt"), "RUNTIME__DLTHUB_TELEMETRY": "false", "NORMALIZE__WORKERS": "1"}
        return clean_environment(OPENPROSPECT_API_KEY=key, **own)

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        (database,) = self.folder.glob("*.duckdb")
        with duckdb.connect(str(database), read_only=True) as connection:
            return connection.execute(statement).fetchall()

    def prepared(self) -> list[tuple[Any, ...]]:
        """Every row of the dataset in which dlt prepares a merge."""
        tables = self.rows(
            "SELECT table_name FROM duckdb_tables() WHERE schema_name = 'prospects_staging' AND table_name NOT LIKE '\\_dlt%' ESCAPE '\\'"
        )
        return [row for (table,) in tables for row in self.rows(f"SELECT * FROM prospects_staging.{table}")]

    def people(self) -> list[tuple[Any, ...]]:
        """The e-mails of everybody, each with the name of the company."""
        join = {
            "dlt_pipeline.py": "prospects.companies c JOIN prospects.prospects p ON p.company_id = c.id",
            "dlt_rest_api.py": "prospects.companies c JOIN prospects.companies__prospects p ON p._dlt_parent_id = c._dlt_id",
        }[self.name]
        return sorted(self.rows(f"SELECT c.name, p.email FROM {join}"))

    def names(self) -> list[tuple[Any, ...]]:
        return sorted(self.rows("SELECT id, name FROM prospects.companies"))


@pytest.fixture(params=["dlt_pipeline.py", "dlt_rest_api.py"])
def loaded(request: pytest.FixtureRequest, tmp_path: Path) -> Loaded:
    return Loaded(tmp_path, request.param)


@pytest.fixture
def server() -> Iterator[FeedServer]:
    with FeedServer() as server:
        yield server


def test_what_is_delivered_again_emptied_and_withdrawn_ends_as_the_live_feed(loaded: Loaded, server: FeedServer) -> None:
    feed = server.feed(SEARCH)
    feed.deliver(*[company(n, people=n % 3 + 1) for n in range(210)])
    loaded.run(server.url, SEARCH, KEY)
    feed.deliver(company(3, people=0), company(4, people=1, name="Renamed"), company(500))
    feed.withdraw(company(5)["id"])

    loaded.run(server.url, SEARCH, KEY)

    assert loaded.names() == live_names(feed)
    assert loaded.people() == live_people(feed)
    assert sum("delivered_since" in poll and "1970" not in poll for poll in server.polls()) == 1


def test_loads_from_the_real_service_killed_in_between_end_with_the_live_feed(loaded: Loaded, service: Service) -> None:
    feed = LivingFeed(service, f"dlt{loaded.name.removesuffix('.py').replace('_', '')}")
    feed.fill()
    loaded.run(service.base_url, feed.search_id, feed.key)
    erased = feed.stir()
    loaded.run_and_kill(service.base_url, feed.search_id, feed.key)
    feed.deliver(range(60, 70), city="Oslo")

    # What a kill left pending is loaded first, and alone: dlt says so, and the next run goes on.
    for _ in range(2):
        loaded.run(service.base_url, feed.search_id, feed.key)

    live = feed.live()
    assert loaded.names() == sorted((one["id"], one["name"]) for one in live)
    assert loaded.people() == sorted((one["name"], person["email"]) for one in live for person in one["prospects"])
    assert erased not in {email for _, email in loaded.people()}


def test_what_is_delivered_again_during_the_walk_is_there_once(loaded: Loaded, server: FeedServer) -> None:
    feed = server.feed(SEARCH)
    feed.deliver(*[company(n, people=2) for n in range(250)])

    def again(page: int) -> None:
        if page == 2:
            feed.deliver(company(1, people=1, name="Moved"))

    server.on_page = again
    loaded.run(server.url, SEARCH, KEY)
    loaded.run(server.url, SEARCH, KEY)

    assert loaded.names() == live_names(feed)
    assert loaded.people() == live_people(feed)


def test_whoever_left_is_in_no_file_of_dlt_s_and_not_where_it_prepares(loaded: Loaded, server: FeedServer) -> None:
    feed = server.feed(SEARCH)
    feed.deliver(company(1, prospects=[person(1, 0, email="gone@secret.example")]), company(2))
    loaded.run(server.url, SEARCH, KEY)
    assert loaded.prepared() == []
    feed.deliver(company(1, people=0))

    loaded.run(server.url, SEARCH, KEY)

    assert loaded.people() == live_people(feed)
    assert loaded.prepared() == []
    assert [path for path in (loaded.folder / "dlt").rglob("*") if path.is_file() and "gone@secret.example" in read(path)] == []


def test_a_service_that_was_restored_is_refused_until_everything_is_loaded_anew(tmp_path: Path, server: FeedServer) -> None:
    loaded, feed = Loaded(tmp_path, "dlt_pipeline.py"), server.feed(SEARCH)
    feed.deliver(company(1), company(2))
    loaded.run(server.url, SEARCH, KEY)  # from a service that tells no instance: the first one that does is taken in
    server.instance = "before"
    feed.deliver(company(3))
    loaded.run(server.url, SEARCH, KEY)
    before = loaded.people()
    server.instance = "restored"
    feed.deliver(company(4, people=1))

    assert "was restored from a backup" in (said := loaded.refusal(server.url, SEARCH, KEY))
    assert 'refresh="drop_sources"' in said
    assert loaded.people() == before

    del feed.entries[company(3)["id"]]  # which the backup did not hold
    loaded.reload(server.url, SEARCH, KEY)
    assert loaded.people() == live_people(feed)
    feed.deliver(company(5))
    loaded.run(server.url, SEARCH, KEY)
    assert loaded.names() == live_names(feed)


def live_names(feed: Feed) -> list[tuple[Any, ...]]:
    return sorted((one["id"], one["name"]) for one in feed.live().values())


def live_people(feed: Feed) -> list[tuple[Any, ...]]:
    return sorted((one["name"], person["email"]) for one in feed.live().values() for person in one["prospects"])


def read(path: Path) -> str:
    """Compressed ones too."""
    if path.suffix == ".parquet":
        return str(pq.read_table(path, partitioning=None).to_pylist())
    return str(gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes())
