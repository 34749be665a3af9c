"""Which organization a command means: the one it names; else the only one there is, or what that command may make of several."""

from dataclasses import dataclass

from openprospect.cli.output import stderr
from openprospect.server.access import store
from openprospect.server.access.keys import organization_named
from openprospect.server.access.model import DEFAULT_ORGANIZATION, OrganizationId
from openprospect.server.core.errors import InvalidInput
from openprospect.server.db.pool import Database

_MOST_NAMED = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenant:
    """An organization, and whether the database has no other."""

    id: OrganizationId
    name: str
    is_only: bool

    @property
    def where(self) -> str:
        """As a sentence has it."""
        return "here" if self.is_only else f"in the organization {self.name}"

    @property
    def told(self) -> dict[str, str]:
        """What an answer says of it besides its own: nothing where there is no other."""
        return {} if self.is_only else {"organization": self.name}


async def tenant_meant(database: Database, name: str | None) -> Tenant:
    """For what does harm in the wrong one. Raises InvalidInput where none is named and there are several, NotFound for an unknown one."""
    there_are, total = await store.first_organizations(database, _MOST_NAMED)
    if name is None and total > 1:
        names = ", ".join(organization.name for organization in there_are)
        others = f" and {total - len(there_are)} others" if total > len(there_are) else ""
        raise InvalidInput(f"There are {total} organizations: {names}{others}. Name the one you mean with --organization.")
    meant = await organization_named(database, name) if name is not None else there_are[0]
    return Tenant(id=meant.id, name=meant.name, is_only=total == 1)


async def tenant_or_default(database: Database, name: str | None) -> Tenant:
    """For what is made anew and can be ended again; `tell_default` says so then. Raises NotFound for an unknown one."""
    return await tenant_meant(database, name or DEFAULT_ORGANIZATION)


def tell_default(tenant: Tenant, name: str | None) -> None:
    """Where something went that could have gone elsewhere, and nobody said where."""
    if name is None and not tenant.is_only:
        stderr.print(f"It was made in the organization {tenant.name}; --organization names another.", markup=False)
