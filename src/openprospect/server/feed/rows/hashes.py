"""Keyed hashes of what people are known by: comparable within one organization, meaningless outside."""

import hashlib
from uuid import UUID

from openprospect.server.feed.model import CompanyId, ProspectRow
from openprospect.server.feed.rows.identity import email_domain, email_key, name_key

_SIZE = 16
_KINDS = (b"email", b"domain", b"name", b"prospect", b"name at", b"fingerprint")


class Hasher:
    """Hashes with an organization's key. What is hashed is told apart by kind, so that a name never equals a domain."""

    def __init__(self, key: bytes) -> None:
        # Begun once a kind: taking in the key costs more than what follows.
        self._begun = {kind: hashlib.blake2b(key=key, person=kind, digest_size=_SIZE) for kind in _KINDS}

    def email(self, email: str | None) -> bytes | None:
        """Of a mailbox, in any of its spellings."""
        return self._hash(b"email", email_key(email)) if email else None

    def domain_of(self, email: str) -> bytes:
        return self.domain(email_domain(email_key(email)))

    def domain(self, ascii_domain: str) -> bytes:
        return self._hash(b"domain", ascii_domain)

    def name(self, person: ProspectRow) -> bytes:
        return self._hash(b"name", name_key(person.first_name, person.last_name))

    def prospect(self, prospect_id: UUID) -> bytes:
        return self._hash(b"prospect", str(prospect_id))

    def name_at(self, company_id: CompanyId, name_hash: bytes) -> bytes:
        """Of a name within one company: names mean nobody outside it."""
        return self._hash(b"name at", f"{company_id} {name_hash.hex()}")

    def fingerprint(self) -> str:
        """Tells keys apart without giving them away."""
        return self._hash(b"fingerprint", "").hex()

    def _hash(self, kind: bytes, value: str) -> bytes:
        digest = self._begun[kind].copy()
        digest.update(value.encode())
        return digest.digest()
