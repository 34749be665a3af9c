"""Spark as the tests drive it: a driver in a process of its own, on a cluster of two workers, and the tables that it writes."""

import json
import os
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Any, Self

import duckdb

from tests.connectors.environments import program, variables
from tests.connectors.feed import COMPANY_FIELDS, PERSON_FIELDS, LivingFeed, Rows

CLUSTER = "local-cluster[2,1,1024]"
_PROGRAM = Path(__file__).with_name("spark_program.py")


class Spark:
    """A driver that waits for commands. Everything of its session, workers included, is one process group."""

    def __init__(self, folder: Path, feed: LivingFeed, *, master: str) -> None:
        assert shutil.which("java"), "Spark needs Java 17 or later: apt-get install openjdk-17-jre-headless"
        self.folder = folder
        python = program("spark", "python")
        (home,) = python.parents[1].glob("lib/python*/site-packages/pyspark")
        reading, writing = os.pipe()
        environment = variables(
            SPARK_HOME=str(home),
            PYSPARK_PYTHON=str(python),
            SPARK_LOCAL_IP="127.0.0.1",
            JAVA_TOOL_OPTIONS="-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",  # sessions of seconds are not worth optimizing
            SPARK_LOCAL_DIRS=str(_made(folder / "scratch")),
            SPARK_WORKER_DIR=str(_made(folder / "workers")),
            SPARK_TEST_EVENTS=str(_made(folder / "events")),
            SPARK_TEST_MASTER=master,
            SPARK_TEST_ANSWERS=str(writing),
            OPENPROSPECT_BASE_URL=feed.service.base_url,
            OPENPROSPECT_API_KEY=feed.key,
        )
        with (folder / "spark.log").open("a") as log:
            self._process = subprocess.Popen(
                [str(python), str(_PROGRAM)],
                env=environment,
                cwd=folder,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                text=True,
                pass_fds=[writing],
                start_new_session=True,
            )
        os.close(writing)
        self._answers = os.fdopen(reading)
        self._answer()

    def do(self, name: str, **arguments: Any) -> Any:
        assert self._process.stdin is not None
        print(json.dumps({"do": name, **arguments}), file=self._process.stdin, flush=True)
        return self._answer()

    def kill(self) -> None:
        """-9 to the driver, its JVM and its workers at once."""
        os.killpg(self._process.pid, signal.SIGKILL)
        self._end()

    def written(self) -> str:
        """Everything that it printed, logged, or noted as events."""
        files = [self.folder / "spark.log", *(path for path in (self.folder / "events").rglob("*") if path.is_file())]
        return "\n".join(path.read_text(errors="replace") for path in files)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self.kill()

    def _answer(self) -> Any:
        line = self._answers.readline()
        assert line, (self.folder / "spark.log").read_text()[-4000:]
        return json.loads(line)

    def _end(self) -> None:
        self._process.wait()
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._answers.close()


def companies_in(table: Path) -> Rows:
    """Rows of a folder of Parquet, as a feed's `live_companies` has them."""
    names = ", ".join(_written_at() if name == "delivered_at" else name for name in COMPANY_FIELDS)
    return _rows(f"SELECT {names} FROM read_parquet('{table}/*.parquet') WHERE removed_at IS NULL")


def people_in(table: Path) -> Rows:
    names = ", ".join(f"person.{name}" for name in PERSON_FIELDS)
    people = f"SELECT id AS company_id, unnest(prospects) AS person FROM read_parquet('{table}/*.parquet')"
    return _rows(f"SELECT company_id, {names} FROM ({people})")


def removals_in(table: Path) -> Rows:
    return _rows(f"SELECT id, removal_reason FROM read_parquet('{table}/*.parquet') WHERE removed_at IS NOT NULL")


def deliveries_in(table: Path) -> Rows:
    """Every row of a stream, by company and time."""
    return _rows(f"SELECT id, {_written_at()} FROM read_parquet('{table}/*.parquet')")


def _written_at() -> str:
    return "strftime(delivered_at, '%Y-%m-%dT%H:%M:%S.%fZ')"


def _rows(statement: str) -> Rows:
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        return sorted(connection.execute(statement).fetchall())


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder
