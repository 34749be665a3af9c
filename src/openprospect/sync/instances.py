"""Whether a feed is still that of the service which gave out a stored place. Pure rules."""

from collections.abc import Iterator
from contextlib import contextmanager

from openprospect.sync.errors import OtherInstance


def check_instance(found: str | None, *, expected: str | None, server: str) -> None:
    """Raises `OtherInstance` where both are known and differ. What was read from the one may be in no feed of the other, which never tells
    that it is gone.
    """
    if found and expected and found != expected:
        raise OtherInstance(f"The service at {server} was restored from a backup, or is another database, since it was last read.")


@contextmanager
def mended_by(remedy: str) -> Iterator[None]:
    """Adds to an `OtherInstance` what to do about it, in a sentence."""
    try:
        yield
    except OtherInstance as error:
        raise OtherInstance(f"{error.message} {remedy}") from error
