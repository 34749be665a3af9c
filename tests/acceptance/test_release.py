"""What is released: a wheel and a source distribution that work in an environment which has nothing else."""

import os
import shutil
import subprocess
import sys
import tarfile
import urllib.request
import zipfile
from pathlib import Path

import pytest

from openprospect.demo.service import clean_environment, free_port
from tests.acceptance.commands import eventually
from tests.conftest import open_folder
from tests.project.repository import ROOT, own_files

BIN = Path(sys.executable).parent
VERSION = "0.1.0"


@pytest.fixture(scope="module")
def released():
    """A folder with both distributions, built from what git knows."""
    with open_folder() as folder:
        source = folder / "source"
        for path in own_files():
            (source / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / path, source / path)
        subprocess.run([BIN / "hatchling", "build", "-d", folder / "dist"], cwd=source, check=True, capture_output=True)
        yield folder / "dist"


def installed(folder, wheel, extras=""):
    """The commands of a new environment that has the wheel and what it asks for, at the locked versions."""
    uv, locked = str(BIN / "uv"), str(ROOT / "requirements.lock")
    subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, folder / "venv"], check=True)
    command = [uv, "pip", "install", "--quiet", "--python", folder / "venv/bin/python", "--constraints", locked, f"{wheel}{extras}"]
    subprocess.run(command, check=True)
    return folder / "venv" / "bin"


def test_the_source_distribution_builds_the_same_wheel(released, tmp_path):
    (archive,) = released.glob("*.tar.gz")
    with tarfile.open(archive) as file:
        file.extractall(tmp_path, filter="data")
    (source,) = tmp_path.iterdir()
    subprocess.run([BIN / "hatchling", "build", "-t", "wheel", "-d", tmp_path / "dist"], cwd=source, check=True, capture_output=True)
    assert names_in(next((tmp_path / "dist").glob("*.whl"))) == names_in(next(released.glob("*.whl")))


def names_in(wheel):
    with zipfile.ZipFile(wheel) as file:
        return sorted(file.namelist())


def test_the_wheel_serves_where_nothing_else_is_installed(released):
    (wheel,) = released.glob("*.whl")
    with open_folder() as folder:
        commands = installed(folder, wheel, "[server]")
        port = free_port()
        environment = clean_environment(OPENPROSPECT_DATA_DIR=str(folder / "data"), OPENPROSPECT_PORT=str(port))
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen([commands / "openprospect", "serve"], env=environment, cwd=folder, stdout=log, stderr=log)
        try:
            eventually(lambda: process.poll() is not None or b"listening on" in (folder / "log").read_bytes(), within_seconds=60)
            direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
            for page in ("/ready", "/docs", "/console/sign-in", "/api/v1/openapi.json"):
                with direct.open(f"http://127.0.0.1:{port}{page}", timeout=20) as answer:
                    assert answer.status == 200
        finally:
            process.terminate()
            assert process.wait(60) == 0, (folder / "log").read_text()


def test_the_consumer_is_installed_alone_and_says_what_the_service_would_need(released):
    (wheel,) = released.glob("*.whl")
    with open_folder() as folder:
        commands = installed(folder, wheel)
        environment = {"PATH": os.defpath, "HOME": str(folder)}

        def run(*arguments):
            return subprocess.run(
                [commands / "openprospect", *arguments], env=environment, cwd=folder, capture_output=True, text=True, check=False
            )

        assert run("--version").stdout.strip() == VERSION
        assert run("sync", "--help").returncode == 0
        serving = run("serve")
        assert (serving.returncode, "pip install 'openprospect[server]'" in serving.stderr) == (2, True)
