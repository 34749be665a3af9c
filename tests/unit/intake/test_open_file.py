"""Files that cannot be read as a whole, and memory that does not grow with them."""

import subprocess
import sys
from pathlib import Path

import pytest

from openprospect.server.core.errors import InvalidInput
from openprospect.server.intake.file import Choices, open_file

MEASURE = """
import resource, sys
from pathlib import Path
from openprospect.server.intake.file import Choices, open_file
with open_file(Path(sys.argv[1]), Choices()) as file:
    companies = sum(1 for _ in file)
print(companies, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("gone.csv", "There is no file"),
        ("folder.csv", "is a folder"),
        ("", "is a folder"),
        ("empty.csv", "is empty"),
        ("empty.parquet", "is empty"),
        (
            "x.txt",
            r"ending in \.txt cannot be delivered; known are \.csv, \.tsv, \.jsonl, \.ndjson, \.json, \.parquet, \.xlsx, and - for NDJSON",
        ),
        ("noending", "ending in nothing"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / "folder.csv").mkdir()
    for empty in ("empty.csv", "empty.parquet", "x.txt", "noending"):
        (tmp_path / empty).touch()
    with pytest.raises(InvalidInput, match=message):
        open_file(tmp_path / name, Choices())


def _company_rows(count: int, kind: str) -> str:
    if kind == "csv":
        rows = (
            f"Hotel {number % count},{number % count},m{number}@hotel{number % count}.example,+49 30 {number}\n"
            for number in range(3 * count)
        )
        return "company_name,source_id,email,phone\n" + "".join(rows)
    companies = (
        f'{{"name": "Hotel {number}", "source_id": "{number}", "prospects": [{{"email": "m@hotel{number}.example"}}]}}'
        for number in range(count)
    )
    return "[" + ",\n".join(companies) + "]" if kind == "json" else "\n".join(companies)


@pytest.mark.parametrize("kind", ["csv", "json", "jsonl"])
def test_memory_does_not_grow_with_the_file(tmp_path: Path, kind: str) -> None:
    peaks = {}
    for count in (5_000, 25_000):
        path = tmp_path / f"{count}.{kind}"
        path.write_text(_company_rows(count, kind))
        answer = subprocess.run([sys.executable, "-c", MEASURE, str(path)], capture_output=True, text=True, check=True)
        companies, peaks[count] = (int(word) for word in answer.stdout.split())
        assert companies == count
    assert peaks[25_000] < 1.25 * peaks[5_000]
