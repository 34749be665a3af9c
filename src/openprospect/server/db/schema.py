"""What the migrations add up to, as one file to read: `make schema` writes `schema.sql` anew.

The service never reads that file; a test holds it against a database made by the migrations.
"""

import asyncio
import re
import subprocess
from collections import defaultdict
from pathlib import Path

from openprospect.server.db.embedded import binary, temporary
from openprospect.server.db.embedded.installation import environment
from openprospect.server.db.migrate import migrate

FILE = Path(__file__).with_name("schema.sql")

_HEADING = "-- What the migrations add up to. Written by `make schema`; nothing reads it but people and a test.\n"
# What differs from one pg_dump to the next, or says nothing about this schema.
_NOISE = re.compile(
    r"^(--|SET |SELECT pg_catalog\.set_config|\\(un)?restrict|COMMENT ON SCHEMA|CREATE SCHEMA).*\n|\bpublic\.", re.MULTILINE
)
_TABLE = re.compile(
    r"(?:CREATE (?:UNLOGGED )?TABLE|ALTER TABLE(?: ONLY)?|CREATE (?:UNIQUE )?INDEX \w+ ON|CREATE POLICY \w+ ON|CREATE TRIGGER .*? ON) (\w+)"
)


def schema_of(dsn: str) -> str:
    """The schema of a database, each table with all that belongs to it; nothing that depends on the server or on the owner."""
    command: list[str | Path] = [binary("pg_dump"), "--schema-only", "--no-owner", "--no-privileges", "--schema=public", f"--dbname={dsn}"]
    dumped = subprocess.run(command, env=environment(), cwd="/", capture_output=True, text=True, check=True).stdout
    parts: dict[str, list[str]] = defaultdict(list)
    for statement in re.split(r"\n{2,}", _NOISE.sub("", dumped).strip()):
        found = _TABLE.match(statement)
        is_long = statement.startswith(("CREATE TABLE", "CREATE UNLOGGED TABLE", "CREATE FUNCTION"))
        parts[found[1] if found else ""].append(statement if is_long else " ".join(statement.split()))
    return _HEADING + "".join("\n" + "\n".join(parts[table]) + "\n" for table in sorted(parts))


def main() -> None:
    with temporary() as dsn:
        asyncio.run(migrate(dsn))
        FILE.write_text(schema_of(dsn), encoding="utf-8")


if __name__ == "__main__":
    main()
