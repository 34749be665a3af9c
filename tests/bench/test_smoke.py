"""The benchmark runs, at its smallest size; what it measures then means nothing and is not looked at."""

import subprocess
import sys

import pytest

from bench.suites import SUITES
from tests.project.repository import ROOT

# The others stand for no promise of their own, and take minutes together: `make test-connectors` runs them along.
ALWAYS = {"read", "ingest"}


@pytest.mark.parametrize("suite", [suite if suite in ALWAYS else pytest.param(suite, marks=pytest.mark.heavy) for suite in SUITES])
def test_a_suite_runs_at_its_smallest_size_and_prints_its_table(suite):
    command = [sys.executable, "-m", "bench", "--smoke", "--only", suite]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    assert f"### {SUITES[suite]}" in done.stdout
    assert "| openprospect" in done.stdout
