"""The promise under kills: whatever dies under load, every consumer ends up with the live state, and every batch counts once.

OPENPROSPECT_TEST_KILL_SECONDS makes the load last longer.
"""

import os
import random
import signal

import psycopg
import pytest

from tests.acceptance.commands import eventually, workers_of
from tests.acceptance.crowd import assert_nothing_is_lost_or_doubled

SECONDS = float(os.environ.get("OPENPROSPECT_TEST_KILL_SECONDS", "6"))


def kill_service(site, server):
    server.kill()
    server.start()


def kill_worker(site, server):
    os.kill(random.choice(workers_of(server.process.pid)), signal.SIGKILL)
    eventually(lambda: len(workers_of(server.process.pid)) == 2)


def kill_database(site, server):
    record = site.data_dir / "postgresql/cluster/postmaster.pid"
    pid = eventually(lambda: record.exists() and record.read_text().split()[0])
    os.kill(int(pid), signal.SIGKILL)
    eventually(lambda: answers(site.dsn))


def answers(dsn):
    try:
        with psycopg.connect(dsn):
            return True
    except psycopg.OperationalError:
        return False


@pytest.mark.parametrize(
    ("kill", "workers"), [(kill_service, 1), (kill_worker, 2), (kill_database, 2)], ids=["service", "worker", "database"]
)
def test_after_kills_under_load_every_consumer_holds_the_live_state_and_every_batch_counted_once(site, kill, workers):
    with site.serving("--workers", str(workers)) as server:
        assert_nothing_is_lost_or_doubled(site, server, lambda: kill(site, server), producers=3, consumers=3, seconds=SECONDS)


def test_what_was_served_right_before_a_kill_is_confirmed_by_the_next_poll(site):
    search_id, key = site.new_search(), site.new_key("crm")
    path = f"/deliveries/{search_id}/companies"
    since: dict[str, str] = {}
    with site.serving() as server:
        with server.client(key) as client:
            # The first is written at once, the others would be two seconds later.
            for number in range(3):
                client.post(path, json={"companies": [{"name": f"Hotel {number}"}]}).raise_for_status()
                since = {"delivered_since": client.get(path, params=since).json()["items"][-1]["delivered_at"]}
        kill_service(site, server)
        with server.client(key) as client:
            eventually(lambda: client.get(path, params=since).status_code == 200)
            eventually(lambda: site.json("receipts", search_id)["delivered_until"] == since["delivered_since"])
