"""Files written and read back, shared by the tests of every format."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from openprospect.server.feed.model import CompanyRow
from openprospect.server.intake.columns import Column
from openprospect.server.intake.file import Choices, open_file
from openprospect.server.intake.outcome import DeliveredRow, RejectedRow


@dataclass
class Read:
    """Everything that came out of a file."""

    columns: list[Column]
    encoding: str | None
    delivered: list[DeliveredRow]
    rejected: list[RejectedRow]

    @property
    def companies(self) -> list[CompanyRow]:
        return [delivered.row for delivered in self.delivered]

    @property
    def company(self) -> CompanyRow:
        assert self.rejected == []
        (company,) = self.companies
        return company

    @property
    def people(self) -> list[tuple[str, str | None]]:
        return [(company.name, person.email) for company in self.companies for person in company.prospects]

    @property
    def faults(self) -> list[tuple[int, str, str]]:
        return [(rejected.line, fault.field, fault.reason) for rejected in self.rejected for fault in rejected.faults]


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., Read]:
    """Read a file, or content written into one first."""

    def read(content: Path | str | bytes, name: str = "companies.csv", **choices: Any) -> Read:
        path = content if isinstance(content, Path) else tmp_path / name
        if not isinstance(content, Path):
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        with open_file(path, Choices(**choices)) as file:
            outcomes: list[Any] = list(file)
            assert file.progress == pytest.approx(1.0)
            return Read(
                columns=list(file.columns),
                encoding=file.encoding,
                delivered=[outcome for outcome in outcomes if isinstance(outcome, DeliveredRow)],
                rejected=[outcome for outcome in outcomes if isinstance(outcome, RejectedRow)],
            )

    return read
