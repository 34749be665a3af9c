"""Bringing signing secrets under a key: those in clear at every start, all others when somebody says that every service knows it."""

from dataclasses import dataclass

from openprospect.server.core.vault import Vault
from openprospect.server.db.pool import Database
from openprospect.server.webhooks import store


@dataclass(frozen=True, slots=True, kw_only=True)
class Resealed:
    """How many secrets are under the newest key now, and how many none of the keys opens."""

    resealed: int
    unreadable: int


async def seal_clear_secrets(database: Database, vault: Vault) -> None:
    """Seal what a version that did not seal has left in clear. Raises Misconfigured where there is such a secret and no key."""
    async with database.transaction() as db:
        for kept in await store.clear_secrets(db):
            await store.seal_secret(db, kept, vault.seal(kept.content), key_id=vault.key_id)


async def reseal(database: Database, vault: Vault) -> Resealed:
    """Seal with the newest key whatever an earlier one opens: whoever does not know the newest cannot sign from here on."""
    async with database.transaction() as db:
        others = await store.secrets_of_other_keys(db, key_id=vault.key_id)
        opened = [(kept, secret) for kept in others if (secret := vault.open(kept.content)) is not None]
        for kept, secret in opened:
            await store.seal_secret(db, kept, vault.seal(secret), key_id=vault.key_id)
        return Resealed(resealed=len(opened), unreadable=len(others) - len(opened))
