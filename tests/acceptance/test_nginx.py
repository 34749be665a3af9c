"""Several services behind nginx, as the documentation has it: nobody notices which one answers, or that one is killed."""

import itertools
from contextlib import ExitStack

import httpx
import pytest

from tests.acceptance.commands import READ, eventually, large_feed
from tests.acceptance.crowd import assert_nothing_is_lost_or_doubled
from tests.acceptance.nginx import needs_nginx, nginx

pytestmark = needs_nginx


@pytest.fixture(scope="module")
def servers(site):
    with ExitStack() as stack:
        yield [stack.enter_context(site.serving()) for _ in range(2)]


@pytest.fixture(scope="module")
def gate(site, servers):
    folder = site.folder / "nginx"
    folder.mkdir()
    with nginx(folder, [server.port for server in servers]) as gate:
        yield gate


@pytest.fixture(scope="module")
def search_id(site):
    return large_feed(site)


@pytest.fixture(scope="module")
def key(site):
    return site.new_key("reader", scopes=READ)


def test_answers_are_those_of_a_service_and_links_lead_back_through_the_gate(gate, servers, search_id, key):
    path = f"/deliveries/{search_id}/companies"
    with gate.client(key) as client, servers[0].client(key) as direct:
        assert client.get(path).content == direct.get(path).content
        answer = client.get(path, params={"limit": 100})
        count = len(answer.json()["items"])
        while "next" in answer.links:
            assert answer.links["next"]["url"].startswith(f"{gate.base_url}/api/v1/")
            answer = client.get(answer.links["next"]["url"])
            count += len(answer.json()["items"])
        assert count == 3_000
        etag = client.get(path, params={"delivered_since": answer.headers["Delivery-Watermark"]}).headers["ETag"]
        unchanged = client.get(path, params={"delivered_since": answer.headers["Delivery-Watermark"]}, headers={"If-None-Match": etag})
        assert (unchanged.status_code, unchanged.content) == (304, b"")
        export = client.get(f"/deliveries/{search_id}/export")
        assert len(export.text.splitlines()) == 3_000


def test_a_body_too_large_is_refused_by_the_service_itself_and_metrics_stay_inside(gate, site, search_id):
    with gate.client(site.new_key("producer")) as client:
        headers = {"Content-Type": "application/json"}
        answer = client.post(f"/deliveries/{search_id}/companies", content=b" " * ((64 << 20) + 1), headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (413, "PAYLOAD_TOO_LARGE")
        assert [client.get(f"{gate.base_url}/{path}").status_code for path in ("metrics", "metrics/", "/metrics")] == [404] * 3


def test_reads_do_not_notice_that_a_service_is_gone(gate, servers, search_id, key):
    path = f"/deliveries/{search_id}/companies"
    with gate.client(key) as client:
        assert client.get(path).status_code == 200
        servers[0].kill()
        try:
            for offset in range(0, 1_000, 50):
                assert client.get(path, params={"offset": offset}).status_code == 200
        finally:
            servers[0].start()


def test_services_killed_under_load_and_others_started_lose_and_double_nothing(site, gate, servers):
    turns = itertools.cycle(servers)

    def replace_one():
        server = next(turns)
        server.kill()
        server.start()

    assert_nothing_is_lost_or_doubled(site, gate, replace_one, producers=2, consumers=2, seconds=3.0)


def test_an_export_whose_service_is_killed_does_not_look_whole_and_all_gone_is_a_clean_503(gate, servers, search_id, key):
    with gate.client(key) as client:
        with client.stream("GET", f"/deliveries/{search_id}/export", headers={"Accept-Encoding": "identity"}) as export:
            chunks = export.iter_raw()
            next(chunks)
            for server in servers:
                server.kill()
            with pytest.raises(httpx.TransportError):
                b"".join(chunks)
        refused = client.get(f"/deliveries/{search_id}/companies")
        assert (refused.status_code, refused.json()["code"]) == (503, "UNAVAILABLE")
        for server in servers:
            server.start()
        eventually(lambda: client.get(f"/deliveries/{search_id}/companies").status_code == 200)
