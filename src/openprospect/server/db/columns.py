"""Rows as the columns that a statement for many of them takes."""

from collections.abc import Iterable, Sequence


def columns(rows: Iterable[Sequence[object]], width: int = 0) -> list[list[object]]:
    """`width`: how many there are where there may be no row."""
    return [list(column) for column in zip(*rows, strict=True)] or [[] for _ in range(width)]
