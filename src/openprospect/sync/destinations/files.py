"""Paths of destinations that are files: three slashes for a relative one, four for an absolute one."""

from pathlib import Path
from urllib.parse import unquote

from openprospect.sync.destinations.url import parts_of
from openprospect.sync.errors import DestinationRefused


def path_of(url: str) -> Path:
    """Raises `DestinationRefused` also where something follows the path, which would be no part of the name."""
    parts = parts_of(url)
    if "?" in url or "#" in url:
        raise DestinationRefused(f"A URL of {parts.scheme} ends with its path, and has no options: write ? in a name as %3F, and # as %23.")
    path = unquote(parts.path)[1:]
    if parts.netloc or not path:
        example = f"{parts.scheme}:///{parts.netloc or 'name'}{parts.path}"
        raise DestinationRefused(f"{url} names no file. Three slashes begin a relative path, four an absolute one: {example}")
    return Path(path)


def existing_path_of(url: str) -> Path:
    path = path_of(url)
    if not path.exists():
        raise DestinationRefused(f"{path} does not exist; nothing was synced there yet.")
    return path


def lock_path(path: Path) -> Path:
    """Beside the file itself, by whichever link it was called."""
    path = path.resolve()
    return path.with_name(f"{path.name}.lock")
