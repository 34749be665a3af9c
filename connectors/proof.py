"""Whether the connectors, as they stand here, have been run by their own tools: what `make test` and CI go by.

    python -m connectors.proof            say so in one line; exit 1 where they have not
    python -m connectors.proof --record   after a green `make test-connectors`: note what it was green for

The note is a file under version control, so that a fresh clone knows as much as the one that ran them.
"""

import subprocess
import sys
from hashlib import sha256
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
NOTE = ROOT / "connectors" / "proved.txt"
PROVED = (
    "connectors",
    "contract",
    "contrib/tryton",
    "docs/reference/connectors.md",
    "src/openprospect/connectors",
    "src/openprospect/sync/destinations/crm",
    "src/openprospect/sync/destinations/dlt",
    "tests/connectors",
    "tests/crm",
)


def digest() -> str:
    """Of every file of the connectors and of the wire, by path and content."""
    whole = sha256()
    for path in _files():
        whole.update(f"{path}\0{sha256((ROOT / path).read_bytes()).hexdigest()}\n".encode())
    return whole.hexdigest()


def is_proved() -> bool:
    return NOTE.exists() and NOTE.read_text(encoding="utf-8").strip() == digest()


def _files() -> list[str]:
    """What git tracks or would, in order; not the note itself, nor what is ignored."""
    command = ["git", "-C", str(ROOT), "ls-files", "--cached", "--others", "--exclude-standard", "-z", "--", *PROVED]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split("\0")
    return sorted({name for name in listed if name and (ROOT / name).is_file() and ROOT / name != NOTE})


def main(arguments: list[str]) -> int:
    if arguments == ["--record"]:
        NOTE.write_text(f"{digest()}\n", encoding="utf-8")
        return 0
    if is_proved():
        print("connectors: proved by their own tools, as they stand")
        return 0
    print("connectors: changed, they or the wire, since their own tools last ran them; `make test-connectors` does")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
