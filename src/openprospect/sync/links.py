"""Following `Link: rel="next"` (RFC 8288) without ever carrying the key away from the feed it was meant for."""

import re
from urllib.parse import urljoin, urlsplit

from openprospect.sync.errors import AnswerUnclear

_LINK = re.compile(r"<([^>]*)>((?:\s*;\s*[\w*!#$&+.^`|~-]+\s*(?:=\s*(?:\"[^\"]*\"|[^\s;,\"]*))?)*)")
_PARAMETER = re.compile(r";\s*([\w*!#$&+.^`|~-]+)\s*(?:=\s*(?:\"([^\"]*)\"|([^\s;,\"]*)))?")


def next_target(header: str) -> str | None:
    """The target whose relations include `next`, as written in the header."""
    for target, parameters in _LINK.findall(header):
        relations = [quoted or bare for name, quoted, bare in _PARAMETER.findall(parameters) if name.lower() == "rel"]
        if relations and "next" in relations[0].lower().split():
            return str(target)
    return None


def next_url(header: str, *, feed_url: str, endpoint: str) -> str | None:
    """Where the next page of a feed is: always the feed's own URL, with the query of the link.

    A server behind a proxy may write its inner host and prefix into links, so these are not followed but replaced;
    a link to anything but the feed's endpoint is refused.
    """
    target = next_target(header)
    if target is None:
        return None
    parts = urlsplit(urljoin(feed_url, target))
    if not parts.path.lower().endswith(endpoint.lower()):
        elsewhere = f"{parts.scheme}://{parts.netloc}{parts.path}"
        raise AnswerUnclear(f"The server's link to the next page leads elsewhere ({elsewhere}); it is not followed.")
    return f"{feed_url}?{parts.query}"
