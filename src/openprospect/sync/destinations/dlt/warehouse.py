"""What differs between warehouses that speak SQL and tables that are files: how rows are replaced, removed and counted."""

from dataclasses import dataclass
from typing import Any, Protocol

import pyarrow as pa


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Of one search: companies with all of their prospects, in place of what is stored of them, and ids to remove.

    `ids` are those of `companies`.
    """

    search_id: str
    companies: pa.Table
    prospects: pa.Table
    ids: list[str]
    removed: list[str]


class Warehouse(Protocol):
    """Each method may be cut short and repeated: the end is the same."""

    def found(self) -> set[str]:
        """Which tables of our names are there. Where that of the checkpoints is, the others are ours too."""

    def create(self) -> None:
        """What is not there, that of the checkpoints first."""

    def states(self) -> list[dict[str, Any]]:
        """Every row of the table of checkpoints."""

    def remember(self, state: pa.Table) -> None:
        """Write checkpoints, each in place of the one before."""

    def replace(self, change: Change) -> int:
        """How many of the removed companies were there."""

    def sweep(self, search_id: str, run: int) -> int:
        """Remove what was last written before that full run; the number of companies removed."""

    def count(self, table: str, search_id: str) -> int: ...
