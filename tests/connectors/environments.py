"""Tools that are installed beside the project, each in an environment of its own under `connectors/`."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def program(environment: str, name: str) -> Path:
    """A program of that environment, such as its `python`."""
    path = ROOT / "connectors" / f".venv-{environment}" / "bin" / name
    assert path.exists(), f"{path} is not there; `make test-connectors` installs it."
    return path


def variables(**settings: str) -> dict[str, str]:
    """This process's environment, in which a tool's own Python finds `openprospect` as it stands here."""
    return os.environ | {"PYTHONPATH": str(ROOT / "src")} | settings
