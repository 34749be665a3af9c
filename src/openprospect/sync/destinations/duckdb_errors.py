"""DuckDB's errors as ours, without the values of any row."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import duckdb

from openprospect.sync.errors import DestinationRefused, TryLater

# What is wrong with tables, statements and values stays so until somebody changes it; everything else may pass.
_NEVER_MENDED = (
    duckdb.ProgrammingError,
    duckdb.IntegrityError,
    duckdb.DataError,
    duckdb.NotSupportedError,
    duckdb.DependencyException,
    duckdb.PermissionException,
)
# Of these it quotes what they are about, unless the table itself says it all. A key that fails at the commit is no error of integrity.
_QUOTING = (duckdb.IntegrityError, duckdb.DataError, duckdb.InvalidInputException)
_QUOTES_A_KEY = "constraint violation"
_IS_OF_THE_TABLE = re.compile(r"Constraint Error: (NOT NULL|CHECK) constraint failed")
_VALUE = re.compile(r"[\"'\d]")


@contextmanager
def translated(name: str) -> Iterator[None]:
    try:
        yield
    except _NEVER_MENDED as error:
        raise DestinationRefused(f"{name}: {told(error)}") from error
    except duckdb.Error as error:
        raise TryLater(f"{name}: {told(error)}") from error
    except OSError as error:
        raise TryLater(f"{name}: {error}") from error


def told(error: duckdb.Error) -> str:
    """A message goes into mails and logs: it ends where a value may begin."""
    text = str(error)
    is_quoting = isinstance(error, _QUOTING) or _QUOTES_A_KEY in text
    if is_quoting and not _IS_OF_THE_TABLE.match(text):
        return f"{_VALUE.split(text)[0].strip()} … (values are left out)"
    return text.partition("\n")[0]
