"""The proxy that the environment names for a server, and who one is to it. Nothing is asked for here."""

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import SplitResult, unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

from urllib3.util import parse_url

from openprospect.sync.errors import FixNeeded

_FORM = "http://proxy.example:3128, or http://user:password@proxy.example:3128"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxy:
    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


def proxy_for(base_url: str) -> Proxy | None:
    """None where the server is reached directly. Raises `FixNeeded` for a proxy that cannot be used, and repeats no password."""
    server = urlsplit(base_url)
    named = getproxies().get(server.scheme)
    if not named or proxy_bypass(server.hostname or ""):
        return None
    parts = _parts(named if "://" in named else f"http://{named}", server.scheme)
    user_and_password, _, place = parts.netloc.rpartition("@")
    credentials = b64encode(unquote(user_and_password).encode()).decode()
    return Proxy(url=f"{parts.scheme}://{place}", headers={"Proxy-Authorization": f"Basic {credentials}"} if user_and_password else {})


def sign_in_needed(origin: str) -> FixNeeded:
    """What 407 means: it comes from a proxy, never from the server."""
    return FixNeeded(
        f"The proxy on the way to {origin} wants a user and a password, or others (407). Write {_name(urlsplit(origin).scheme)} as {_FORM}."
    )


def _parts(address: str, scheme: str) -> SplitResult:
    try:
        parts = urlsplit(address)
        parse_url(f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}")
    except ValueError:
        raise _refused(scheme, "is no address") from None
    if parts.scheme not in {"http", "https"}:
        raise _refused(scheme, f"is of a kind that is not known here, {parts.scheme}")
    if not parts.hostname or parts.path not in {"", "/"} or parts.query or parts.fragment:
        raise _refused(scheme, "is no address")
    return parts


def _refused(scheme: str, fault: str) -> FixNeeded:
    return FixNeeded(
        f"What {_name(scheme)}, or the system's settings, has for a proxy {fault}. Write it as {_FORM};"
        " in user and password, write @ as %40, : as %3A, / as %2F, # as %23, ? as %3F, and % as %25."
    )


def _name(scheme: str) -> str:
    return f"{scheme.upper()}_PROXY"
