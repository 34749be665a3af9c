"""Following `Link: rel="next"` (RFC 8288) without ever carrying the key away from the feed it was meant for."""

import re
from urllib.parse import urljoin, urlsplit

from openprospect.sync.errors import AnswerUnclear

_LINK = re.compile(r"<([^>]*)>((?:\s*;\s*[\w*!#$&+.^`|~-]+\s*(?:=\s*(?:\"[^\"]*\"|[^\s;,\"]*))?)*)")
_RELATION = re.compile(r";\s*rel\s*=\s*(?:\"([^\"]*)\"|([^\s;,\"]+))", re.IGNORECASE)


def next_target(header: str) -> str | None:
    """The target whose relations include `next`, as written in the header."""
    for target, parameters in _LINK.findall(header):
        relation = _RELATION.search(parameters)
        if relation and "next" in (relation[1] or relation[2]).lower().split():
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
