"""Lock files: exact, hashed, and tied to no registry."""

import json
import re

import pytest

from tests.project.repository import files_ending, own_files, text_of

PACKAGE_LOCKS = [path for path in own_files() if path.name == "package-lock.json"]


PYTHON_LOCKS = [path for path in own_files() if path.name.startswith("requirements")]


def requirements(path):
    """Each pinned package with everything that belongs to it, continuation lines joined."""
    text = text_of(path).replace("\\\n", " ")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


@pytest.mark.parametrize("path", PYTHON_LOCKS, ids=str)
def test_every_python_package_is_pinned_and_hashed(path):
    assert requirements(path)
    loose = [line[:60] for line in requirements(path) if not re.match(r"[a-z0-9-]+==\S+ .*--hash=sha256:[0-9a-f]{64}", line)]
    assert loose == []


@pytest.mark.parametrize("path", PYTHON_LOCKS, ids=str)
def test_a_python_lock_names_no_address(path):
    assert re.findall(r"\S*://\S*|^--.*", text_of(path), re.MULTILINE) == []


@pytest.mark.parametrize("path", PACKAGE_LOCKS, ids=str)
def test_a_package_lock_has_a_digest_and_no_address_for_each_package(path):
    packages = {name: package for name, package in json.loads(text_of(path))["packages"].items() if name}
    assert packages
    assert [name for name, package in packages.items() if "integrity" not in package or "resolved" in package] == []


def test_every_declared_python_package_is_in_a_lock():
    declared = re.findall(r'^ {4}"([a-z0-9-]+)(?:\[.*?\])?[>=]=', text_of("pyproject.toml"), re.MULTILINE)
    locked = {line.split("==")[0] for path in PYTHON_LOCKS for line in requirements(path)}
    assert declared
    assert set(declared) - locked == set()


def test_every_package_file_has_its_lock():
    folders = {path.parent for path in files_ending(".json") if path.name == "package.json"}
    assert folders == {path.parent for path in PACKAGE_LOCKS}
