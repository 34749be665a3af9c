"""Times `openprospect sync`, whole processes with their peak memory, beside a dlt `rest_api` pipeline doing the same.

    .venv/bin/python bench/sync.py [--companies 50000] [--rounds 3] [--into duckdb,postgresql] [--base-url URL --search ID]

The feed comes from the small server of the tests, or from `--base-url` with the key in OPENPROSPECT_API_KEY. dlt takes
part where bench/.venv has it: python -m venv bench/.venv; bench/.venv/bin/pip install 'dlt[duckdb,postgres]' pyarrow 'sqlglot<30.22'
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parent.parent
DLT_PYTHON = ROOT / "bench" / ".venv" / "bin" / "python"
OURS = Path(sys.executable).with_name("openprospect")
SEARCH = "11111111-1111-4111-8111-111111111111"
KEY = "opk_test_sync"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One process: which tool, into what, and where that is."""

    tool: str
    into: str
    url: str

    def command(self, search: str, schema: str) -> list[str]:
        if self.tool == "dlt":
            return [str(DLT_PYTHON), str(ROOT / "bench" / "sync_dlt.py"), search, self.into, self.url, schema]
        schema_setting = f"{'&' if '?' in self.url else '?'}schema={schema}" if self.into == "postgresql" else ""
        return [str(OURS), "sync", search, "--to", self.url + schema_setting]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one process took, from start to end, its imports included."""

    seconds: float
    cpu_seconds: float
    peak_mebibytes: int


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--companies", type=int, default=50_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--into", default="duckdb,postgresql", help="any of duckdb, postgresql, sqlite, parquet")
    parser.add_argument("--base-url")
    parser.add_argument("--search", default=SEARCH)
    arguments = parser.parse_args()
    kinds = arguments.into.split(",")
    feed = nullcontext(arguments.base_url) if arguments.base_url else generated_feed(arguments.search, arguments.companies)
    costs: dict[tuple[str, str], list[Cost]] = defaultdict(list)
    with feed as base_url, postgresql("postgresql" in kinds) as dsn:
        for number in range(arguments.rounds):
            for kind in kinds:
                for tool in tools(kind):
                    with tempfile.TemporaryDirectory() as folder:
                        run = Run(tool=tool, into=kind, url=place(tool, kind, Path(folder), dsn))
                        command = run.command(arguments.search, f"bench_{tool}_{number}")
                        costs[kind, tool].append(measured(command, folder, base_url))
    report(costs)


def tools(kind: str) -> list[str]:
    return ["openprospect", "dlt"] if DLT_PYTHON.exists() and kind in {"duckdb", "postgresql"} else ["openprospect"]


def place(tool: str, kind: str, folder: Path, dsn: str) -> str:
    if kind == "postgresql":
        return dsn
    return f"{folder}/{tool}" if tool == "dlt" else f"{kind}:///{folder}/{tool}"


@contextmanager
def generated_feed(search: str, companies: int) -> Iterator[str]:
    command = [sys.executable, "-m", "tests.sync.generated_feed", search, str(companies)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            yield process.stdout.readline().strip()
        finally:
            process.kill()


@contextmanager
def postgresql(is_wanted: bool) -> Iterator[str]:
    if not is_wanted:
        yield ""
        return
    from openprospect.server.db.embedded import EmbeddedPostgres  # noqa: PLC0415 - only where PostgreSQL is measured

    with tempfile.TemporaryDirectory() as folder, EmbeddedPostgres(Path(folder) / "data") as dsn:
        yield dsn


def measured(command: list[str], folder: str, base_url: str) -> Cost:
    environment = {"OPENPROSPECT_API_KEY": KEY, **os.environ, "OPENPROSPECT_BASE_URL": base_url, "DLT_DATA_DIR": folder}
    started = time.perf_counter()
    process = subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{' '.join(command)} ended with status {status}")
    cpu_seconds = usage.ru_utime + usage.ru_stime
    return Cost(seconds=time.perf_counter() - started, cpu_seconds=cpu_seconds, peak_mebibytes=usage.ru_maxrss // 1024)


def report(costs: dict[tuple[str, str], list[Cost]]) -> None:
    for (kind, tool), runs in costs.items():
        seconds, cpu_seconds = median(cost.seconds for cost in runs), median(cost.cpu_seconds for cost in runs)
        line = f"{kind:11}{tool:13}{seconds:7.2f} s{cpu_seconds:7.2f} s CPU{max(cost.peak_mebibytes for cost in runs):6} MiB"
        peers = costs.get((kind, "dlt"), [])
        if peers and tool != "dlt":
            faster, lighter = median(cost.seconds for cost in peers) / seconds, median(cost.cpu_seconds for cost in peers) / cpu_seconds
            line += f"  {faster:.1f} times as fast as dlt, {lighter:.1f} times less CPU"
        print(line)


if __name__ == "__main__":
    main()
