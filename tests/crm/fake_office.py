"""What the offices of all vendors share whose place a fake takes: how it is reached, and how it is made to refuse."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Generic, Protocol, TypeVar

import pytest


class Fake(AbstractContextManager[Any], Protocol):
    url: str
    refusals: dict[str, str]
    refuses_deletes: bool
    locked: set[str]


F = TypeVar("F", bound=Fake)


class FakeOffice(Generic[F]):
    def __init__(self, fake: F) -> None:
        self.fake = fake

    def refuse(self, value: str) -> None:
        self.fake.refusals[value] = f"{value} is not allowed here"

    def refuse_deletes(self) -> None:
        self.fake.refuses_deletes = True

    def lock(self, contact: str) -> None:
        self.fake.locked.add(contact)

    def mend(self) -> None:
        self.fake.refusals.clear()
        self.fake.locked.clear()
        self.fake.refuses_deletes = False


@contextmanager
def reached(fake: F, vendor: str, token: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[F]:
    """Serves the fake where the destination of that vendor looks for it."""
    with fake:
        monkeypatch.setenv(f"OPENPROSPECT_{vendor}_URL", fake.url)
        monkeypatch.setenv(f"OPENPROSPECT_{vendor}_TOKEN", token)
        yield fake
