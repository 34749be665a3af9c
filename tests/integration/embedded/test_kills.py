"""Kills of every process there is, and what a power cut leaves: no server without a lease, no lease without a server."""

import os
import subprocess

import pytest

from openprospect.server.db.embedded import binary


def test_the_server_stops_when_its_last_command_is_killed(any_used_stage, look):
    command, _ = any_used_stage.hold()
    command.kill()
    look.eventually(lambda: not look.processes_in(any_used_stage.folder))


def test_the_server_stays_when_one_of_two_commands_is_killed(used_stage, look):
    first, address = used_stage.hold()
    used_stage.hold()
    server = look.server_of(used_stage.data_dir)
    first.kill()
    assert look.answers(address)
    assert look.server_of(used_stage.data_dir) == server


def test_a_killed_supervisor_takes_its_server_along_and_the_command_brings_up_another(any_used_stage, look):
    _, address = any_used_stage.hold()
    look.query(address, "DROP TABLE IF EXISTS kept; CREATE TABLE kept AS SELECT 7 AS number")
    server = look.server_of(any_used_stage.data_dir)
    look.kill(look.supervisor_of(any_used_stage.data_dir))
    look.eventually(lambda: look.server_of(any_used_stage.data_dir) not in {0, server})
    assert not look.is_running(server)
    look.eventually(lambda: look.answers(address))
    assert look.query(address, "SELECT number FROM kept") == "7"


def test_one_new_supervisor_serves_all_the_commands_of_a_killed_one(used_stage, look):
    first, address = used_stage.hold()
    second, _ = used_stage.hold()
    server = look.server_of(used_stage.data_dir)
    look.kill(look.supervisor_of(used_stage.data_dir))
    look.eventually(lambda: look.server_of(used_stage.data_dir) not in {0, server} and look.answers(address))
    first.kill()
    assert look.answers(address)
    second.end()
    look.eventually(lambda: not look.processes_in(used_stage.folder))


def test_a_lease_can_end_while_its_supervisor_is_being_replaced(used_stage, look):
    with used_stage.lease():
        look.kill(look.supervisor_of(used_stage.data_dir))
    look.eventually(lambda: not look.processes_in(used_stage.folder))


def test_a_killed_server_comes_back_at_the_same_address(any_used_stage, look):
    _, address = any_used_stage.hold()
    server = look.server_of(any_used_stage.data_dir)
    supervisor = look.supervisor_of(any_used_stage.data_dir)
    look.kill(server)
    look.eventually(lambda: look.server_of(any_used_stage.data_dir) not in {0, server} and look.answers(address))
    assert look.supervisor_of(any_used_stage.data_dir) == supervisor


@pytest.mark.parametrize("victims", [("server",), ("supervisor",), ("server", "supervisor")], ids=" and ".join)
def test_a_backend_that_is_busy_does_not_hold_up_the_recovery(used_stage, look, victims):
    _, address = used_stage.hold()
    busy = "DO $$ BEGIN LOOP PERFORM 1; END LOOP; END $$"
    with subprocess.Popen([binary("psql"), "-Xc", busy, address], stderr=subprocess.DEVNULL) as client:
        look.eventually(lambda: look.query(address, "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'DO%'") == "1")
        server = look.server_of(used_stage.data_dir)
        pids = {"server": server, "supervisor": look.supervisor_of(used_stage.data_dir)}
        try:
            for victim in victims:
                look.kill(pids[victim])
            look.eventually(lambda: look.server_of(used_stage.data_dir) not in {0, server} and look.answers(address))
        finally:
            client.kill()


def test_nothing_is_left_when_command_and_supervisor_are_killed_at_once(any_used_stage, look):
    command, _ = any_used_stage.hold()
    supervisor = look.supervisor_of(any_used_stage.data_dir)
    look.kill(supervisor)
    command.kill()
    look.eventually(lambda: not look.processes_in(any_used_stage.folder))


def test_what_a_power_cut_leaves_does_not_stop_the_next_start_even_where_its_process_id_is_taken(any_used_stage, look):
    command, address = any_used_stage.hold()
    look.query(address, "DROP TABLE IF EXISTS kept; CREATE TABLE kept AS SELECT 7 AS number")
    server, supervisor = look.server_of(any_used_stage.data_dir), look.supervisor_of(any_used_stage.data_dir)
    cluster = any_used_stage.data_dir / "postgresql/cluster"
    record = (cluster / "postmaster.pid").read_text()
    owner = cluster.stat().st_uid
    for pid in (command.process.pid, supervisor, server):
        look.kill(pid)
    command.kill()
    look.eventually(lambda: not look.processes_in(any_used_stage.folder))
    options = {"user": owner, "extra_groups": []} if os.geteuid() == 0 else {}
    with subprocess.Popen(["sleep", "60"], **options) as stranger:
        for trace in (cluster / "postmaster.pid", any_used_stage.data_dir / "postgresql/socket/.s.PGSQL.5432.lock"):
            trace.write_text(record.replace(str(server), str(stranger.pid), 1))
            os.chown(trace, owner, -1)
        _, address = any_used_stage.hold()
        assert look.query(address, "SELECT number FROM kept") == "7"
        assert stranger.poll() is None
        stranger.kill()


def test_a_first_start_that_was_killed_half_way_is_made_anew(any_stage, look):
    command = any_stage.begin()
    look.eventually(lambda: list(any_stage.data_dir.glob("postgresql.new-*/cluster/*")))
    command.kill()
    _, address = any_stage.hold()
    assert look.answers(address)
