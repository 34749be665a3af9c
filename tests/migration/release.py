"""A database as a release leaves it, to be upgraded by every later one: `python -m tests.migration.release` writes the present schema's.

Somebody has synced, somebody is in the middle of a walk, an endpoint is behind; companies were replaced and withdrawn, a person was erased.
"""

import asyncio
import json
import subprocess
from pathlib import Path
from typing import Any

from openprospect.server.access.keys import ensure_default_organization
from openprospect.server.app import create_app
from openprospect.server.db.embedded import EmbeddedPostgres, binary
from openprospect.server.db.embedded.installation import environment
from openprospect.server.db.migrate import migrate
from openprospect.server.db.pool import Database
from openprospect.server.settings import Settings
from tests.conftest import open_folder
from tests.integration.conftest import SECRET_KEY, Service, open_search, running
from tests.integration.naive_client import NaiveClient

FOLDER = Path(__file__).with_name("releases")
SETTINGS = Settings(webhook_allow_private=True, secret_keys=(SECRET_KEY,))
LIMIT = 10
_NOTE = "-- "


def load(path: Path) -> tuple[dict[str, Any], str]:
    """What consumers hold, and the statements that make the database."""
    note, _, sql = path.read_text(encoding="utf-8").partition("\n")
    held: dict[str, Any] = json.loads(note.removeprefix(_NOTE))
    return held, sql


async def _world(dsn: str) -> tuple[str, dict[str, Any]]:
    version = await migrate(dsn)
    async with await Database.open(dsn) as database, running(create_app(dsn, SETTINGS)) as transport:
        await ensure_default_organization(database)
        service = Service(transport, database)
        producer, crm, nightly = [await service.client(name) for name in ("producer", "crm", "nightly")]
        search_id = await open_search(producer)

        async def deliver(*numbers: int, name: str) -> list[str]:
            rows = [
                {
                    "name": f"{name} {number}",
                    "source_id": str(number),
                    "prospects": [{"first_name": "Ada", "email": f"ada@{number}.example"}],
                }
                for number in numbers
            ]
            answer = await producer.post(f"/deliveries/{search_id}/companies", json={"companies": rows})
            return [item["id"] for item in answer.raise_for_status().json()["items"]]

        ids = await deliver(*range(30), name="Hotel")
        hook = await producer.post(f"/deliveries/{search_id}/destinations", json={"url": "http://127.0.0.1:1025/"})
        hook.raise_for_status()
        synced, walking = NaiveClient(crm, search_id), NaiveClient(nightly, search_id)
        await synced.sync()
        for _ in range(2):
            await walking.pull(LIMIT)
        changed = await deliver(3, 21, 30, 31, name="Hotel, later,")
        await producer.delete(f"/deliveries/{search_id}/companies/{ids[7]}")
        await producer.post("/erasures", json={"email": "ada@22.example"})
        held = {
            "search_id": search_id,
            "keys": {
                "crm": crm.headers["authorization"],
                "nightly": nightly.headers["authorization"],
                "producer": producer.headers["authorization"],
            },
            "cursor": synced.cursor,
            "held": synced.held,
            "walked": list(walking.held),
            "snapshot": ids,
            "changed": [*changed, ids[7], ids[22]],
        }
        await service.close()
    return version, held


def write() -> Path:
    """Run a small world on the schema as it is now, and keep it."""
    with open_folder() as folder, EmbeddedPostgres(folder / "data") as dsn:
        version, held = asyncio.run(_world(dsn))
        command: list[str | Path] = [binary("pg_dump"), "--no-owner", "--no-privileges", "--rows-per-insert=100", f"--dbname={dsn}"]
        dumped = subprocess.run(command, env=environment(), cwd="/", capture_output=True, text=True, check=True).stdout
    lines = [line for line in dumped.splitlines() if line and not line.startswith(("--", "\\"))]
    path = FOLDER / f"{version}.sql"
    path.write_text("\n".join([_NOTE + json.dumps(held), *lines]) + "\n", encoding="utf-8")
    return path


if __name__ == "__main__":
    print(write())
