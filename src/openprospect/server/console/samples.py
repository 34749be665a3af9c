"""The programs of the delivery page, word for word, filled with a search and with where this service is reached."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from openprospect.server.searches.model import SearchId

_FOLDER = Path(__file__).with_name("samples")
_LANGUAGES = {"curl": "curl", "Python": "python", "JavaScript": "javascript", "TypeScript": "typescript", "C#": "csharp"}
_DOCUMENTED_HOST = "https://api.openprospect.io"
# What stands for the search in one of the languages; the longest first, since one may contain another.
_SEARCH_ID = (
    """Environment.GetEnvironmentVariable("PROSPECT_SEARCH_ID")
    ?? throw new InvalidOperationException("PROSPECT_SEARCH_ID is not set.")""",
    'os.environ["PROSPECT_SEARCH_ID"]',
    "process.env.PROSPECT_SEARCH_ID",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    language: str
    code: str


def samples(search_id: SearchId, base_url: str) -> Sequence[Sample]:
    """One a language. The key stays out: it comes from the environment."""
    return [Sample(language=language, code=_filled(file, str(search_id), base_url)) for language, file in _LANGUAGES.items()]


def _filled(file: str, search_id: str, base_url: str) -> str:
    code = (_FOLDER / f"{file}.txt").read_text(encoding="utf-8").replace(_DOCUMENTED_HOST, base_url)
    for expression in _SEARCH_ID:
        code = code.replace(expression, f'"{search_id}"')
    return code.replace("${PROSPECT_SEARCH_ID}", search_id).replace("?delivered_since=2026-02-25T12:00:00Z", "?limit=50")
