"""Destinations that are files, and what they are called: several names of one file are one destination."""

import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from openprospect.sync.destinations.duckdb_file import DuckFile
from openprospect.sync.destinations.opening import open_destination
from openprospect.sync.errors import Busy

_OPENING = """
import sys
from pathlib import Path
from openprospect.sync.destinations.duckdb_file import DuckFile
from openprospect.sync.errors import Busy
try:
    DuckFile(Path(sys.argv[1]), read_only=False)
except Busy:
    print("busy")
"""


@pytest.mark.parametrize("scheme", ["duckdb", "sqlite"])
def test_a_run_by_a_link_to_a_file_is_told_who_syncs_to_that(tmp_path: Path, scheme: str) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "feed")
    with (
        closing(open_destination(f"{scheme}:///{tmp_path}/feed")),
        pytest.raises(Busy, match="is being synced by process"),
    ):
        open_destination(f"{scheme}:///{tmp_path}/link")


def test_a_process_that_cannot_open_a_file_leaves_what_lies_beside_it_to_whoever_has_it_open(tmp_path: Path) -> None:
    with closing(DuckFile(tmp_path / "feed.duckdb", read_only=False)):
        work = tmp_path / "feed.duckdb.openprospect" / "work"
        work.touch()

        assert subprocess.check_output([sys.executable, "-c", _OPENING, str(tmp_path / "feed.duckdb")]) == b"busy\n"

        assert work.exists()
    assert {found.name for found in tmp_path.iterdir()} == {"feed.duckdb"}
