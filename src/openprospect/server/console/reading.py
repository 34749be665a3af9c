"""Reads a file in a thread beside the requests: opens, reads and closes it there. What becomes of the rows is not told here."""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from types import TracebackType
from typing import Self

from openprospect.server.intake.file import InputFile
from openprospect.server.intake.outcome import IntakeResult


class FileReader:
    """One file in batches, open within the block. Whoever leaves early waits for nothing: the thread ends by itself, at the next row."""

    def __init__(self, opened: Callable[[], InputFile]) -> None:
        self._opened = opened
        self._thread = ThreadPoolExecutor(max_workers=1)
        self._source: InputFile | None = None
        self._outcomes: Iterator[IntakeResult] = iter(())
        self._batch: asyncio.Future[list[IntakeResult]] | None = None

    async def open(self) -> InputFile:
        """Raises InvalidInput where the file cannot be read as a whole."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._open)

    def next_batch(self, size: int) -> "asyncio.Future[list[IntakeResult]]":
        """The next outcomes; none where the file has ended."""
        self._batch = asyncio.get_running_loop().run_in_executor(self._thread, lambda: list(islice(self._outcomes, size)))
        return self._batch

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._source is not None:
            self._source.stop()
        if self._batch is not None:
            self._batch.cancel()  # nobody asks any more what became of it
        # Behind whatever the thread is doing: closed under its hands, the databases of the file would take the process along.
        self._thread.submit(self._close)
        self._thread.shutdown(wait=False)

    def _open(self) -> InputFile:
        self._source = self._opened()
        self._outcomes = iter(self._source)
        return self._source

    def _close(self) -> None:
        if self._source is not None:
            self._source.close()
