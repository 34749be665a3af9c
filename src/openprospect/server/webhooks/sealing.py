"""Bringing signing secrets under the newest key: at every start, so that a new key only has to be put in front of the old one."""

from openprospect.server.core.vault import Vault
from openprospect.server.db.pool import Database
from openprospect.server.webhooks import store


async def seal_secrets(database: Database, vault: Vault) -> None:
    """Seal what lies there in clear, and seal anew what an earlier key opens. Raises Misconfigured for a clear secret and no key."""
    async with database.transaction() as db:
        for kept in await store.secrets_to_seal(db, key_id=vault.key_id):
            secret = vault.open(kept.sealed) if kept.sealed else kept.clear
            if secret is not None:
                await store.seal_secret(db, kept, vault.seal(secret), key_id=vault.key_id)
