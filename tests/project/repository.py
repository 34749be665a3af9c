"""What the checks of this folder look at: the repository's own files, tracked or about to be."""

import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@cache
def own_files() -> tuple[Path, ...]:
    """Every file that git tracks or would, relative to the root; nothing ignored."""
    command = ["git", "-C", str(ROOT), "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return tuple(sorted(path for name in listed.split("\0") if name and (ROOT / (path := Path(name))).is_file()))


def files_ending(*suffixes: str) -> Iterator[Path]:
    return (path for path in own_files() if path.suffix in suffixes)


def text_of(path: Path | str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")
