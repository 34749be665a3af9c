"""The two parameters that every list takes, as documented: `limit` and `offset`."""

from openprospect.server.http.parameters import Integer

LIMIT = Integer("limit", minimum=1, maximum=100, default=50, description="Maximum items to return, from 1 to 100; default 50")
OFFSET = Integer("offset", minimum=0, maximum=2**63 - 1, default=0, description="Number of items to skip; default 0")
