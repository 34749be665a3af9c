"""What a command tells the supervisor that it starts: one argument, in JSON."""

from pathlib import Path
from typing import TypedDict


class Plan(TypedDict):
    home: str
    address: str
    """The folder of the sockets, most often the home itself."""
    postgres: str
    settings: dict[str, str]
    access_rules: dict[str, str]
    """Contents of the files that admit clients, by name."""
    environment: dict[str, str]
    server_uid: int
    server_gid: int
    first_lease: int
    """The descriptor of the starting command's lease, which counts from the start: no moment is without a lease."""


def sockets_in(address: Path) -> Path:
    """The folder PostgreSQL puts its socket in; nobody but its account and root may enter."""
    return address / "socket"


def control_socket_in(address: Path) -> Path:
    """Where leases are taken; connecting needs the right to write, which the owner and root alone have."""
    return address / "control.sock"
