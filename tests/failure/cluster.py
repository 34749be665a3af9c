"""A PostgreSQL of its own on a port of its own, without a supervisor: to be restarted, copied, promoted and broken in every way."""

import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from openprospect.demo.service import free_port
from openprospect.server.db.embedded.account import Account, account_of, server_account
from openprospect.server.db.embedded.installation import STATE_FOLDER, Installation, environment, find_installation, reachable

ROLE = "openprospect"
_SETTINGS = {
    "fsync": "off",
    "max_connections": "30",
    "shared_buffers": "32MB",
    "wal_level": "replica",
    "hot_standby": "on",
    "track_activity_query_size": "16384",
    "max_wal_size": "256MB",
    # Replicas learn at once what they have taken in, and so do tests.
    "wal_receiver_status_interval": "1s",
    "wal_retrieve_retry_interval": "200ms",
}


@dataclass(kw_only=True)
class Cluster:
    """`folder` is the cluster's, in a folder that everybody may pass through."""

    folder: Path
    port: int = field(default_factory=free_port)
    account: Account = field(default_factory=lambda: server_account(account_of(os.geteuid())))
    installation: Installation = field(default_factory=find_installation)

    def dsn(self, database: str = "postgres", *, port: int | None = None) -> str:
        return f"postgresql://{ROLE}@127.0.0.1:{port or self.port}/{database}"

    def create(self) -> None:
        self._run("initdb", "-D", self.folder, "-U", ROLE, "-E", "UTF8", "--locale=C", "-A", "trust", "--no-sync", "--no-instructions")

    def copy_of(self, primary: "Cluster") -> None:
        """A standby that follows the primary by streaming, as `pg_basebackup -R` makes it."""
        source = f"host=127.0.0.1 port={primary.port} user={ROLE} application_name={self.folder.name}"
        self._run("pg_basebackup", "-D", self.folder, "-d", source, "-R", "-c", "fast", "--no-sync")

    def start(self) -> None:
        settings = {**_SETTINGS, "port": self.port, "listen_addresses": "127.0.0.1", "unix_socket_directories": self.folder}
        options = " ".join(f"-c {name}={value}" for name, value in settings.items())
        self._run("pg_ctl", "start", "-D", self.folder, "-w", "-l", self.folder / "log", "-o", options)

    def stop(self, how: str = "fast") -> None:
        self._run("pg_ctl", "stop", "-D", self.folder, "-w", "-m", how)

    def restart(self, how: str) -> None:
        self.stop(how)
        self.start()

    def promote(self) -> None:
        self._run("pg_ctl", "promote", "-D", self.folder, "-w")

    @property
    def is_running(self) -> bool:
        return (self.folder / "postmaster.pid").exists()

    def execute(self, statement: str, *, database: str = "postgres") -> None:
        """By the local socket, which none of the tests' rules for hosts touches."""
        with self._connected(database) as connection:
            connection.execute(statement.encode())

    def value(self, statement: str, *, database: str = "postgres") -> object:
        with self._connected(database) as connection:
            row = connection.execute(statement.encode()).fetchone()
            return row[0] if row else None

    def configure(self, setting: str, value: str | None) -> None:
        """Change a setting while it runs; None: as it was."""
        self.execute(f"ALTER SYSTEM SET {setting} = '{value}'" if value is not None else f"ALTER SYSTEM RESET {setting}")
        self.execute("SELECT pg_reload_conf()")

    def _connected(self, database: str) -> "psycopg.Connection[tuple[object, ...]]":
        return psycopg.connect(host=str(self.folder), port=self.port, user=ROLE, dbname=database, autocommit=True)

    def _run(self, program: str, *arguments: str | Path) -> None:
        installation = reachable(self.installation, self.account, state_folder=STATE_FOLDER)
        done = subprocess.run(
            [installation.program(program), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if program != "pg_ctl" else subprocess.DEVNULL,
            stderr=subprocess.STDOUT,
            text=True,
            cwd="/",
            env=environment(),
            check=False,
            **self.account.options(),
        )
        log = self.folder / "log"
        assert done.returncode == 0, f"{program}: {done.stdout}\n{log.read_text()[-2000:] if log.exists() else ''}"
