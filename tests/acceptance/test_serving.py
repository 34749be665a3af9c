"""`openprospect serve` and its settings: where it listens, how it stops, what it keeps to itself."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from tests.acceptance.commands import eventually, workers_of

COMPANY = {"source_id": "c1", "name": "Café", "prospects": [{"first_name": "Maria", "email": "maria@cafe.example"}]}


# Settings.


def ports_tried(site, *arguments, **settings):
    """The port that `serve` would use: each is taken here, and it says so."""
    return site.run("serve", *arguments, environment=site.environment | settings, expected=2).complaint


def test_a_flag_goes_before_the_environment_and_that_before_the_file(site):
    with (
        socket.create_server(("127.0.0.1", 0)) as one,
        socket.create_server(("127.0.0.1", 0)) as two,
        socket.create_server(("127.0.0.1", 0)) as three,
    ):
        flag, variable, key = (str(taken.getsockname()[1]) for taken in (one, two, three))
        settings_file = site.folder / "openprospect.toml"
        settings_file.write_text(f"port = {key}\n")
        try:
            assert f":{key}:" in ports_tried(site)
            assert f":{variable}:" in ports_tried(site, OPENPROSPECT_PORT=variable)
            assert f":{flag}:" in ports_tried(site, "--port", flag, OPENPROSPECT_PORT=variable)
        finally:
            settings_file.unlink()


def test_the_file_names_the_data_folder_for_every_command(site, search_id):
    environment = {name: value for name, value in site.environment.items() if name != "OPENPROSPECT_DATA_DIR"}
    settings_file = site.folder / "openprospect.toml"
    settings_file.write_text(f'data_dir = "{site.data_dir}"\nport = 8400\n')
    try:
        listed = site.run("searches", "list", "--json", environment=environment).answers
    finally:
        settings_file.unlink()
    assert search_id in [search["id"] for search in listed]


@pytest.mark.parametrize("text", ["port = \n", 'port = "eighty"\n'])
def test_a_settings_file_that_cannot_be_read_is_named(site, text):
    settings_file = site.folder / "openprospect.toml"
    settings_file.write_text(text)
    try:
        complaint = site.run("serve", expected=2).complaint
    finally:
        settings_file.unlink()
    assert "openprospect.toml" in complaint


def test_commands_work_on_a_postgresql_of_ones_own(site, search_id):
    environment = site.environment | {"OPENPROSPECT_DATABASE_URL": site.dsn, "OPENPROSPECT_DATA_DIR": str(site.folder / "unused")}
    listed = site.run("searches", "list", "--json", environment=environment).answers
    assert search_id in [search["id"] for search in listed]
    with site.serving(environment=environment) as server:
        assert httpx.get(f"{server.base_url}/health").status_code == 200
    assert not (site.folder / "unused").exists()


# Serving.


def test_the_service_says_where_it_listens_once_it_answers(site):
    with site.serving() as server:
        assert f"listening on http://127.0.0.1:{server.port}\n" in server.log.read_text()
        assert httpx.get(f"{server.base_url}/health").status_code == 200


def test_commands_work_beside_the_service_and_show_at_once(site, search_id):
    with site.serving() as server, server.client(site.new_key("beside")) as client:
        assert client.get(f"/deliveries/{search_id}/companies").json()["total"] == 0
        site.json("deliver", search_id, "-", stdin=json.dumps(COMPANY).encode())
        assert client.get(f"/deliveries/{search_id}/companies").json()["total"] == 1


@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT], ids=lambda how: how.name)
def test_a_stop_lets_the_request_under_way_finish_and_exits_0(site, search_id, workers, how):
    with site.serving("--workers", workers) as server:
        answer = slow_delivery(server, site.new_key("slow"), search_id)
        server.process.send_signal(how)
        time.sleep(0.3)
        assert server.process.poll() is None
        assert answer() == 200
        assert server.process.wait(20) == 0
    assert "Traceback" not in server.log.read_text()


def slow_delivery(server, key, search_id):
    """A request whose body is half sent; what is given sends the rest, and answers the status."""
    half = threading.Event()
    rest = threading.Event()
    statuses = []
    body = json.dumps({"companies": [COMPANY | {"source_id": str(uuid4())}]}).encode()

    def parts():
        yield body[:10]
        half.set()
        rest.wait(30)
        yield body[10:]

    def send():
        with server.client(key) as client:
            response = client.post(f"/deliveries/{search_id}/companies", content=parts(), headers={"Content-Type": "application/json"})
            statuses.append(response.status_code)

    sender = threading.Thread(target=send)
    sender.start()
    assert half.wait(10)
    time.sleep(0.3)

    def finish():
        rest.set()
        sender.join(30)
        return statuses[0]

    return finish


@pytest.mark.heavy
def test_workers_share_the_work_and_die_with_a_parent_that_is_killed(site):
    with site.serving("--workers", "2") as server:
        workers = eventually(lambda: found if len(found := workers_of(server.process.pid)) == 2 else None)
        server.kill()
        eventually(lambda: not any(Path(f"/proc/{pid}").exists() for pid in workers))
        with socket.create_server(("127.0.0.1", server.port)):
            pass
        server.start()
        assert httpx.get(f"{server.base_url}/health").status_code == 200


# Secrets.


def test_workers_that_are_killed_leave_their_counts_to_their_successors_and_no_folder_behind(site):
    place = site.folder / "counts"
    place.mkdir()
    with site.serving("--workers", "2", environment=site.environment | {"TMPDIR": str(place)}) as server:
        (folder,) = place.glob("openprospect-metrics-*")
        before = workers_of(server.process.pid)
        counted = answers_counted(server)
        for worker in before:
            os.kill(worker, signal.SIGKILL)
        eventually(lambda: len(set(workers_of(server.process.pid)) - set(before)) == 2)
        assert eventually(lambda: answers_counted(server)) > counted
        assert {path.name for path in folder.glob("*.db")} <= {
            f"{kind}_{number}.db" for kind in ("counter", "histogram") for number in (0, 1)
        }
        orphans = workers_of(server.process.pid)
        server.kill()
        eventually(lambda: not any(Path(f"/proc/{orphan}").exists() for orphan in orphans))
        assert folder.exists()
        server.start()
        (other,) = place.glob("openprospect-metrics-*")
        assert other != folder
    assert list(place.glob("openprospect-metrics-*")) == []


def answers_counted(server):
    """How often the service has said that it is healthy, once more for this; None where no worker is there."""
    try:
        httpx.get(f"{server.base_url}/health", trust_env=False).raise_for_status()
        metrics = httpx.get(f"{server.base_url}/metrics", trust_env=False).raise_for_status().text
    except httpx.HTTPError:
        return None
    return sum(
        float(line.split()[-1]) for line in metrics.splitlines() if line.startswith("openprospect_requests_total{") and '"/health"' in line
    )


def test_no_secret_stands_in_an_argument_list_or_a_log(site, search_id):
    key = site.new_key("secret")
    environment = site.environment | {
        "OPENPROSPECT_DATABASE_URL": f"{site.dsn}&password=geheim-2026",
        "OPENPROSPECT_SECRET_KEY": "geheim-2026" * 3,
        "OPENPROSPECT_METRICS_TOKEN": "geheim-2026",
    }
    with site.serving("--workers", "2", environment=environment) as server:
        with server.client(key) as client:
            client.get(f"/deliveries/{search_id}/companies").raise_for_status()
            client.get(f"/deliveries/{search_id}/companies", headers={"Authorization": f"Bearer {key}x"})
        words = b"".join(path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if is_ours(path))
    logs = server.log.read_bytes() + b"".join(path.read_bytes() for path in site.data_dir.rglob("*.log"))
    for secret in (b"geheim-2026", key.encode()):
        assert secret not in words
        assert secret not in logs


def is_ours(path):
    try:
        return b"openprospect" in path.read_bytes() or b"spawn_main" in path.read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return False


# What it costs to run.


def test_what_a_worker_starts_with_is_not_looked_through_for_garbage_again_and_again():
    settings = {"OPENPROSPECT_INTERNAL_DSN": "postgresql:///nowhere", "OPENPROSPECT_INTERNAL_SETTINGS": "{}"}
    program = (
        "import gc; from openprospect.server.serving import worker_app; worker_app(); print(gc.get_freeze_count(), len(gc.get_objects()))"
    )
    printed = subprocess.run([sys.executable, "-c", program], env=os.environ | settings, capture_output=True, check=True, text=True).stdout
    kept, looked_at = map(int, printed.split())
    assert kept > 10 * looked_at
