"""`openprospect deliver`."""

import asyncio
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated
from uuid import UUID

from cyclopts import Parameter
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from openprospect.cli.output import EXIT_MEND, Json, answer, stderr
from openprospect.cli.stopping import stopped_in_order
from openprospect.cli.storage import DEFAULT_STORAGE, Storage, actor, on_database
from openprospect.server.core.errors import InvalidInput, OpenProspectError
from openprospect.server.db.pool import Database
from openprospect.server.feed.writing.locks import Writing
from openprospect.server.intake.columns import one_column_each
from openprospect.server.intake.deliver import FileDelivery, Tally, cut_short, deliver_file, there_already
from openprospect.server.intake.file import Choices, InputFile, open_file
from openprospect.server.intake.rejects import RejectsFile, rejects_path
from openprospect.server.intake.remarks import remarks
from openprospect.server.searches.lookup import known_search
from openprospect.server.searches.model import SearchId


def deliver(
    search_id: UUID,
    file: Annotated[str, Parameter(allow_leading_hyphen=True)],
    *,
    map: Annotated[list[str] | None, Parameter(negative="")] = None,  # noqa: A002  # the flag is called --map
    encoding: str | None = None,
    sheet: str | None = None,
    rejects: Path | None = None,
    dry_run: Annotated[bool, Parameter(negative="")] = False,
    all_or_nothing: Annotated[bool, Parameter(negative="")] = False,
    storage: Storage = DEFAULT_STORAGE,
    json: Json = False,
) -> int:
    """Deliver a file of companies and people; rows that cannot be delivered go to FILE.rejected.jsonl.

    Parameters
    ----------
    search_id
        The prospect search.
    file
        A .csv, .tsv, .xlsx, .parquet, .jsonl, .ndjson or .json file, or - for NDJSON from the standard input.
    map
        field=column, once for each: which column fills a field, where the heading does not tell. prospects.NAME is a person's field.
    encoding
        What a CSV file is written in, such as cp1250, where the guess is wrong.
    sheet
        Which sheet of a workbook is read, where several hold companies.
    rejects
        Where rejected rows go instead: a file of this name that is there already is moved aside, and keeps its rows.
    dry_run
        Say what would happen, and keep nothing.
    all_or_nothing
        Deliver nothing where any row is rejected.
    """
    path = None if file == "-" else Path(file)
    choices = Choices(mapping=one_column_each(_assignment(text) for text in map or ()), encoding=encoding, sheet=sheet)
    rejected = _rejects_file(path, rejects)
    tally = Tally()
    with (
        stopped_in_order() as stopping,
        _told(tally, dry_run=dry_run, all_or_nothing=all_or_nothing),
        open_file(path, choices) as source,
        _kept(rejected),
    ):
        _explain(source)

        async def work(database: Database) -> None:
            search = await known_search(database, SearchId(search_id))
            delivery = FileDelivery(writing=Writing(database), search=search, actor=actor(), all_or_nothing=all_or_nothing, dry_run=dry_run)
            with _progress(source) as on_progress:
                try:
                    await deliver_file(delivery, stopping.while_reading(source), rejected, tally, on_progress=on_progress)
                except OpenProspectError as error:
                    raise cut_short(error, delivery, tally) from error

        on_database(storage, work)
    if dry_run:
        stderr.print("Dry run: nothing was kept.")
    elif all_or_nothing and tally.rejected:
        stderr.print("Nothing was delivered, since rows were rejected.")
    for remark in remarks(tally, source.columns, title_lines=source.title_lines, repeated_headings=source.repeated_headings):
        stderr.print(remark, markup=False)
    counts = {name: getattr(tally, name) for name in ("delivered", "unchanged", "suppressed", "rejected")}
    answer({**counts, "rejects_file": str(rejected.path) if tally.rejected else None}, json=json)
    return EXIT_MEND if tally.rejected else 0


def _rejects_file(path: Path | None, named: Path | None) -> RejectsFile:
    """Of what came from a pipe, or goes where the caller says, nobody else may have the rows of an earlier run."""
    if path and named and named.exists() and named.samefile(path):
        raise InvalidInput(f"{named} is the file to deliver; name another for its rejected rows.")
    return RejectsFile(named or rejects_path(path), keeps_former=path is None or named is not None)


@contextmanager
def _told(tally: Tally, *, dry_run: bool, all_or_nothing: bool) -> Iterator[None]:
    """Says what is delivered where a signal ends the delivery: at least that, since a batch may just be on its way."""
    try:
        yield
    except (asyncio.CancelledError, SystemExit):
        there = None if all_or_nothing else there_already(tally)
        known = f"at least {there}" if there else "no company of this file is known to be delivered"
        rest = "nothing was kept" if dry_run else f"{known}; deliver it again, whole: what is there stays unchanged"
        stderr.print(f"Stopped: {rest}.", markup=False)
        raise


@contextmanager
def _kept(rejected: RejectsFile) -> Iterator[None]:
    """Says where rejected rows are, however a delivery ends that does not answer it."""
    try:
        with rejected:
            yield
    except BaseException:
        if rejected.is_written:
            stderr.print(f"Rows that were rejected until then ({rejected.count:,}) are in {rejected.path}.", markup=False)
        raise


def _assignment(text: str) -> tuple[str, str]:
    field, equals, column = text.partition("=")
    if not (field.strip() and equals and column.strip()):
        raise InvalidInput(f"--map takes field=column, as in --map source_id=Kundennummer; {text!r} is not of that form.")
    return field.strip(), column.strip()


def _explain(source: InputFile) -> None:
    if source.encoding and not source.encoding.startswith("utf-8"):
        stderr.print(f"Read as {source.encoding}; where letters came out wrong, name another with --encoding.", style="dim", markup=False)
    if len(source.sheets) > 1:
        stderr.print(f"Read the sheet {source.sheet!r} alone; there are: {', '.join(map(repr, source.sheets))}.", style="dim", markup=False)
    for column in source.columns:
        if column.heading != column.field:
            stderr.print(f"{column.heading!r} → {column.field}", style="dim", markup=False)


@contextmanager
def _progress(source: InputFile) -> Iterator[Callable[[Tally], None]]:
    """A bar where somebody looks at it."""
    columns = (TextColumn("Delivering"), BarColumn(), TaskProgressColumn(), TextColumn("{task.fields[counts]}"), TimeElapsedColumn())
    with Progress(*columns, console=stderr, transient=True, disable=not sys.stderr.isatty()) as progress:
        task = progress.add_task("deliver", total=1.0, counts="")

        def on_progress(tally: Tally) -> None:
            counts = f"{tally.delivered:,} delivered, {tally.unchanged:,} unchanged, {tally.rejected:,} rejected"
            progress.update(task, completed=source.progress or 0.0, counts=counts)

        yield on_progress
