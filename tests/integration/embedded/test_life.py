"""One server for all the leases on a data folder: it comes with the first and goes with the last."""

import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import asyncpg

from openprospect.server.db.embedded import binary


def test_the_first_command_starts_a_server_and_its_end_stops_it(any_stage, look):
    command, dsn = any_stage.hold()
    assert look.query(dsn, "SELECT current_database()") == "openprospect"
    server = look.server_of(any_stage.data_dir)
    command.end()
    assert not look.is_running(server)
    look.eventually(lambda: not look.processes_in(any_stage.folder))


async def test_asyncpg_connects_at_the_address_as_it_is(used_stage):
    with used_stage.lease() as dsn:
        connection = await asyncpg.connect(dsn)
        assert await connection.fetchval("SELECT current_user") == "openprospect"
        await connection.close()


def test_what_was_written_is_there_the_next_time(used_stage, look):
    with used_stage.lease() as dsn:
        look.query(dsn, "DROP TABLE IF EXISTS kept; CREATE TABLE kept AS SELECT 7 AS number")
    with used_stage.lease() as dsn:
        assert look.query(dsn, "SELECT number FROM kept") == "7"


def test_commands_share_one_server_which_outlives_the_one_that_started_it(any_used_stage, look):
    first, address = any_used_stage.hold()
    second, same = any_used_stage.hold()
    assert same == address
    server = look.server_of(any_used_stage.data_dir)
    first.end()
    assert look.answers(address)
    assert look.server_of(any_used_stage.data_dir) == server
    second.end()
    assert not look.is_running(server)


def test_leases_of_one_process_in_many_threads_share_one_server(used_stage, look):
    everyone_in = threading.Barrier(8)

    def hold(_: int) -> int:
        with used_stage.lease() as dsn:
            assert look.answers(dsn)
            everyone_in.wait(30)
            return int(look.server_of(used_stage.data_dir))

    with ThreadPoolExecutor(8) as threads:
        servers = set(threads.map(hold, range(8)))
    assert len(servers) == 1
    look.eventually(lambda: not look.processes_in(used_stage.folder))


def test_commands_that_begin_at_once_on_a_fresh_folder_all_get_the_same_server(any_stage, look):
    commands = [any_stage.begin() for _ in range(4)]
    addresses = {command.said() for command in commands}
    assert len(addresses) == 1
    assert look.answers(addresses.pop())
    assert sorted(path.name for path in any_stage.data_dir.iterdir()) == ["postgresql", "postgresql.lock"]


def test_one_who_comes_as_the_last_one_leaves_never_gets_a_dead_address(used_stage, look):
    leaving = used_stage.lease()
    leaving.__enter__()
    for _ in range(12):
        coming = used_stage.lease()
        out = threading.Thread(target=leaving.__exit__, args=(None, None, None))
        out.start()
        assert look.answers(coming.__enter__())
        out.join()
        leaving = coming
    leaving.__exit__(None, None, None)
    look.eventually(lambda: not look.processes_in(used_stage.folder))


def test_the_supervisor_keeps_neither_the_terminal_nor_a_pipe_of_the_command(used_stage, look):
    first, _ = used_stage.hold()
    supervisor = look.supervisor_of(used_stage.data_dir)
    with used_stage.lease():
        assert os.getsid(supervisor) != os.getsid(first.process.pid)
        output, _ = first.process.communicate(timeout=10)  # returns at the pipe's end, which the supervisor outlives
        assert output == ""
        assert look.supervisor_of(used_stage.data_dir) == supervisor


def test_ctrl_c_ends_the_command_and_stops_the_server_cleanly(used_stage, look):
    command, _ = used_stage.hold()
    os.killpg(command.process.pid, signal.SIGINT)
    command.process.wait(10)
    look.eventually(lambda: not look.processes_in(used_stage.folder))
    said = subprocess.run(
        [binary("pg_controldata"), used_stage.data_dir / "postgresql/cluster"], capture_output=True, text=True, check=True
    )
    assert "shut down\n" in said.stdout


def test_the_settings_are_durable_private_and_off_the_network(used_stage, look):
    with used_stage.lease() as dsn:
        settings = dict(
            line.split("|") for line in look.query(dsn, "SELECT name, setting FROM pg_settings").splitlines() if line.count("|") == 1
        )
        encoding = look.query(dsn, "SELECT pg_encoding_to_char(encoding) FROM pg_database WHERE datname = current_database()")
    assert (settings["listen_addresses"], settings["fsync"], settings["full_page_writes"]) == ("", "on", "on")
    assert (settings["max_connections"], settings["jit"], settings["TimeZone"], encoding) == ("200", "off", "UTC", "UTF8")


def test_programs_are_of_the_servers_version(used_stage, look):
    dumper = subprocess.run([binary("pg_dump"), "--version"], capture_output=True, text=True, check=True).stdout.split()[2]
    with used_stage.lease() as dsn:
        assert look.query(dsn, "SHOW server_version").split()[0] == dumper


def test_the_supervisor_needs_no_installed_package():
    check = "import sys; sys.path.insert(0, sys.argv[1]); import openprospect.server.db.supervisor.process"
    root = next(path for path in sys.modules["openprospect"].__path__).removesuffix("/openprospect")
    subprocess.run([sys.executable, "-I", "-S", "-c", check, root], check=True)
