"""Attributes into columns, where there are more names than columns. What becomes of values is in the contract of destinations."""

import json
from typing import Any

from openprospect.sync.destinations.columns import MOST_COLUMNS, OVERFLOW, Fit, fit


class Looked(dict[str, Any]):
    """Counts how often somebody asks whether a record has a value."""

    times = 0

    def get(self, key: str, default: Any = None) -> Any:
        Looked.times += 1
        return super().get(key, default)


def fitted(records: list[dict[str, Any] | None]) -> Fit:
    return fit(records, {}, taken=list, are_stored_exact=lambda column: True)


def test_names_of_their_own_in_every_record_are_not_looked_for_in_all_the_others() -> None:
    Looked.times = 0
    records = [Looked({f"a{n}-{k}": n for k in range(3)}) for n in range(300)]

    fitting = fitted([*records])

    assert Looked.times <= MOST_COLUMNS * len(records)
    columns = {column.attribute: fitting.values[column.name] for column in fitting.added if column.attribute is not None}
    rest = [json.loads(cell) if cell else {} for cell in fitting.values[OVERFLOW]]
    assert len(columns) == MOST_COLUMNS
    assert [{name: cells[n] for name, cells in columns.items() if cells[n] is not None} | rest[n] for n in range(300)] == records


def test_names_without_any_value_take_no_column_from_those_that_have_one() -> None:
    empty: dict[str, Any] = {f"empty{n}": None for n in range(MOST_COLUMNS + 1)}

    fitting = fitted([empty, None, {**empty, "city": "Berlin"}])

    assert {column.name: fitting.values[column.name] for column in fitting.added} == {"city": [None, None, "Berlin"]}
