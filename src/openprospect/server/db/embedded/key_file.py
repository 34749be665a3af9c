"""The key file of a data folder: what secrets in its database are sealed with, where no other key is named."""

import os
import secrets
import tempfile
from pathlib import Path

from openprospect.server.core.errors import Misconfigured
from openprospect.server.db.embedded.folder import KEY_FILE, start_lock


def key_of(data_dir: Path) -> str | None:
    """The key of a data folder, where it has one."""
    try:
        return (data_dir / KEY_FILE).read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError):
        raise Misconfigured(
            f"{data_dir / KEY_FILE}, the key file of the data folder, cannot be read. It belongs to who runs the service."
        ) from None


def made_key(data_dir: Path) -> str:
    """The key of an existing data folder, made where there is none; only the folder's owner and root can read it."""
    with start_lock(data_dir):
        return key_of(data_dir) or _write_key(data_dir)


def _write_key(data_dir: Path) -> str:
    key = secrets.token_urlsafe(32)
    # Whole or not at all: half a key, found after a crash, would seal what nobody opens again.
    descriptor, unfinished = tempfile.mkstemp(prefix=f"{KEY_FILE}.new-", dir=data_dir)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(f"{key}\n")
            file.flush()
            os.fsync(file.fileno())
        if os.geteuid() == 0:
            os.chown(unfinished, data_dir.stat().st_uid, -1)  # the folder's owner must be able to read it too
        Path(unfinished).rename(data_dir / KEY_FILE)
    except BaseException:
        Path(unfinished).unlink(missing_ok=True)
        raise
    return key
