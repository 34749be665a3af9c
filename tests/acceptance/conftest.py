"""The installed command as others run it: a service of its own on a temporary data folder, driven from outside."""

import json
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from openprospect.demo.service import COMMAND, clean_environment, free_port, running_service
from tests.acceptance.commands import Site, open_site
from tests.conftest import open_folder

READ = ("companies:read", "prospects:read")


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A running service, and its commands run in its environment."""

    base_url: str
    environment: dict[str, str]

    def run(self, *arguments: str, stdin: str = "", expected: int = 0, **environment: str) -> list[Any]:
        """What `openprospect … --json` printed, a document a line; fails where it ends otherwise than expected."""
        done = subprocess.run(
            [COMMAND, *arguments, "--json"],
            env=self.environment | environment,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == expected, f"openprospect {' '.join(arguments)} ended with {done.returncode}:\n{done.stderr}"
        return [json.loads(line) for line in done.stdout.splitlines()]

    def new_search(self, name: str) -> str:
        return str(self.run("searches", "create", name)[0]["id"])

    def new_key(self, name: str, scopes: Iterable[str] = READ) -> str:
        return str(self.run("keys", "create", name, *(argument for scope in scopes for argument in ("--scope", scope)))[0]["key"])

    def deliver(self, search_id: str, rows: Iterable[dict[str, Any]]) -> dict[str, Any]:
        """Deliver rows by the command, and answer what it says."""
        answer: dict[str, Any] = self.run("deliver", search_id, "-", stdin="\n".join(map(json.dumps, rows)))[0]
        return answer


@pytest.fixture(scope="session")
def service() -> Iterator[Service]:
    """One service for the whole run: tests keep apart by their searches and keys."""
    with open_folder() as folder:
        environment = clean_environment(OPENPROSPECT_DATA_DIR=str(folder / "data"))
        with running_service(port=free_port(), environment=environment, log=folder / "service.log") as base_url:
            yield Service(base_url=base_url, environment=environment | {"OPENPROSPECT_BASE_URL": base_url})


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    """One for each module."""
    with open_site() as site:
        yield site


@pytest.fixture
def search_id(site: Site) -> str:
    return site.new_search()
