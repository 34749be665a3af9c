"""The delivery page as its readers have it, and its samples cut out of it: unchanged but for the host."""

from pathlib import Path

HOST = "https://api.openprospect.io"
FOLDER = Path(__file__).with_name("samples")
PAGE = (FOLDER / "delivery-integration.txt").read_text(encoding="utf-8")

_FIRST_LINES = {
    "python": "import os\n",
    "javascript": "const prospectSearchId",
    "typescript": "interface DeliveredCompaniesResponse",
    "csharp": "using System.Net",
    "answer": "Expected response:",
    "curl": "curl -sS",
}
_LAST_LINES = {
    "python": _FIRST_LINES["javascript"],
    "javascript": _FIRST_LINES["typescript"],
    "typescript": _FIRST_LINES["csharp"],
    "csharp": _FIRST_LINES["answer"],
    "answer": "Incremental Sync",
    "curl": "Use has_more",
}


def sample(language: str, *, base_url: str = HOST) -> str:
    """The page's sample in a language, asking `base_url`."""
    start = PAGE.index(_FIRST_LINES[language])
    end = PAGE.index(_LAST_LINES[language], start)
    return PAGE[start:end].replace(HOST, base_url)
