"""A new database cluster, and how the server that runs it is set up. Running it is the supervisor's."""

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from openprospect.server.core.errors import Misconfigured
from openprospect.server.db.embedded.account import Account
from openprospect.server.db.embedded.home import DATABASE, PORT, ROLE, Home
from openprospect.server.db.embedded.installation import Installation, environment

_BUILTIN_LOCALE_SINCE = 17
_TAIL_LINES = 20

SETTINGS = {
    "listen_addresses": "",
    "port": str(PORT),
    "unix_socket_permissions": "0700",
    "fsync": "on",
    "full_page_writes": "on",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "jit": "off",
    "timezone": "UTC",
    # The log must never hold personal data. Values stand in the text of errors, of warnings and of statements, so none of
    # these is written: the client is told, and a crash is reported without the statement that was running.
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_statement": "none",
    "log_min_duration_statement": "-1",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_checkpoints": "off",
    "log_destination": "stderr",
    "log_line_prefix": "%m [%p] ",
    "log_timezone": "UTC",
    "logging_collector": "off",
}
"""Given on the command line of every start, so that neither a file in the cluster nor ALTER SYSTEM overrides them."""


def access_rules(home: Home, server: Account) -> dict[str, str]:
    """The files that admit the home's owner, PostgreSQL's own account and root, as the kernel names them; no password exists."""
    names = dict.fromkeys(("root", home.owner.name, server.name))
    return {
        "hba.conf": f"local all {ROLE} peer map=owner\n",
        "ident.conf": "".join(f'owner "{name}" {ROLE}\n' for name in names),
    }


def create_cluster(cluster: Path, installation: Installation, account: Account) -> None:
    """Fill the new folder `cluster`: afterwards it holds the empty database and belongs to the account."""
    cluster.mkdir(mode=0o700)
    os.chown(cluster, account.uid, account.gid)
    locale = ["--locale=C"]
    if installation.major >= _BUILTIN_LOCALE_SINCE:
        locale += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    manners = ["-U", ROLE, "-E", "UTF8", *locale, "-A", "reject", "--data-checksums", "--no-instructions"]
    _run([installation.program("initdb"), "-D", cluster, *manners], account, why="create its files")
    single = ["--single", "-c", "exit_on_error=on", "-c", "log_checkpoints=off", "-D"]
    create = f"CREATE DATABASE {DATABASE}\n"
    _run([installation.program("postgres"), *single, cluster, "postgres"], account, why="create the database", standard_input=create)


def _run(command: Sequence[Path | str], account: Account, *, why: str, standard_input: str = "") -> None:
    # cwd: the account may not be allowed in ours.
    done = subprocess.run(
        command,
        input=standard_input,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        env=environment(),
        cwd="/",
        check=False,
        **account.options(),
    )
    if done.returncode != 0:
        tail = "\n".join(done.stdout.splitlines()[-_TAIL_LINES:])
        raise Misconfigured(f"The embedded PostgreSQL could not {why} (exit status {done.returncode} of {command[0]}). It said:\n{tail}")
