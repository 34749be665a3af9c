"""The file of rejected rows."""

import json
import resource
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest

from openprospect.server.core.errors import Fault, InvalidInput
from openprospect.server.intake.outcome import RejectedRow
from openprospect.server.intake.rejects import RejectsFile, rejects_path


def rejected(line: int, raw: object) -> RejectedRow:
    return RejectedRow(line=line, faults=[Fault(field="email", reason="bad"), Fault(field="name", reason="missing")], raw=raw)


def written(path: Path, *numbers: int, keeps_former: bool = False) -> None:
    with RejectsFile(path, keeps_former=keeps_former) as rejects:
        for number in numbers:
            rejects.add(rejected(number, None))


def numbers_in(path: Path) -> list[int]:
    return [json.loads(line)["line"] for line in path.read_text().splitlines()]


def test_it_stands_beside_the_input() -> None:
    assert rejects_path(Path("/data/companies.csv")) == Path("/data/companies.csv.rejected.jsonl")
    assert rejects_path(None) == Path("stdin.rejected.jsonl")


def test_a_row_is_a_line_with_the_first_fault_in_front(tmp_path: Path) -> None:
    with RejectsFile(tmp_path / "x", keeps_former=False) as rejects:
        rejects.add(rejected(17, {"E-Mail": "x"}))
        rejects.add(rejected(18, msgspec.Raw(b'{"email": "y"}')))
        rejects.add(rejected(19, ["half \ud800"]))
    lines = [json.loads(line) for line in (tmp_path / "x").read_text().splitlines()]
    faults = [{"field": "email", "reason": "bad"}, {"field": "name", "reason": "missing"}]
    assert lines[0] == {"line": 17, "field": "email", "reason": "bad", "faults": faults, "row": {"E-Mail": "x"}}
    assert [line["row"] for line in lines[1:]] == [{"email": "y"}, ["half \ud800"]]
    assert rejects.count == 3


def test_it_is_for_its_owner_alone(tmp_path: Path) -> None:
    written(tmp_path / "x", 1)
    assert (tmp_path / "x").stat().st_mode & 0o077 == 0


def test_rows_have_no_name_on_the_disk_before_the_end(tmp_path: Path) -> None:
    with RejectsFile(tmp_path / "x", keeps_former=False) as rejects:
        rejects.add(rejected(1, None))
        assert list(tmp_path.iterdir()) == []
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


def test_what_was_rejected_before_a_failure_is_kept(tmp_path: Path) -> None:
    def fail() -> None:
        with RejectsFile(tmp_path / "x", keeps_former=False) as rejects:
            rejects.add(rejected(1, None))
            raise SystemExit

    with pytest.raises(SystemExit):
        fail()
    assert numbers_in(tmp_path / "x") == [1]


# One of an earlier run.


def test_it_gives_way(tmp_path: Path) -> None:
    written(tmp_path / "x", 1)
    written(tmp_path / "x", 2)
    assert numbers_in(tmp_path / "x") == [2]


def test_it_does_not_remain_where_nothing_was_rejected(tmp_path: Path) -> None:
    written(tmp_path / "x", 1)
    written(tmp_path / "x")
    assert list(tmp_path.iterdir()) == []


def test_it_remains_where_a_run_fails_before_it_rejects_anything(tmp_path: Path) -> None:
    written(tmp_path / "x", 1)
    with pytest.raises(RuntimeError), RejectsFile(tmp_path / "x", keeps_former=False):
        raise RuntimeError
    assert numbers_in(tmp_path / "x") == [1]


def test_one_that_is_kept_is_moved_aside_and_no_run_without_rejects_touches_it(tmp_path: Path) -> None:
    for line in (1, 2, 3):
        written(tmp_path / "x.jsonl", line, keeps_former=True)
        written(tmp_path / "x.jsonl", keeps_former=True)
    found = {path.name: numbers_in(path) for path in tmp_path.iterdir()}
    assert found == {"x.1.jsonl": [1], "x.2.jsonl": [2], "x.jsonl": [3]}


def test_many_runs_at_once_lose_no_row(tmp_path: Path) -> None:
    everybody = range(24)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda line: written(tmp_path / "x.jsonl", line, keeps_former=True), everybody))
    assert sorted(line for path in tmp_path.iterdir() for line in numbers_in(path)) == list(everybody)


# Places that cannot be written.


@pytest.mark.parametrize(
    ("place", "why"), [("gone/x", "No such file or directory"), ("folder", "That is no file"), ("/dev/null", "That is no file")]
)
def test_such_a_place_is_told_before_anything_is_rejected(tmp_path: Path, place: str, why: str) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(InvalidInput, match=rf"cannot be written to .*{place}: {why}\. Name another place with --rejects"):
        written(tmp_path / place)


@pytest.fixture
def small_files() -> Iterator[None]:
    """No file may have more than 100 bytes, as if the disk were full."""
    former = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, former[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, former)


@pytest.mark.usefixtures("small_files")
def test_rows_that_do_not_fit_are_told_and_no_file_is_said_to_hold_them(tmp_path: Path) -> None:
    rejects = RejectsFile(tmp_path / "x", keeps_former=False)
    with pytest.raises(InvalidInput, match=r"cannot be written to .*x: File too large"), rejects:
        rejects.add(rejected(1, "x" * 1_000))
    assert not rejects.is_written
