"""`make demo`: the whole product once, with its own commands and nothing else, then the service stays up.

Running it again changes nothing: the sample, the search and the key are those of the first run.
"""

import ast
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import UUID

import duckdb
import urllib3
from rich.console import Console
from rich.table import Table

from openprospect.demo.sample import write_sample
from openprospect.demo.service import COMMAND, ServiceFailed, clean_environment, free_port, running_service
from openprospect.server.console.samples import samples
from openprospect.server.searches.model import SearchId

FOLDER = Path(".openprospect-demo")
"""The demo's own: its export, its key, the service's log. The data lies in `.openprospect`, where the commands look by themselves."""

RESULT = Path("demo.duckdb")
SETTINGS = Path("openprospect.toml")
PORT = 8400
_STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_SCOPES = ("companies:read", "prospects:read", "prospect_searches:read")


class DemoFailed(Exception):
    """A step of the demo did not do what it should."""


def main() -> int:
    for number in _STOPPING:
        signal.signal(number, _interrupt)
    try:
        _demo()
    except (DemoFailed, ServiceFailed) as failure:
        print(failure, file=sys.stderr)
        return 1
    except BrokenPipeError:
        return 1  # whoever read along has left
    except KeyboardInterrupt:
        with suppress(BrokenPipeError):
            say("\nStopped. `make demo` starts it again where it was.")
    return 0


def _demo() -> None:
    if SETTINGS.exists():
        raise DemoFailed(f"The demo would fill the database that {SETTINGS} names. Move that file away, or run the demo in another folder.")
    FOLDER.mkdir(mode=0o700, exist_ok=True)
    (FOLDER / ".gitignore").write_text("*\n", encoding="ascii")
    environment = clean_environment()
    port = free_port(PORT)
    if port != PORT:
        say(f"Port {PORT} is taken, so this uses {port}.")
    say("Starting the service on its embedded PostgreSQL …")
    with running_service(port=port, environment=environment, log=FOLDER / "demo.log") as base_url:
        search_id = _search(environment)
        environment |= {"OPENPROSPECT_BASE_URL": base_url, "OPENPROSPECT_API_KEY": _key(environment, base_url)}
        _deliver(environment, search_id)
        _pull(environment, search_id)
        _sync(environment, search_id)
        _explain(environment, search_id)
        signal.pause()


def _search(environment: dict[str, str]) -> str:
    found = [search for search in _run(environment, "searches", "list") if search["name"] == "demo"]
    return str((found or _run(environment, "searches", "create", "demo"))[0]["id"])


def _key(environment: dict[str, str], base_url: str) -> str:
    """The key of the last run where it still works: a key is shown once, so the demo keeps its own."""
    kept = FOLDER / "demo.key"
    with suppress(FileNotFoundError):
        key = kept.read_text(encoding="ascii")
        answer = urllib3.request("GET", f"{base_url}/api/v1/auth/validate", headers={"Authorization": f"Bearer {key}"})
        if answer.status == 200:
            return key
    scopes = [argument for scope in _SCOPES for argument in ("--scope", scope)]
    key = str(_run(environment, "keys", "create", "demo", *scopes)[0]["key"])
    kept.touch(mode=0o600)
    kept.write_text(key, encoding="ascii")
    return key


def _deliver(environment: dict[str, str], search_id: str) -> None:
    export = FOLDER / "demo.csv"
    companies = write_sample(export)
    say(f"\n$ openprospect deliver {search_id} {export}    # {companies:,} companies; the people are invented")
    answer = _run(environment, "deliver", search_id, str(export))[0]
    say(f"{answer['delivered']:,} delivered, {answer['unchanged']:,} unchanged, {answer['rejected']:,} rejected")


def _pull(environment: dict[str, str], search_id: str) -> None:
    """Run the Python client of the documented API as it is printed there, but for the host."""
    say("\nThe documented Python client, unchanged but for the host, pulls a page:")
    programs = {sample.language: sample.code for sample in samples(SearchId(UUID(search_id)), environment["OPENPROSPECT_BASE_URL"])}
    companies = ast.literal_eval(_output(environment, sys.executable, "-c", programs["Python"]))
    first = companies[0]
    people = ", ".join(f"{person['first_name']} {person['last_name']} ({person['job_title']})" for person in first["prospects"])
    say(f"{len(companies)} companies, the first of them {first['name']}, {first['website_url']}, with {people}")


def _sync(environment: dict[str, str], search_id: str) -> None:
    for comment in ("", "    # again: nothing moves"):
        say(f"\n$ openprospect sync {search_id} --to duckdb:///{RESULT}{comment}")
        answer = _run(environment, "sync", search_id, "--to", f"duckdb:///{RESULT}")[0]
        say(f"{answer['companies']:,} companies and {answer['prospects']:,} prospects in {answer['seconds']:.2f} s")
    _show(search_id)


def _show(search_id: str) -> None:
    table = Table(title=f"{RESULT}: the first of the companies, with their prospects", title_justify="left")
    for heading in ("company", "site", "prospect", "job title", "e-mail"):
        table.add_column(heading, overflow="ellipsis", no_wrap=True)
    for row in _rows(search_id):
        table.add_row(*row)
    say("")
    Console(width=None if sys.stdout.isatty() else 120).print(table)


def _rows(search_id: str) -> Iterator[tuple[str, ...]]:
    with duckdb.connect(str(RESULT), read_only=True) as database:
        yield from database.execute(
            "SELECT c.name, c.website_url, p.first_name || ' ' || p.last_name, p.job_title, p.email"
            " FROM companies c JOIN prospects p ON p.company_id = c.id AND p.prospect_search_id = c.prospect_search_id"
            " WHERE c.prospect_search_id = ? ORDER BY c.delivered_at, p.email LIMIT 6",
            [search_id],
        ).fetchall()


def _explain(environment: dict[str, str], search_id: str) -> None:
    base_url, key = environment["OPENPROSPECT_BASE_URL"], environment["OPENPROSPECT_API_KEY"]
    say(f"\nSearch   {search_id}")
    say(f"Key      {key}")
    say(f"Pages    {base_url}/docs describes the API")
    say("\nA first page, to paste into another terminal:\n")
    say(f"curl -sS '{base_url}/api/v1/deliveries/{search_id}/companies?limit=2' -H 'Authorization: Bearer {key}'")
    say(f"\nReady. The service stays up at {base_url} until Ctrl-C.")


def _run(environment: dict[str, str], *arguments: str) -> list[dict[str, Any]]:
    """Run one of our commands; answers the JSON documents that it prints, one a line."""
    return [json.loads(line) for line in _output(environment, COMMAND, *arguments, "--json").splitlines()]


def _output(environment: dict[str, str], *command: str) -> str:
    done = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise DemoFailed(f"`{' '.join(command[:3])} …` ended with {done.returncode}:\n{done.stderr}")
    return done.stdout


def say(line: str) -> None:
    print(line, flush=True)


def _interrupt(*_signal: object) -> None:
    for number in _STOPPING:
        signal.signal(number, signal.SIG_IGN)  # a second Ctrl-C should not cut the service's orderly end short
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
