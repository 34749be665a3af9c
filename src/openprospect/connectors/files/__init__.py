"""What other tools load, as files: an Airbyte manifest, programs for dlt, settings for the Singer tap, a recipe in HTTP.

In each stand the same base URL and search id, to be replaced by one's own; the console does that. The key is in none.
"""

from pathlib import Path

BASE_URL = "http://127.0.0.1:8400"
SEARCH_ID = "00000000-0000-4000-8000-000000000000"


def path(name: str) -> Path:
    return Path(__file__).with_name(name)
