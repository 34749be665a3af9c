"""PostgreSQL's errors as ours, without the values of any row. What to do about them, its SQLSTATE tells, in any language of the server."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import errors

from openprospect.sync.errors import DestinationRefused, TryLater

# While connecting the driver knows no SQLSTATE. What a server says in another language counts as trouble that may pass.
_REFUSALS = (
    "authentication failed",
    "does not exist",
    "no password supplied",
    "no pg_hba.conf",
    "invalid integer value",
    "invalid port number",
)
_NEVER_MENDED = (
    errors.InvalidPassword,
    errors.InvalidAuthorizationSpecification,
    errors.InvalidCatalogName,
    errors.InsufficientPrivilege,
    errors.ProgramLimitExceeded,  # of an index, whose rows are smaller than what a column holds
)
_DATA_EXCEPTION = "22"
_WORD = re.compile("(?<=[a-z])(?=[A-Z])")


@contextmanager
def translated(name: str) -> Iterator[None]:
    try:
        yield
    except _NEVER_MENDED as error:
        raise DestinationRefused(f"{name}: {told(error)}") from error
    except errors.UntranslatableCharacter as error:
        raise DestinationRefused(
            f"{name}: its encoding lacks a character of the feed. Keep the copy in a database whose encoding is UTF8."
        ) from error
    except psycopg.OperationalError as error:
        refused = any(sign in str(error) for sign in _REFUSALS)
        raise (DestinationRefused if refused else TryLater)(f"{name}: {told(error)}") from error
    except psycopg.Error as error:
        raise DestinationRefused(f"{name}: {told(error)}") from error


@contextmanager
def written_to(name: str, table: str) -> Iterator[None]:
    """PostgreSQL names a table whose rules a row breaks, and none where a value is not of its column's type."""
    try:
        yield
    except psycopg.DataError:
        with translated(f"{name}, table {table}"):
            raise


def told(error: psycopg.Error) -> str:
    """What went wrong, and where. A message goes into mails and logs: details and context, which quote rows, are left out."""
    diagnosis = error.diag
    if diagnosis.message_primary is None:
        return str(error)  # It comes from the driver, and is about the connection.
    is_quoting = (error.sqlstate or "").startswith(_DATA_EXCEPTION)
    what = _condition(error) if is_quoting else diagnosis.message_primary
    named = (("table", diagnosis.table_name), ("column", diagnosis.column_name), ("constraint", diagnosis.constraint_name))
    where = ", ".join(f"{kind} {name}" for kind, name in named if name and name not in what)
    return f"{what} ({where})" if where else what


def _condition(error: psycopg.Error) -> str:
    """The name that SQL has for it: "invalid text representation"."""
    return _WORD.sub(" ", type(error).__name__).lower()
