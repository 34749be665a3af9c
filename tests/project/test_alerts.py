"""The alert rules, read and played by Prometheus's own tool."""

import json
import re
import shutil
import subprocess

import pytest
import yaml

from tests.project.repository import ROOT

RULES = ROOT / "contrib" / "prometheus" / "openprospect.rules.yml"
RULE_LIST = yaml.safe_load(RULES.read_text())["groups"][0]["rules"]
PLAYED = ROOT / "tests" / "project" / "alerts.yml"
# What a service tells of itself, and not of the database that it may share.
OWN = {"up", "openprospect_info", "openprospect_database_up", "openprospect_requests_total", "openprospect_request_seconds_bucket"}
PROMTOOL = shutil.which("promtool")
needs_promtool = pytest.mark.skipif(
    PROMTOOL is None, reason="promtool is missing; as root: apt-get install -y --no-install-recommends prometheus"
)


@needs_promtool
def test_an_alert_is_raised_by_what_it_waits_for_and_by_nothing_else(tmp_path):
    (tmp_path / RULES.name).write_text(without_annotations(RULES.read_text()))
    shutil.copy(PLAYED, tmp_path)
    done = subprocess.run([str(PROMTOOL), "test", "rules", "alerts.yml"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@needs_promtool
def test_the_alert_rules_are_what_prometheus_takes():
    done = subprocess.run([str(PROMTOOL), "check", "rules", RULES], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("alert", [rule["alert"] for rule in RULE_LIST if "alert" in rule])
def test_every_alert_is_played_as_it_is_raised_and_as_it_is_not(alert):
    checks = [check for test in yaml.safe_load(PLAYED.read_text())["tests"] for check in test["alert_rule_test"]]
    assert {bool(check["exp_alerts"]) for check in checks if check["alertname"] == alert} == {True, False}


def test_what_services_tell_of_a_database_that_they_share_is_counted_once():
    recorded = {rule["record"]: rule["expr"] for rule in RULE_LIST if "record" in rule}
    panels = json.loads((ROOT / "contrib" / "grafana" / "openprospect.json").read_text())["panels"]
    shown = [target["expr"] for panel in panels for target in panel.get("targets", [])]
    raised = [rule["expr"] for rule in RULE_LIST if "alert" in rule]
    used = {name for expression in (*shown, *raised) for name in re.findall(r"(?:database:)?\bopenprospect_\w+", expression)}
    assert used - OWN == set(recorded)
    assert recorded == {name: f"max without (instance, pod, node) ({name.removeprefix('database:')})" for name in recorded}


def without_annotations(rules):
    """Which alerts are raised, not what they say, is played: promtool would compare that to the letter."""
    read = yaml.safe_load(rules)
    for rule in read["groups"][0]["rules"]:
        rule.pop("annotations", None)
    return yaml.safe_dump(read)
