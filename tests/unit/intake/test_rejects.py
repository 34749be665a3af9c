"""The file of rejected rows."""

import json
from pathlib import Path

import msgspec
import pytest

from openprospect.server.core.errors import Fault, InvalidInput
from openprospect.server.intake.outcome import RejectedRow
from openprospect.server.intake.rejects import RejectsFile, rejects_path


def rejected(line: int, raw: object) -> RejectedRow:
    return RejectedRow(line=line, faults=[Fault(field="email", reason="bad"), Fault(field="name", reason="missing")], raw=raw)


def test_it_stands_beside_the_input() -> None:
    assert rejects_path(Path("/data/companies.csv")) == Path("/data/companies.csv.rejected.jsonl")
    assert rejects_path(None) == Path("stdin.rejected.jsonl")


def test_a_row_is_a_line_with_the_first_fault_in_front(tmp_path: Path) -> None:
    with RejectsFile(tmp_path / "x") as rejects:
        rejects.add(rejected(17, {"E-Mail": "x"}))
        rejects.add(rejected(18, msgspec.Raw(b'{"email": "y"}')))
        rejects.add(rejected(19, ["half \ud800"]))
    lines = [json.loads(line) for line in (tmp_path / "x").read_text().splitlines()]
    faults = [{"field": "email", "reason": "bad"}, {"field": "name", "reason": "missing"}]
    assert lines[0] == {"line": 17, "field": "email", "reason": "bad", "faults": faults, "row": {"E-Mail": "x"}}
    assert [line["row"] for line in lines[1:]] == [{"email": "y"}, ["half \ud800"]]
    assert rejects.count == 3


def test_it_is_for_its_owner_alone(tmp_path: Path) -> None:
    with RejectsFile(tmp_path / "x") as rejects:
        rejects.add(rejected(1, None))
    assert (tmp_path / "x").stat().st_mode & 0o077 == 0


def test_it_appears_only_when_it_is_whole(tmp_path: Path) -> None:
    with RejectsFile(tmp_path / "x") as rejects:
        rejects.add(rejected(1, None))
        assert not (tmp_path / "x").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


def test_an_earlier_one_does_not_remain_where_nothing_was_rejected(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("old")
    with RejectsFile(tmp_path / "x"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_failure_leaves_nothing(tmp_path: Path) -> None:
    def fail() -> None:
        with RejectsFile(tmp_path / "x") as rejects:
            rejects.add(rejected(1, None))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_gone_is_told(tmp_path: Path) -> None:
    with RejectsFile(tmp_path / "gone" / "x") as rejects, pytest.raises(InvalidInput, match="cannot be written beside the input"):
        rejects.add(rejected(1, None))
