"""Secrets of the operator's, seen from outside a running command: by `ps`, in its log, and in what it says of a mistake."""

from collections.abc import Iterator

import pytest
from cyclopts import App

from openprospect.cli.main import app
from openprospect.cli.output import fail
from openprospect.cli.storage import Storage, on_database
from openprospect.server.access import store
from openprospect.server.core.errors import OpenProspectError
from openprospect.server.db import dump, programs
from openprospect.server.db.clients import Server
from tests.project.test_docs_cover import commands_of
from tests.security.test_secrets_in_reprs import SECRET

MARK = "hunter2hunter2hunter2hunter2hunter2hunter2"


@pytest.mark.parametrize("place", ["u:{}@h/d", "u@h/d?password={}", "u:x@h/d?password={}&sslmode=require"])
def test_pg_dump_is_told_the_password_by_environment(tmp_path, monkeypatch, place):
    program = tmp_path / "pg_dump"
    program.write_text(f'#!/bin/sh\nprintf "%s\\n" "$*" > {tmp_path}/arguments\nprintf "%s" "$PGPASSWORD"\n')
    program.chmod(0o755)
    monkeypatch.setattr(programs, "find_client", lambda *_: program)
    server = Server(dsn=f"postgresql://{place.format(MARK)}", major=18, is_encrypted=True)
    dump.dump(server, tmp_path / "backup", without_rows_of="nothing")
    assert MARK not in (tmp_path / "arguments").read_text()
    assert (tmp_path / "backup").read_text() == MARK


@pytest.mark.parametrize(
    ("options", "told"),
    [("", "sslmode=require"), ("?sslmode=prefer", "sslmode=require"), ("?sslmode=verify-full", "sslmode=verify-full")],
)
def test_a_program_may_not_do_without_encryption_where_the_driver_has_it(tmp_path, monkeypatch, options, told):
    program = tmp_path / "pg_dump"
    program.write_text('#!/bin/sh\nprintf "%s" "$*"\n')
    program.chmod(0o755)
    monkeypatch.setattr(programs, "find_client", lambda *_: program)
    server = Server(dsn=f"postgresql://u@h/d{options}", major=18, is_encrypted=True)
    dump.dump(server, tmp_path / "backup", without_rows_of="nothing")
    assert f"--dbname=postgresql://u@h/d?{told} " in (tmp_path / "backup").read_text()


UNREADABLE = ["u:{}/@127.0.0.1:1/x", "u:{}?@127.0.0.1:1/x", "u:{}#@127.0.0.1:1/x", "u:{}@127.0.0.1:port/x", "u:{}@[::1/x"]


@pytest.mark.parametrize("place", [*UNREADABLE, "u:{}@127.0.0.1:1/x", "u@127.0.0.1:1/x?password={}"])
def test_a_database_url_that_does_not_work_is_never_repeated(place, capsys):
    storage = Storage(database_url=f"postgresql://{place.format(MARK)}")
    with pytest.raises(OpenProspectError) as caught:
        on_database(storage, store.keys)
    assert fail(caught.value) == (2 if place in UNREADABLE else 1)
    assert "hunter" not in capsys.readouterr().err


def options() -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Of every command: its name, an option, and the variables that stand for it."""
    for names in commands_of(app):
        command: App = app
        for name in names.split():
            command = command[name]
        for argument in command.assemble_argument_collection():
            variables = argument.parameter.env_var
            yield names, argument.names[0], (variables,) if isinstance(variables, str) else tuple(variables or ())


def test_every_option_that_takes_a_secret_is_also_read_from_the_environment():
    secret = [(command, name, variables) for command, name, variables in options() if SECRET.search(name.strip("-").replace("-", "_"))]
    assert {name for _, name, _ in secret} >= {"--secret-key", "--metrics-token", "--api-key", "--database-url"}
    assert [(command, name) for command, name, variables in secret if not variables] == []
