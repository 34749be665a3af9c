"""The page on security claims nothing that no test proves, and the code has what it says of the code."""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

from tests.project.repository import files_ending, text_of

PAGE = "docs/security.md"
_TEST = re.compile(r"`(test_\w+)`")
_SECRET = re.compile(r"token|csrf|signature|secret|password", re.IGNORECASE)


def threats() -> list[list[str]]:
    """The rows of the tables of threats."""
    rows = [line.strip("|").split(" | ") for line in text_of(PAGE).splitlines() if line.startswith("| ")]
    return [row for row in rows if len(row) == 3 and row[0].strip() != "threat"]


def test_every_threat_names_the_tests_that_prove_its_defence_and_all_of_them_exist():
    source = "\n".join(text_of(path) for path in files_ending(".py") if path.parts[0] == "tests")
    known = set(re.findall(r"def (test_\w+)", source))
    assert len(threats()) > 30
    assert [row[0] for row in threats() if not _TEST.findall(row[2])] == []
    assert set(_TEST.findall(text_of(PAGE))) - known == set()


def test_the_lint_rules_of_bandit_are_on():
    lint = tomllib.loads(text_of("pyproject.toml"))["tool"]["ruff"]["lint"]
    assert "S" in lint["select"]
    assert {pattern for pattern, rules in lint["per-file-ignores"].items() if "S" in rules} == {"tests/**", "bench/**"}
    assert {rule for rule in lint["ignore"] if rule.startswith("S") and rule[1:].isdigit()} == {"S101", "S603", "S607"}


def comparisons(path: Path) -> Iterator[str]:
    """Where something that is named like a secret is compared by == or !=."""
    for node in ast.walk(ast.parse(text_of(path))):
        if isinstance(node, ast.Compare) and any(isinstance(operator, ast.Eq | ast.NotEq) for operator in node.ops):
            sides = [node.left, *node.comparators]
            named = [side.id if isinstance(side, ast.Name) else side.attr for side in sides if isinstance(side, ast.Name | ast.Attribute)]
            if any(_SECRET.search(name) for name in named):
                yield f"{path}:{node.lineno}"


def test_no_secret_is_compared_by_its_first_difference():
    source = [path for path in files_ending(".py") if path.parts[0] == "src"]
    assert [place for path in source for place in comparisons(path)] == []
    assert sum("compare_digest" in text_of(path) for path in source) >= 3
