"""A credential: what a request shows, and the rule that makes a caller of it. The look-up may be anybody's; the judgement is here."""

from collections.abc import Sequence
from dataclasses import dataclass

from openprospect.server.access import store
from openprospect.server.access.admission import Admission
from openprospect.server.access.limits.bad_keys import BadKeyLimiter
from openprospect.server.access.limits.rates import Allowance
from openprospect.server.access.model import Caller, Scope
from openprospect.server.access.secret import hash_of, is_well_formed
from openprospect.server.core.errors import Unauthenticated
from openprospect.server.db.pool import Executor, Row
from openprospect.server.http.identity import Identity

_ENDED = {"revoked": "This key has been revoked; ask for a new one.", "expired": "This key has expired; ask for a new one."}


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """A key as shown, and what it is shown for: nobody yet. `admit` makes a caller of what the view `caller` has for it.

    `answer_headers` is what the answer will have besides its own; `identity` is for the log.
    """

    secret_hash: bytes
    scopes: Sequence[Scope]
    address: str
    admission: Admission
    answer_headers: list[tuple[bytes, bytes]]
    identity: Identity

    def refuse_at_once(self) -> None:
        """Raises TooManyRequests where that is known before the key is."""
        self.admission.bad_keys.refuse(self.address, self.secret_hash)
        if (spent := self.admission.leases.spent(self.secret_hash)) is not None:
            self.identity.update(key_id=spent.key_id)
            self._hold_to(spent.allowance)

    async def caller(self, db: Executor) -> Caller:
        """Look the key up, and nothing else. Raises Unauthenticated, TooManyRequests or Forbidden."""
        return await self.admit(await store.caller(db, self.secret_hash))

    async def admit(self, found: Row | None) -> Caller:
        """The caller, of a row with the columns of the view `caller`. Raises Unauthenticated, TooManyRequests or Forbidden."""
        if found is not None and found["key_id"] is not None:
            self.identity.update(key_id=found["key_id"], organization_id=found["organization_id"])
        caller = require_working_key(found, self.secret_hash, bad_keys=self.admission.bad_keys, address=self.address)
        assert found is not None
        self.admission.uses.note(caller.key_id)
        limit = self.admission.rates.limit_of(found["tier"], found["rate_limit"])
        if limit is not None:
            self._hold_to(await self.admission.leases.count(self.secret_hash, caller.key_id, limit))
        caller.require(self.scopes, otherwise="This key lacks {missing}; ask for a key that has it.")
        return caller

    def _hold_to(self, allowance: Allowance) -> None:
        self.answer_headers.extend(allowance.headers())
        if not allowance.is_within:
            raise allowance.refusal()


def secret_of(authorization: str | None) -> str:
    """The key in an Authorization header. Raises Unauthenticated where there is none that can be one."""
    if not authorization:
        raise Unauthenticated("A key is needed: send the header `Authorization: Bearer opk_…`.")
    scheme, _, secret = authorization.partition(" ")
    if scheme.lower() != "bearer" or not secret.strip():
        raise Unauthenticated("The Authorization header should read `Bearer`, a blank, and the key.")
    return secret.strip()


def secret_hash_of(secret: str) -> bytes:
    """What a key is looked up by. Raises Unauthenticated for what cannot be one: a mistyped key costs no look-up."""
    if not is_well_formed(secret):
        raise Unauthenticated("This is not a whole key; copy it again, all of it.")
    return hash_of(secret)


def require_working_key(found: Row | None, secret_hash: bytes, *, bad_keys: BadKeyLimiter, address: str) -> Caller:
    """Whom a key stands for; raises Unauthenticated where it is none, or does not work any more."""
    try:
        caller = _working(found)
    except Unauthenticated:
        bad_keys.failed(address)
        raise
    bad_keys.worked(secret_hash)
    return caller


async def known_caller(db: Executor, secret: str, *, bad_keys: BadKeyLimiter, address: str) -> Caller:
    """Whom a key stands for, whatever it may do; raises Unauthenticated, or TooManyRequests after too many of those."""
    secret_hash = secret_hash_of(secret)
    bad_keys.refuse(address, secret_hash)
    return require_working_key(await store.caller(db, secret_hash), secret_hash, bad_keys=bad_keys, address=address)


def _working(found: Row | None) -> Caller:
    if found is None or found["key_id"] is None:
        raise Unauthenticated("This key is not known here; check which service it is for.")
    if found["ended"] is not None:
        raise Unauthenticated(_ENDED[found["ended"]])
    return Caller(
        key_id=found["key_id"],
        key_name=found["key_name"],
        organization_id=found["organization_id"],
        scopes=frozenset(found["scopes"]),
    )
