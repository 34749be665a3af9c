"""What other tools load, as files: an Airbyte manifest, programs, recipes.

In each stand one base URL and one search id, to be replaced by one's own; the key never does.
"""

from pathlib import Path


def path(name: str) -> Path:
    return Path(__file__).with_name(name)
