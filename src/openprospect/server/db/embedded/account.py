"""The operating-system accounts that PostgreSQL and its supervisor run as. PostgreSQL refuses to run as root."""

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from openprospect.server.core.errors import Misconfigured

_INSTEAD_OF_ROOT = ("postgres", "nobody")


class ProcessOptions(TypedDict, total=False):
    """Those arguments of `subprocess.Popen` that make the process run as another account."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    name: str
    uid: int
    gid: int

    def options(self) -> ProcessOptions:
        """Empty where we are this account already: only root may name one."""
        return {} if os.geteuid() == self.uid else {"user": self.uid, "group": self.gid, "extra_groups": []}

    def can_reach(self, path: Path) -> bool:
        """Whether this account may enter the folder, or execute the file, at `path`: asked of the kernel, which knows of ACLs too."""
        if os.geteuid() == self.uid:
            return os.access(path, os.X_OK)
        return subprocess.run(["test", "-x", path], cwd="/", check=False, **self.options()).returncode == 0


def account_of(uid: int) -> Account:
    try:
        entry = pwd.getpwuid(uid)
    except KeyError:
        raise Misconfigured(
            f"The user ID {uid} has no name, and PostgreSQL does not run without one. Add a line for it to /etc/passwd, "
            "run as a user that has one, or set OPENPROSPECT_DATABASE_URL to a PostgreSQL of your own."
        ) from None
    return Account(name=entry.pw_name, uid=entry.pw_uid, gid=entry.pw_gid)


def server_account(supervisor: Account) -> Account:
    """The account that PostgreSQL itself runs as, below a supervisor of that account."""
    if supervisor.uid != 0:
        return supervisor
    for name in _INSTEAD_OF_ROOT:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name=name, uid=entry.pw_uid, gid=entry.pw_gid)
    raise Misconfigured(
        "PostgreSQL does not run as root, and there is neither a user `postgres` nor a user `nobody` to run it as. "
        "Add one, or run this command as an ordinary user."
    )
