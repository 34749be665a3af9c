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


def systemd():
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.read_string(text_of("contrib/systemd/openprospect.service"))
    return unit["Service"]


def pod():
    return yaml.safe_load(text_of("contrib/kubernetes/deployment.yaml"))["spec"]["template"]["spec"]


def composed():
    return yaml.safe_load(text_of("compose.yaml"))["services"]["service"]


# What each deployment allows between the signal and the kill, and the longest notice that it is for.
PATIENCE = {
    "systemd": (systemd()["TimeoutStopSec"], 60),
    "compose": (composed()["stop_grace_period"].removesuffix("s"), 60),
    "kubernetes": (
        pod()["terminationGracePeriodSeconds"],
        next(one["value"] for one in pod()["containers"][0]["env"] if one["name"] == "OPENPROSPECT_STOP_NOTICE_SECONDS"),
    ),
}


@pytest.mark.parametrize("deployment", PATIENCE)
def test_whoever_stops_the_service_waits_for_its_notice_and_its_drain_and_a_while_longer(deployment):
    draining = re.search(r"_DRAIN_SECONDS = (\d+)", text_of("src/openprospect/server/serving.py"))
    assert draining
    patience, notice = PATIENCE[deployment]
    assert int(patience) == int(notice) + int(draining[1]) + 10


def test_a_pod_migrates_before_its_service_is_probed_with_the_same_settings():
    (migrating,), (serving,) = pod()["initContainers"], pod()["containers"]
    assert (migrating["args"], serving["args"]) == (["migrate"], ["serve", "--no-migrate"])
    assert all(migrating[part] == serving[part] for part in ("image", "env", "volumeMounts", "securityContext"))


def test_systemd_stops_the_service_alone_and_starts_none_again_that_somebody_has_to_mend():
    assert (systemd()["KillMode"], systemd()["RestartPreventExitStatus"]) == ("mixed", "2")


def test_a_password_of_any_characters_reaches_the_database_and_what_ends_starts_again():
    services = yaml.safe_load(text_of("compose.yaml"))["services"]
    assert "PASSWORD" not in services["service"]["environment"]["OPENPROSPECT_DATABASE_URL"]
    assert services["service"]["environment"]["PGPASSWORD"] == "${POSTGRES_PASSWORD}"
    assert {service["restart"] for service in services.values()} == {"unless-stopped"}


@pytest.mark.parametrize(
    "variables",
    [composed()["environment"], [one["name"] for one in pod()["containers"][0]["env"]]],
    ids=["compose", "kubernetes"],
)
def test_containers_name_the_log_the_scrapers_token_and_the_proxies(variables):
    assert {"OPENPROSPECT_ERASURE_LOG", "OPENPROSPECT_METRICS_TOKEN", "FORWARDED_ALLOW_IPS"} <= set(variables)


def test_nobody_runs_the_service_as_root():
    assert re.findall(r"^USER (\d+)$", text_of("Dockerfile"), re.MULTILINE) == [str(pod()["securityContext"]["runAsUser"])]
    assert "User=openprospect" in text_of("contrib/systemd/openprospect.service").splitlines()
