"""What is deployed from: the image, the Kubernetes manifests, the unit for systemd."""

import configparser
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.project.repository import ROOT, text_of
from tests.project.settings import settings_in, settings_of_the_source

KUBERNETES = ROOT / "contrib" / "kubernetes"
MANIFESTS = sorted(path.name for path in KUBERNETES.glob("*.yaml") if path.name != "kustomization.yaml")
PLACES = ["Dockerfile", "compose.yaml", "contrib/systemd/openprospect.service", "contrib/kubernetes/deployment.yaml"]
BIN = Path(sys.executable).parent


def test_the_image_is_built_as_the_linter_of_dockerfiles_has_it():
    done = subprocess.run([BIN / "hadolint", ROOT / "Dockerfile"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize("name", MANIFESTS)
def test_a_manifest_is_what_kubernetes_takes(name):
    done = subprocess.run([BIN / "kubernetes-validate", "--strict", KUBERNETES / name], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_kustomization_lists_every_manifest():
    assert sorted(yaml.safe_load((KUBERNETES / "kustomization.yaml").read_text())["resources"]) == MANIFESTS


@pytest.mark.parametrize("path", PLACES)
def test_deployments_name_only_settings_that_there_are(path):
    assert settings_in(text_of(path))
    assert settings_in(text_of(path)) <= settings_of_the_source()


def test_whoever_stops_the_service_gives_it_the_time_to_drain():
    serving = re.search(r"_DRAIN_SECONDS = (\d+)", text_of("src/openprospect/server/serving.py"))
    assert serving
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.read_string(text_of("contrib/systemd/openprospect.service"))
    deployment = yaml.safe_load(text_of("contrib/kubernetes/deployment.yaml"))["spec"]["template"]["spec"]
    compose = yaml.safe_load(text_of("compose.yaml"))["services"]["service"]
    variables = {variable["name"]: variable.get("value") for variable in deployment["containers"][0]["env"]}
    notice = int(variables["OPENPROSPECT_STOP_NOTICE_SECONDS"])
    assert deployment["terminationGracePeriodSeconds"] > int(serving[1]) + notice
    given = [unit["Service"]["TimeoutStopSec"], compose["stop_grace_period"].removesuffix("s")]
    assert all(int(seconds) > int(serving[1]) for seconds in given)


def test_nobody_runs_the_service_as_root():
    pod = yaml.safe_load(text_of("contrib/kubernetes/deployment.yaml"))["spec"]["template"]["spec"]
    assert re.findall(r"^USER (\d+)$", text_of("Dockerfile"), re.MULTILINE) == [str(pod["securityContext"]["runAsUser"])]
    assert "User=openprospect" in text_of("contrib/systemd/openprospect.service").splitlines()
