"""The reference, the dashboard and the alert rules use the metrics that there are, by their names."""

import json
import re
from datetime import timedelta
from typing import Any

import httpx
import pytest

from openprospect.server.access.keys import create_key
from openprospect.server.access.model import DEFAULT_ORGANIZATION
from tests.databases import seeing_all
from tests.integration.conftest import BASE_URL, pull
from tests.project.repository import text_of

_NAME = re.compile(r"\bopenprospect_[a-z_]+[a-z]\b")
_PARTS = re.compile(r"_(bucket|sum|count)$")


@pytest.fixture
async def names(dsn, service, client, search_id):
    """Every metric that a service with one of everything shows."""
    await client.post("/webhooks", json={"url": "http://127.0.0.1:59997/"})
    options: dict[str, Any] = {"organization": DEFAULT_ORGANIZATION, "scopes": ["console"], "is_live": True, "actor": "test"}
    await create_key(service.database, "trial", expires_in=timedelta(days=90), **options)
    person = {"email": "maria@hotel.example"}
    await client.post(f"/deliveries/{search_id}/companies", json={"companies": [{"name": "Hotel", "prospects": [person]}]})
    page = await pull(client, search_id)
    await client.put(f"/deliveries/{search_id}/receipt", json={"delivered_until": page["items"][0]["delivered_at"]})
    await client.post("/erasures", json=person)
    async with seeing_all(dsn), httpx.AsyncClient(transport=service.transport, base_url=BASE_URL) as http:
        text = (await http.get("/metrics")).text
    return {_PARTS.sub("", name) for name in re.findall(r"^(openprospect_\w+)", text, re.MULTILINE)}


async def test_the_reference_has_exactly_the_metrics_there_are(names):
    of_replicas = {"openprospect_replica_reads_total"}  # this service has none
    assert set(_NAME.findall(text_of("docs/reference/metrics.md"))) == names | of_replicas


@pytest.mark.parametrize("path", ["contrib/grafana/openprospect.json", "contrib/prometheus/openprospect.rules.yml"])
async def test_dashboard_and_alerts_use_metrics_that_there_are(names, path):
    used = {_PARTS.sub("", name) for name in _NAME.findall(text_of(path))}
    assert used
    assert used - names == set()


def test_the_dashboard_is_json_with_panels_that_do_not_overlap():
    panels = json.loads(text_of("contrib/grafana/openprospect.json"))["panels"]
    taken = [
        (panel["gridPos"]["x"] + x, panel["gridPos"]["y"] + y)
        for panel in panels
        for x in range(panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["h"])
    ]
    assert len(taken) == len(set(taken))
    assert all(x < 24 for x, _ in taken)
