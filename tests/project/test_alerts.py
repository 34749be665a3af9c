"""The alert rules, read and played by Prometheus's own tool."""

import shutil
import subprocess

import pytest
import yaml

from tests.project.repository import ROOT

RULES = ROOT / "contrib" / "prometheus" / "openprospect.rules.yml"
PROMTOOL = shutil.which("promtool")
pytestmark = pytest.mark.skipif(
    PROMTOOL is None, reason="promtool is missing; as root: apt-get install -y --no-install-recommends prometheus"
)


def test_an_alert_is_raised_by_what_it_waits_for_and_by_nothing_else(tmp_path):
    (tmp_path / RULES.name).write_text(without_annotations(RULES.read_text()))
    shutil.copy(ROOT / "tests" / "project" / "alerts.yml", tmp_path)
    done = subprocess.run([str(PROMTOOL), "test", "rules", "alerts.yml"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_alert_rules_are_what_prometheus_takes():
    done = subprocess.run([str(PROMTOOL), "check", "rules", RULES], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def without_annotations(rules):
    """Which alerts are raised, not what they say, is played: promtool would compare that to the letter."""
    read = yaml.safe_load(rules)
    for rule in read["groups"][0]["rules"]:
        del rule["annotations"]
    return yaml.safe_dump(read)
