"""What a process remembers of keys between requests: when they were used, what is left of their hour, and who showed bad ones."""

from dataclasses import dataclass, field

from openprospect.server.access.limits.bad_keys import BadKeyLimiter
from openprospect.server.access.limits.leases import Leases
from openprospect.server.access.limits.rates import Rates
from openprospect.server.access.uses import KeyUses


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    rates: Rates
    leases: Leases
    uses: KeyUses = field(default_factory=KeyUses)
    bad_keys: BadKeyLimiter = field(default_factory=BadKeyLimiter)
