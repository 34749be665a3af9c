"""The files that other tools load, filled with a search and with where this service is reached. What is in them is not known here."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files

from openprospect.server.searches.model import SearchId

_SHIPPED_BASE_URL = "http://127.0.0.1:8400"
_SHIPPED_SEARCH_ID = "00000000-0000-4000-8000-000000000000"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectorFile:
    name: str
    tool: str
    purpose: str


CONNECTOR_FILES: Sequence[ConnectorFile] = (
    ConnectorFile(name="airbyte.yaml", tool="Airbyte", purpose="a declarative source: import it into the Connector Builder"),
    ConnectorFile(name="dlt_pipeline.py", tool="dlt", purpose="a pipeline with our source, removals included"),
    ConnectorFile(name="dlt_rest_api.py", tool="dlt alone", purpose="the same with nothing of ours, by rest_api"),
    ConnectorFile(name="tap-openprospect.json", tool="Singer, Meltano", purpose="settings of tap-openprospect"),
    ConnectorFile(name="http-recipe.md", tool="n8n, Make, Zapier", purpose="the steps to click together"),
)


def filled(name: str, search_id: SearchId, base_url: str) -> str | None:
    """None where there is no such file."""
    if all(file.name != name for file in CONNECTOR_FILES):
        return None
    text = files("openprospect").joinpath("connectors", "files", name).read_text(encoding="utf-8")
    return text.replace(_SHIPPED_BASE_URL, base_url).replace(_SHIPPED_SEARCH_ID, str(search_id))
