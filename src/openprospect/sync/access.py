"""How a server is reached: its address, a key, and the paths of a feed. It asks for nothing itself."""

import re
from urllib.parse import quote, urlsplit
from uuid import UUID

from urllib3.util import parse_url

from openprospect.sync.errors import FixNeeded
from openprospect.sync.retry import Retry
from openprospect.sync.transport import Transport

_FORM = "The base URL must look like https://api.example.com"


def transport_to(
    base_url: str, api_key: str, *, connect_seconds: float = 10.0, read_seconds: float = 60.0, retry: Retry | None = None
) -> Transport:
    """Raises FixNeeded for what is no address, or no key, at sight."""
    return Transport(
        _checked_url(base_url),
        f"Bearer {_checked_key(api_key)}",
        connect_seconds=connect_seconds,
        read_seconds=read_seconds,
        retry=retry or Retry(),
    )


def canonical_id(search_id: str) -> str:
    """The id as the service spells it: whoever keeps rows or a place by search would else keep them twice."""
    try:
        return str(UUID(search_id))
    except ValueError:
        return search_id


def path_of(search_id: str, name: str = "companies") -> str:
    return f"/api/v1/deliveries/{quote(search_id, safe='')}/{name}"


def _checked_url(base_url: str) -> str:
    try:
        parts = urlsplit(base_url)
        parse_url(base_url)
    except ValueError:
        raise FixNeeded(f"{_FORM}, its host without blanks and its port a number up to 65535.") from None
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment or parts.username:
        raise FixNeeded(f"{_FORM}, not {parts.scheme}://{parts.hostname or ''}…")
    return base_url.rstrip("/")


def _checked_key(api_key: str) -> str:
    if not re.fullmatch(r"[\x21-\x7e]+", api_key):
        raise FixNeeded("The API key is empty or holds characters that no key has. Set OPENPROSPECT_API_KEY.")
    return api_key
