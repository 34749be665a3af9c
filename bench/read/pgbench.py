"""The database's own limit: pgbench, which ships with PostgreSQL, running the page statement with no HTTP anywhere."""

import os
import re
import subprocess
import tempfile
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from bench.database import libpq_environment
from bench.load import Load
from bench.read.cases import deep_offset
from bench.read.data import PAGE, Data
from bench.read.statements import Call, page, page_at
from openprospect.server.access.secret import hash_of
from openprospect.server.core.timestamps import format_timestamp
from openprospect.server.db.embedded import binary

NAME = "pgbench, same statement"
_SETTINGS = "-c plan_cache_mode=force_generic_plan -c jit=off -c timezone=UTC"  # as the service's pool has them
_PARAMETER = re.compile(r"\$(\d+)")


class _Expression(str):
    """What pgbench works out for each of its clients, and each time."""

    __slots__ = ()


_KEY_OF_CLIENT = _Expression("(:keys::bytea[])[:client_id + 1]")
_NEXT_OFFSET = _Expression(":offset")


def calls(data: Data) -> dict[str, Call]:
    """The statement of each case that is one statement."""
    return {
        "first page": page(data, since=None),
        "deep page": page_at(data, offset=_NEXT_OFFSET, secret_hash=_KEY_OF_CLIENT),
        "delivered_since": page(data, since=datetime.fromisoformat(data.main.near_head)),
    }


def run(data: Data, case: str, *, connections: int, seconds: float, meter: Callable[[], float], call: Call | None = None) -> Load:
    """A case's statement, or another. Whole seconds, as pgbench counts; less than one is ten times each.

    Deep pages are walked through: each client goes through the last fifth of a walk of its own, again and again.
    """
    sql, arguments = call or calls(data)[case]
    names = {place: f"argument_{place}" for place in range(1, len(arguments) + 1)}
    text = _PARAMETER.sub(lambda found: _written(names[int(found[1])], arguments[int(found[1]) - 1]), sql)
    variables = [f"--define={names[place]}={_plain(value)}" for place, value in enumerate(arguments, 1) if value is not None]
    lines = [text + ";"]
    if case == "deep page":
        first, last = deep_offset(data.main), data.main.total // PAGE * PAGE - PAGE
        variables += [f"--define=offset={first - PAGE}", f"--define=keys={_plain([hash_of(key) for key in data.keys])}"]
        lines = [rf"\set offset :offset + {PAGE}", rf"\if :offset > {last}", rf"\set offset {first}", r"\endif", *lines]
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "page.sql"
        script.write_text("\n".join(lines), encoding="utf-8")
        command = [binary("pgbench"), "--no-vacuum", "--protocol=prepared", f"--file={script}", f"--client={connections}", *variables]
        command += [f"--time={seconds:.0f}" if seconds >= 1 else "--transactions=10", "--log", f"--log-prefix={folder}/log"]
        before = meter()
        took, cpu = _run(command, data.dsn)
        latencies = [
            int(line.split()[2]) / 1e6 for log in Path(folder).glob("log.*") for line in log.read_text(encoding="ascii").splitlines()
        ]
        return Load(
            seconds=took,
            latencies=latencies,
            companies=len(latencies) * PAGE,
            cpu_seconds={"service": cpu, "PostgreSQL": meter() - before, "generator": 0.0},
        )


def _run(command: list[object], dsn: str) -> tuple[float, float]:
    """Seconds of wall clock from the first connection on, and of CPU in pgbench itself."""
    environment = libpq_environment(dsn) | {"PGOPTIONS": _SETTINGS, "LC_ALL": "C"}
    used, started = os.times(), time.perf_counter()
    done = subprocess.run(list(map(str, command)), env=environment, capture_output=True, text=True, check=False)
    took, now = time.perf_counter() - started, os.times()
    found = re.search(r"initial connection time = ([\d.]+) ms", done.stdout)
    if done.returncode or found is None:
        raise SystemExit(f"pgbench failed: {done.stderr}")
    cpu = now.children_user + now.children_system - used.children_user - used.children_system
    return took - float(found[1]) / 1000, cpu


def _written(name: str, value: object) -> str:
    """A variable of pgbench, which has none for NULL, or an expression."""
    match value:
        case [_Expression() as expression]:
            return f"ARRAY[{expression}]"
        case None:
            return "NULL"
        case _:
            return f":{name}"


def _plain(value: object) -> str:
    match value:
        case bytes():
            return rf"\x{value.hex()}"
        case list():
            return "{" + ",".join(_in_array(one) for one in value) + "}"
        case datetime():
            return format_timestamp(value)
        case _:
            return str(value)


def _in_array(value: object) -> str:
    if value is None:
        return "NULL"
    return '"' + _plain(value).replace("\\", "\\\\") + '"'
