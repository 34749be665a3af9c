"""A PostgreSQL for a while: of a tool that needs one, and of nobody else."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from openprospect.server.db.embedded.lease import EmbeddedPostgres


@contextmanager
def temporary() -> Iterator[str]:
    """The URL of a fresh one's empty database; nothing of it is left afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        # Else, under root, PostgreSQL's own account could not reach it, and its files would lie elsewhere, and stay.
        Path(folder).chmod(0o711)
        with EmbeddedPostgres(Path(folder) / "data") as dsn:
            yield dsn
