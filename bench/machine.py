"""Where a measurement was taken: the machine, the versions, the commit."""

import os
import platform
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from bench.model import PEERS_PYTHON
from openprospect.server.db.embedded import binary

ROOT = Path(__file__).resolve().parent.parent
_OURS = ("asyncpg", "litestar", "msgspec", "uvicorn", "uvloop", "httptools", "duckdb", "pyarrow")
_PEERS = ("fastapi", "sqlalchemy", "pydantic", "django", "djangorestframework", "gunicorn", "psycopg", "dlt")
_LIST = "import importlib.metadata as m, sys\nfor name in sys.argv[1:]:\n  print(name, m.version(name))"


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def machine() -> dict[str, str]:
    """Processor, cores, memory and kernel."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "processor": _processor(),
        "cores": str(os.cpu_count()),
        "memory": f"{memory:.0f} GiB",
        "system": f"{platform.system()} {platform.release()}",
        "load average before": f"{os.getloadavg()[0]:.2f}",
    }


def versions() -> dict[str, str]:
    """Of Python, of PostgreSQL, and of the packages that carry the load, the peers' too."""
    said = subprocess.run([binary("postgres"), "--version"], capture_output=True, text=True, check=True).stdout
    ours = {name: version(name) for name in _OURS}
    return {"python": platform.python_version(), "postgresql": said.split()[-1], **ours, **_peers()}


def commit() -> str:
    """What was measured; marked where the code differs from it."""
    git = ["git", "-C", str(ROOT)]
    head = subprocess.run([*git, "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False).stdout.strip()
    differs = subprocess.run([*git, "diff", "--quiet", "HEAD", "--", "src", "bench", ":!bench/results"], check=False).returncode
    return f"{head or 'unknown'}{' and changes' if differs else ''}"


def _peers() -> dict[str, str]:
    if not PEERS_PYTHON.exists():
        return {}
    listed = subprocess.run([PEERS_PYTHON, "-c", _LIST, *_PEERS], capture_output=True, text=True, check=True).stdout
    return dict(line.split() for line in listed.splitlines())


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())
