"""How a service leaves: it says so first, finishes what is under way, and breaks off what it cannot finish for everybody to see."""

import json
import os
import signal
import time
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from tests.acceptance.commands import READ, eventually, large_feed, workers_of


@pytest.fixture(scope="module")
def search_id(site):
    return large_feed(site)


@pytest.fixture(scope="module")
def key(site):
    return site.new_key("reader", scopes=READ)


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_service_about_to_stop_is_not_ready_first_and_serves_until_it_stops(site, search_id, key, workers):
    environment = site.environment | {"OPENPROSPECT_STOP_NOTICE_SECONDS": "1.5"}
    with site.serving("--workers", workers, environment=environment) as server, server.client(key) as client:
        ready = f"{server.base_url}/ready"
        assert httpx.get(ready).status_code == 200
        server.process.terminate()
        refused = eventually(lambda: answer if (answer := httpx.get(ready)).status_code == 503 else None)
        assert refused.json()["message"] == "This process is about to stop; ask another."
        assert client.get(f"/deliveries/{search_id}/companies").status_code == 200
        assert server.process.wait(20) == 0


def begin_export(client, search_id):
    """An export of which the first lines have arrived, and no more is read for now."""
    stream = client.stream("GET", f"/deliveries/{search_id}/export", headers={"Accept-Encoding": "identity"})
    response = stream.__enter__()
    assert response.status_code == 200
    chunks = response.iter_raw()
    return stream, chunks, next(chunks)


def test_an_export_under_way_goes_on_to_its_end(site, search_id, key):
    with site.serving() as server, server.client(key) as client:
        stream, chunks, first = begin_export(client, search_id)
        server.process.terminate()
        time.sleep(0.3)
        assert server.process.poll() is None
        lines = (first + b"".join(chunks)).splitlines()
        assert [json.loads(line)["source_id"] for line in lines] == [str(number) for number in range(3_000)]
        stream.__exit__(None, None, None)
        assert server.process.wait(20) == 0


def test_an_export_that_cannot_be_finished_is_cut_off_and_does_not_look_whole(site, search_id, key):
    with site.serving() as server, server.client(key) as client:
        stream, chunks, _ = begin_export(client, search_id)
        server.process.terminate()
        time.sleep(0.5)
        server.process.send_signal(signal.SIGINT)  # no more patience
        server.process.wait(20)
        with pytest.raises(httpx.TransportError):
            b"".join(chunks)
        stream.__exit__(None, None, None)


def test_workers_that_start_while_the_database_is_away_answer_at_once_and_wait_for_it(site, search_id, key):
    record = site.data_dir / "postgresql/cluster/postmaster.pid"
    with site.serving("--workers", "2") as server, server.client(key) as client:
        before = workers_of(server.process.pid)
        database = int(record.read_text().split()[0])
        supervisor = parent_of(database)
        os.kill(supervisor, signal.SIGSTOP)  # else it would be back at once
        try:
            os.kill(database, signal.SIGKILL)
            for worker in before:
                os.kill(worker, signal.SIGKILL)
            eventually(lambda: answer(f"{server.base_url}/health") == 200)
            assert not set(workers_of(server.process.pid)) & set(before)
            assert answer(f"{server.base_url}/ready") == 503
            refused = client.get(f"/deliveries/{search_id}/companies")
            assert refused.status_code == 503
            assert "cannot be reached" in refused.json()["message"]
            assert int(refused.headers["Retry-After"]) > 0
        finally:
            os.kill(supervisor, signal.SIGCONT)
        eventually(lambda: client.get(f"/deliveries/{search_id}/companies").status_code == 200)
        assert server.process.poll() is None
        assert len(workers_of(server.process.pid)) == 2
        assert server.stop() == 0


def answer(url):
    """The status; none while nobody listens."""
    with suppress(httpx.TransportError):
        return httpx.get(url, trust_env=False).status_code


def parent_of(pid):
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
