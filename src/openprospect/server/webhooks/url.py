"""Which URLs may be registered, and how they are shown in logs. What their hosts resolve to is checked when dialling."""

import re
import socket
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

from openprospect.server.core.errors import InvalidInput
from openprospect.server.webhooks.address import is_allowed

_MOST_CHARACTERS = 2_000
_PRINTABLE = re.compile(r"[\x21-\x7e]+")
_LOWEST_FREE_PORT = 1024
_ALLOW = "start the service with OPENPROSPECT_WEBHOOK_ALLOW_PRIVATE=1 to allow it"


def checked_url(url: str, *, allow_private: bool) -> str:
    """The URL, fit to be dialled. Raises InvalidInput that says what is wrong with it."""
    parts = _split(url)
    if parts.scheme not in {"http", "https"}:
        raise _unfit("must begin with https://")
    if parts.scheme == "http" and not allow_private:
        raise _unfit(f"must begin with https://; plain http is for private networks: {_ALLOW}")
    if parts.username is not None or parts.password is not None:
        raise _unfit("must not hold a user name or password; messages are signed instead")
    if parts.fragment:
        raise _unfit("must not have a fragment: it would never be sent")
    if not parts.hostname:
        raise _unfit("names no host")
    _check_port(parts)
    if _is_forbidden_literal(parts.hostname, allow_private=allow_private):
        raise _unfit(f"names an address that is not public; {_ALLOW} where it is a private one")
    return url


def is_loopback(url: str) -> bool:
    """Whether a URL leads to the machine itself, by its name or by an address."""
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return False
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def masked(url: str) -> str:
    """The URL without its query, which may hold a secret of the receiver's."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}{parts.path}{'?***' if parts.query else ''}"


def _split(url: str) -> SplitResult:
    if not _PRINTABLE.fullmatch(url) or len(url) > _MOST_CHARACTERS:
        raise _unfit(f"must be 1 to {_MOST_CHARACTERS:,} ASCII characters without blanks; write other letters as percent escapes or xn--")
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise _unfit("is malformed") from None
    return parts


def _check_port(parts: SplitResult) -> None:
    if parts.port is not None and parts.port not in {80, 443} and parts.port < _LOWEST_FREE_PORT:
        raise _unfit(f"must use port 80, 443, or one from {_LOWEST_FREE_PORT} up")


def _is_forbidden_literal(host: str, *, allow_private: bool) -> bool:
    """Whether the host is an address, in any of the spellings that the system reads as one, and a forbidden one."""
    try:
        found = socket.getaddrinfo(host, None, flags=socket.AI_NUMERICHOST)
    except (OSError, UnicodeError):
        return False
    return not all(is_allowed(str(entry[4][0]), allow_private=allow_private) for entry in found)


def _unfit(reason: str) -> InvalidInput:
    return InvalidInput(f"url {reason}.", field="url")
