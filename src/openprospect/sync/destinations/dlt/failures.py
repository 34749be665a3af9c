"""What dlt reports, grouped as the consumer's errors are: what a later run may mend, and what a person has to."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pyarrow as pa
from dlt.common.configuration.exceptions import ConfigFieldMissingException
from dlt.common.exceptions import DltException, TransientException
from dlt.pipeline.exceptions import PipelineStepFailed

from openprospect.sync.destinations.dlt.address import Address
from openprospect.sync.errors import DestinationRefused, SyncError, TryLater

_EXTRAS = {"delta": "deltalake", "iceberg": "pyiceberg"}
_MENDABLE: tuple[type[Exception], ...] = (OSError, pa.ArrowException)
_REFUSALS = (PermissionError, FileNotFoundError, NotADirectoryError)


@contextmanager
def translated(address: Address, mendable: tuple[type[Exception], ...] = ()) -> Iterator[None]:
    """`mendable`: errors of a library below dlt, which a later run may not meet."""
    mendable = (*_MENDABLE, *mendable)
    known: tuple[type[Exception], ...] = (DltException, ImportError, *mendable)
    try:
        yield
    except SyncError:
        raise
    except known as error:
        raise _as_sync_error(address, error, mendable) from error


def _as_sync_error(address: Address, error: Exception, mendable: tuple[type[Exception], ...]) -> SyncError:
    cause: BaseException = error
    while isinstance(cause, PipelineStepFailed):
        cause = cause.exception
    if isinstance(cause, ImportError):
        extra = _EXTRAS.get(address.table_format or "", address.destination)
        return DestinationRefused(f"{address} needs more of dlt: pip install 'dlt[{extra}]' ({' '.join(str(cause).split())})")
    if isinstance(cause, ConfigFieldMissingException):
        names = dict.fromkeys(re.findall(rf"\bDESTINATION__{address.destination.upper()}__\w+", str(cause)))
        return DestinationRefused(f"{address}: dlt misses {', '.join(names)} in the environment, or the same in its secrets.toml.")
    kind = TryLater if isinstance(cause, (TransientException, *mendable)) and not isinstance(cause, _REFUSALS) else DestinationRefused
    return kind(f"{address}: {' '.join(str(cause).split())}")
