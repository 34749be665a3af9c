"""The second wall between tenants: a role that owns nothing, and connections on which it sees one tenant's rows alone.

The policies are in the migrations; which statements run so is said by whoever asks for `Database.within`.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, cast
from uuid import UUID

import asyncpg

from openprospect.server.db.lending import Lender

if TYPE_CHECKING:
    from openprospect.server.db.lending import Raw

ROLE = "openprospect_tenant"

_ENSURE = Path(__file__).with_name("tenant_role.sql").read_text(encoding="utf-8")

# From 16 on, a member may be one who administers the role and cannot take it.
_CAN_BE_TAKEN = """
SELECT EXISTS (
    SELECT FROM pg_roles
    WHERE rolname = $1 AND NOT rolsuper AND NOT rolbypassrls
        AND pg_has_role(current_user, oid, CASE WHEN current_setting('server_version_num')::integer < 160000 THEN 'MEMBER' ELSE 'SET' END)
        AND has_table_privilege(oid, to_regclass('prospect_search'), 'SELECT')
)
"""


async def ensure_role(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    """Make the role and let it at the tenants' tables, as far as this account may; where it may not, the first wall stands alone."""
    await connection.execute(_ENSURE)


async def can_take_role(pool: "asyncpg.Pool[asyncpg.Record]") -> bool:
    """Whether there is such a role that this account may take, and policies hold it."""
    return bool(await pool.fetchval(_CAN_BE_TAKEN, ROLE))


class TenantConnection(asyncpg.Connection):
    """Remembers whose rows it shows; at first nobody's."""

    _tenant: UUID | None = None

    async def turn_to(self, tenant: UUID) -> None:
        """Costs a round trip where it showed another's."""
        if tenant != self._tenant:
            self._tenant = None  # whoever is cancelled in between does not know which
            await self.execute(f"SET openprospect.tenant = '{tenant}'")
            self._tenant = tenant


class TenantLender:
    """Lends as one tenant is lent to: connections that are turned to that tenant."""

    def __init__(self, lender: Lender, tenant: UUID) -> None:
        self._lender = lender
        self._tenant = tenant

    @asynccontextmanager
    async def lend(self, *, free_until: float, until: float) -> "AsyncIterator[Raw]":
        async with self._lender.lend(free_until=free_until, until=until) as raw:
            async with asyncio.timeout_at(until):
                await cast("TenantConnection", raw).turn_to(self._tenant)
            yield raw

    async def renew(self) -> None:
        await self._lender.renew()

    async def close(self) -> None:
        """What it lends is not its own."""
