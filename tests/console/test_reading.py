"""A file read beside the requests: nobody who leaves waits for the thread, and the thread closes what it opened, after its last row."""

import asyncio
import threading
from typing import Any

import pytest

from openprospect.server.console.reading import FileReader
from openprospect.server.core.errors import InvalidInput
from openprospect.server.intake.file import Choices, open_content


class SlowFile:
    """A file whose first row takes as long as a test likes."""

    def __init__(self):
        self.begun, self.may_go_on, self.closed = threading.Event(), threading.Event(), threading.Event()
        self.events = []

    def __iter__(self):
        self.begun.set()
        assert self.may_go_on.wait(10)
        self.events.append("read")
        yield "row"

    def stop(self):
        self.events.append("told to stop")

    def close(self):
        self.events.append("closed")
        self.closed.set()


async def test_whoever_leaves_does_not_wait_and_nothing_is_closed_while_it_is_read():
    file: Any = SlowFile()
    with FileReader(lambda: file) as reading:
        await reading.open()
        reading.next_batch(1)
        assert await asyncio.to_thread(file.begun.wait, 10)
    assert file.events == ["told to stop"]
    file.may_go_on.set()
    assert await asyncio.to_thread(file.closed.wait, 10)
    assert file.events == ["told to stop", "read", "closed"]


async def test_a_file_that_cannot_be_opened_says_why():
    with FileReader(lambda: open_content("x.csv", b"", Choices())) as reading, pytest.raises(InvalidInput, match=r"x\.csv is empty"):
        await reading.open()


def test_a_table_that_is_told_to_stop_ends_at_the_next_row():
    content = b"Company Name\n" + b"".join(b"Hotel %d,x\n" % number for number in range(1_000))
    with open_content("x.csv", content, Choices()) as file:
        outcomes = iter(file)
        next(outcomes)
        file.stop()
        assert list(outcomes) == []
