"""What commands print: answers to stdout, everything else to stderr."""

import os
import sys
from collections.abc import Iterable, Mapping
from typing import Annotated, Any

import msgspec
from cyclopts import CycloptsError, Parameter
from rich.console import Console
from rich.table import Table

from openprospect.cli.settings_file import SETTINGS_FILE
from openprospect.server.core.errors import OpenProspectError, Unavailable
from openprospect.sync.errors import SyncError

EXIT_RETRY = 1
EXIT_MEND = 2
EXIT_BUSY = 3

Json = Annotated[bool, Parameter(name="--json", negative="", help="Print JSON for scripts.")]

stderr = Console(stderr=True, soft_wrap=True, highlight=False, emoji=False)


def answer(value: Mapping[str, Any], *, json: bool) -> None:
    """One answer: a JSON document, or a line for each of its parts."""
    if json:
        _write(value)
        return
    width = max(len(name) for name in value)
    for name, part in value.items():
        print(f"{name:<{width}}  {_readable(part)}")


def answers(values: Iterable[Mapping[str, Any]], *, columns: Iterable[str], json: bool) -> None:
    """A list: a JSON document a line, or a table."""
    if json:
        for value in values:
            _write(value)
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for value in values:
        table.add_row(*(_readable(value[column]) for column in columns))
    # A pipe has no width of its own: nothing is folded there, so that `grep` finds whole ids.
    Console(width=None if sys.stdout.isatty() else 1_000, highlight=False, markup=False, emoji=False).print(table)


def fail(error: Exception) -> int:
    """Say in one sentence what went wrong; answers the exit code."""
    if isinstance(error, OpenProspectError):
        stderr.print(f"[red]Error:[/] {_plain(error.message)}")
        return EXIT_RETRY if isinstance(error, Unavailable) else EXIT_MEND
    if isinstance(error, SyncError):
        stderr.print(f"[red]Error:[/] {_plain(str(error))}")
        return error.exit_code
    missing = error.__cause__ or error  # a command that is imported late wraps it once
    if isinstance(missing, ModuleNotFoundError):
        stderr.print(f"[red]Error:[/] This command needs the package {missing.name}: pip install 'openprospect\\[server]'")
        return EXIT_MEND
    if os.environ.get("OPENPROSPECT_DEBUG"):
        stderr.print_exception()
    stderr.print(f"[red]Error:[/] {_plain(f'{type(error).__name__}: {error}')}\nSet OPENPROSPECT_DEBUG=1 to see where.")
    return EXIT_RETRY


def misread(error: CycloptsError) -> str:
    """What is wrong with the arguments or the settings file, in one sentence, as mark-up."""
    if isinstance(error.__cause__, OSError | ValueError) and not error.argument:
        return f"[red]Error:[/] {SETTINGS_FILE} cannot be read: {_plain(str(error.__cause__))}."
    command = " ".join(("openprospect", *(error.command_chain or ())))
    return f"[red]Error:[/] {_plain(str(error))} `{command} --help` shows what it takes."


def _write(value: Mapping[str, Any]) -> None:
    sys.stdout.write(msgspec.json.encode(value).decode() + "\n")
    sys.stdout.flush()


def _readable(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, (list, tuple)):
        return " ".join(str(part) for part in value)
    return str(value)


def _plain(text: str) -> str:
    """Rich would read square brackets as mark-up."""
    return text.replace("[", r"\[")
