"""The embedded PostgreSQL: one server for each data folder, there as long as a command holds a lease on it.

Commands and the supervising process meet at a socket: a lease is a connection to it. The kernel closes connections however
a process ends, so nothing here trusts a process id.
"""

from openprospect.server.db.embedded.installation import Installation, binary
from openprospect.server.db.embedded.key_file import key_of, made_key
from openprospect.server.db.embedded.lease import EmbeddedPostgres
from openprospect.server.db.embedded.temporary import temporary

__all__ = ["EmbeddedPostgres", "Installation", "binary", "key_of", "made_key", "temporary"]
