"""Who gets at the data: the owner and root, by the kernel's word, and nobody through a file, the network or the log."""

import os
import stat
import subprocess

import pytest

as_root_alone = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")


@as_root_alone
def test_another_user_cannot_connect(any_used_stage, look):
    _, address = any_used_stage.hold()
    assert look.answers(address)
    with pytest.raises(subprocess.CalledProcessError, match="returned non-zero"):
        look.query(address, "SELECT 1", user="games")


@as_root_alone
def test_another_user_is_turned_away_even_where_the_folders_stand_open(used_stage, look):
    _, address = used_stage.hold()
    sockets = used_stage.data_dir / "postgresql/socket"
    sockets.chmod(0o755)
    (sockets / ".s.PGSQL.5432").chmod(0o777)
    with pytest.raises(subprocess.CalledProcessError) as refusal:
        look.query(address, "SELECT 1", user="games")
    assert "Peer authentication failed" in refusal.value.stderr


@as_root_alone
def test_another_user_cannot_take_a_lease(any_used_stage):
    command, _ = any_used_stage.hold()
    assert "refused:" in any_used_stage.begin(user="games").said()
    command.end()


def test_files_and_sockets_are_private(any_used_stage):
    command, _ = any_used_stage.hold()
    home = any_used_stage.data_dir / "postgresql"
    for path in (home / "cluster", home / "socket"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700
    for path in (any_used_stage.data_dir, home):
        assert not path.stat().st_mode & 0o066, path
    assert stat.S_IMODE((home / "postgresql.log").stat().st_mode) == 0o600
    assert not (home / "control.sock").stat().st_mode & 0o022
    command.end()


def test_the_log_holds_nothing_of_what_statements_carry(used_stage, look):
    with used_stage.lease() as address:
        look.query(address, "CREATE TABLE people (email text PRIMARY KEY); INSERT INTO people VALUES ('m.schmidt@example.org')")
        for statement in (
            "INSERT INTO people VALUES ('m.schmidt@example.org')",
            "SELECT 'm.schmidt@example.org'::uuid",
            "DO $$ BEGIN RAISE WARNING 'm.schmidt@example.org'; RAISE EXCEPTION 'm.schmidt@example.org'; END $$",
            "SELECT pg_terminate_backend(pg_backend_pid()) /* m.schmidt@example.org */",
        ):
            with pytest.raises(subprocess.CalledProcessError):
                look.query(address, statement)
    log = (used_stage.data_dir / "postgresql/postgresql.log").read_text()
    assert "terminating connection" in log
    assert "schmidt" not in log


def test_a_log_that_has_grown_too_long_keeps_its_end(used_stage):
    with used_stage.lease():
        pass
    log = used_stage.data_dir / "postgresql/postgresql.log"
    with log.open("a") as lines:
        lines.writelines(f"line {number}\n" for number in range(500_000))
    with used_stage.lease():
        pass
    assert log.stat().st_size < 1_100_000
    assert "line 499999\n" in log.read_text()
    assert log.read_text().startswith("line ")
