"""A live line on the terminal while a sync runs: companies, rate, and how many are left. Nothing where nobody looks."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from openprospect.sync.engine import Watch


@contextmanager
def live_progress() -> Iterator[Watch | None]:
    """A `watch` for the engine that draws on stderr, if that is a terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console  # noqa: PLC0415 - slow to load, and needed only here
    from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn  # noqa: PLC0415

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:,.0f} companies, {task.speed:,.0f}/s, {task.fields[left]:,} behind"),
        TimeRemainingColumn(),
    )
    tasks: dict[str, TaskID] = {}
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:

        def watch(search_id: str, read: int, left: int) -> None:
            if search_id not in tasks:
                tasks[search_id] = progress.add_task(search_id, left=left)
            progress.update(tasks[search_id], completed=read, total=read + left, left=left)

        yield watch
