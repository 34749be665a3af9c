"""The console's fixtures serve here as well: a running service, and a client that may do everything."""

from tests.console.conftest import client, search_id, service

__all__ = ["client", "search_id", "service"]
