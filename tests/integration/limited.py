"""Keys with a limit, and their hour."""

from openprospect.server.access.keys import create_key
from openprospect.server.access.model import DEFAULT_ORGANIZATION

READ = ["companies:read", "prospects:read"]


async def key(database, *, tier=None, rate_limit=None, name="limited"):
    return await create_key(
        database,
        name,
        organization=DEFAULT_ORGANIZATION,
        scopes=READ,
        expires_in=None,
        is_live=True,
        actor="test",
        tier=tier,
        rate_limit=rate_limit,
    )


async def end_hour(database, made):
    await database.execute("UPDATE request_count SET ends_at = clock_timestamp() WHERE key_id = $1", made.id)
