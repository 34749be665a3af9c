"""Named statements from `.sql` files: `-- name :shape`, a line that describes it, the statement. Parsing alone, no connection.

The shape says how many rows come back: `:one` row, `:many` rows, one `:value`, or nothing (`:execute`).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_HEADING = re.compile(r"^-- (?P<name>[a-z_][a-z0-9_]*) :(?P<shape>one|many|value|execute)$", re.MULTILINE)

_NAMES: dict[str, str] = {}


@dataclass(frozen=True, slots=True)
class Statement:
    name: str
    shape: str
    description: str
    sql: str


class Queries:
    """The statements of one `.sql` file as attributes: `page_after` is the text of `-- page_after :many`."""

    def __init__(self, path: Path) -> None:
        self._statements = {statement.name: statement for statement in parse(path.read_text(encoding="utf-8"))}
        _NAMES.update({statement.sql: f"{path.parent.name}.{statement.name}" for statement in self})

    def __getattr__(self, name: str) -> str:
        try:
            return self._statements[name].sql
        except KeyError:
            raise AttributeError(name) from None

    def __iter__(self) -> Iterator[Statement]:
        return iter(self._statements.values())


def beside(module_file: str) -> Queries:
    """The `queries.sql` that lies beside a module: `SQL = beside(__file__)`."""
    return Queries(Path(module_file).with_name("queries.sql"))


def name_of(sql: str) -> str:
    """What a statement is called, with its folder: `feed.page_after`; of one from no file, its first word."""
    return _NAMES.get(sql) or sql.partition(" ")[0].strip(";").upper()


def parse(text: str) -> Iterator[Statement]:
    """Split the text of a `.sql` file at its headings."""
    headings = list(_HEADING.finditer(text))
    ends = [heading.start() for heading in headings[1:]] + [len(text)]
    for heading, end in zip(headings, ends, strict=False):  # no heading, no end either
        lines = text[heading.end() : end].strip().splitlines()
        comments = [line.removeprefix("--").strip() for line in lines if line.startswith("--")]
        sql = "\n".join(line for line in lines if not line.startswith("--")).strip().removesuffix(";")
        yield Statement(heading["name"], heading["shape"], " ".join(comments), sql)
