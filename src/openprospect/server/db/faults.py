"""What the driver says when a database cannot be used, and what the service makes of it: words for the caller, a reason for the log."""

import asyncio
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg

from openprospect.server.core.errors import Busy, Misconfigured, OpenProspectError, Unavailable
from openprospect.server.db.lending import NoneFree

logger = logging.getLogger(__name__)
logger.addHandler(logging.NullHandler())  # a command, which keeps no log, says what it has to say itself

# However many callers meet the same: whoever reads the log wants to know since when, and that it lasts.
_TOLD_AGAIN_SECONDS = 60.0

_NOT_NOW = "The database cannot be reached just now; try again in a few seconds."
_SILENT = "The database cannot be reached just now."
_UNCHANGED = "Nothing was changed; try again in a few seconds."
_BROKEN = "The connection to the database broke during the commit."
_UNKNOWN = (
    "Whether the request took effect is unknown; try again in a few seconds, with the same Idempotency-Key if it had one. "
    "What was delivered stays as it is when it is delivered again."
)
_SHUT_OUT = (
    "The service cannot log in to its database. Whoever runs it should check user, password and database name; "
    "PostgreSQL's log has the reason."
)

_SILENCE = (
    OSError,
    asyncio.TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # what a connection that breaks in the middle of an answer may say
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,  # stopping, starting, or told to end this session or this statement
)
"""The server said nothing, or nothing that tells how far it came."""

_SERVER_CHANGED = (
    asyncpg.ReadOnlySQLTransactionError,  # demoted, or put to rest
    asyncpg.InvalidSQLStatementNameError,  # another server behind the same connection
    asyncpg.InvalidCachedStatementError,  # the tables have changed since
)
"""This is not the server that the connection was made to, or not in its former state."""

_REFUSALS = (asyncpg.InvalidAuthorizationSpecificationError, asyncpg.InvalidCatalogNameError)
"""Waiting alone does not help."""

UNREACHABLE = (
    *_SILENCE,
    *_SERVER_CHANGED,
    *_REFUSALS,
    asyncpg.InsufficientResourcesError,  # connections, memory, disk
    asyncpg.ObjectNotInPrerequisiteStateError,  # a database that takes no connections for now
    asyncpg.PostgresSystemError,
    asyncpg.LockNotAvailableError,
    asyncpg.TransactionRollbackError,  # a deadlock; on a replica, what it had to take in
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.TransactionTimeoutError,
)
"""The driver's many ways to say 'not now'."""

_REASONS: tuple[tuple[type[Exception] | tuple[type[Exception], ...], str], ...] = (
    (asyncpg.DiskFullError, "its disk is full"),
    (asyncpg.TooManyConnectionsError, "it has no connection left; metrics tell how many it allows"),
    (asyncpg.OutOfMemoryError, "it has no memory left"),
    (asyncpg.ReadOnlySQLTransactionError, "it only reads, as a replica does"),
    (asyncpg.CannotConnectNowError, "it is starting, stopping or recovering"),
    (_REFUSALS, "it does not let the service in; its own log says why"),
    (NoneFree, "every connection of this process is in use"),
    (asyncio.TimeoutError, "it does not answer in time"),
    (ConnectionRefusedError, "nobody listens where it should be"),
    (_SILENCE, "the connection to it broke, or cannot be made"),
)

_told_at: dict[str, float] = {}


def of_statement(error: Exception) -> Exception:
    """What became of a statement by itself, or of connecting."""
    return _told(error, Unavailable(_NOT_NOW))


def of_transaction(error: Exception, *, is_committing: bool) -> Exception:
    """What became of a transaction, and whether that is known."""
    if is_committing and isinstance(error, _SILENCE):
        return _told(error, Unavailable(_BROKEN, effect=_UNKNOWN, outcome="unknown"))
    return _told(error, Unavailable(_SILENT, effect=_UNCHANGED, outcome="unchanged"))


def is_another_server(error: Exception) -> bool:
    """Whether a server may be gone without a word, or no longer the one it was: connections made anew may meet its successor."""
    return isinstance(error, (asyncio.TimeoutError, *_SERVER_CHANGED)) and not isinstance(error, NoneFree)


@contextmanager
def told() -> Iterator[None]:
    """For connecting: whatever the driver says is told as `of_statement` has it."""
    try:
        yield
    except UNREACHABLE as error:
        raise of_statement(error) from error


def _told(error: Exception, unavailable: OpenProspectError) -> Exception:
    """An argument that the driver cannot encode is our fault, not the database's."""
    if isinstance(error, ValueError):
        return error
    if isinstance(error, asyncpg.LockNotAvailableError):
        return Busy()
    _log(error)
    return Misconfigured(_SHUT_OUT) if isinstance(error, _REFUSALS) else unavailable


def _log(error: Exception) -> None:
    """Callers are told that it does not work; whoever runs the service, why. By the error's kind alone: its text may quote data."""
    reason = next((words for kinds, words in _REASONS if isinstance(error, kinds)), "it refused")
    state = f" {error.sqlstate}" if isinstance(error, asyncpg.PostgresError) else ""
    said = f"{reason} ({type(error).__name__}{state})"
    now = time.monotonic()
    if now - _told_at.get(said, -_TOLD_AGAIN_SECONDS) >= _TOLD_AGAIN_SECONDS:
        _told_at[said] = now
        logger.warning("the database did not do what it was asked: %s", said)
