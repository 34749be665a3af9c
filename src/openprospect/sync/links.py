"""Following the links of a page (RFC 8288) without ever carrying the key away from the feed it was meant for."""

import re
from urllib.parse import SplitResult, parse_qs, urljoin, urlsplit

from openprospect.sync.errors import AnswerUnclear

LINES = "application/x-ndjson"

_LINK = re.compile(r"<([^>]*)>((?:\s*;\s*[\w*!#$&+.^`|~-]+\s*(?:=\s*(?:\"[^\"]*\"|[^\s;,\"]*))?)*)")
_PARAMETER = re.compile(r";\s*([\w*!#$&+.^`|~-]+)\s*(?:=\s*(?:\"([^\"]*)\"|([^\s;,\"]*)))?")


def joined(base: str, target: str) -> SplitResult:
    """Where a target that a server named leads from `base`. Raises `AnswerUnclear` for what is no address."""
    try:
        parts = urlsplit(urljoin(base, target))
        _ = parts.port  # which nothing else looks at
    except ValueError as error:
        raise AnswerUnclear(f"The server at {urlsplit(base).netloc} refers to {target!r}, which is no address: {error}.") from error
    return parts


def next_url(header: str, *, feed_url: str, endpoint: str) -> str | None:
    """Where the next page of a feed is: always the feed's own URL, with the query of the link.

    A server behind a proxy may write its inner host and prefix into links, so these are not followed but replaced;
    a link to anything but the feed's endpoint is refused.
    """
    target = _target(header, "next")
    if target is None:
        return None
    parts = joined(feed_url, target)
    if not parts.path.lower().endswith(endpoint.lower()):
        elsewhere = f"{parts.scheme}://{parts.netloc}{parts.path}"
        raise AnswerUnclear(f"The server's link to the next page leads elsewhere ({elsewhere}); it is not followed.")
    return f"{feed_url}?{parts.query}"


def leads_by_time(header: str) -> bool:
    """Whether the next page comes after a time, so that what changes meanwhile moves nothing else out of the way."""
    target = _target(header, "next")
    return target is not None and "after" in parse_qs(target.partition("?")[2])


def asks_since(url: str) -> bool:
    """Whether asking tells the server that everything up to a time is stored."""
    return "delivered_since" in parse_qs(urlsplit(url).query)


def export_url(header: str, *, url: str, endpoint: str) -> str | None:
    """Where the feed comes as one stream of lines: `url`, with the query of the link. None where no link leads to such a place."""
    target = _target(header, "alternate", media_type=LINES)
    parts = joined(url, target or "")
    if target is None or not parts.path.lower().endswith(endpoint.lower()):
        return None
    return f"{url}?{parts.query}" if parts.query else url


def _target(header: str, relation: str, *, media_type: str | None = None) -> str | None:
    """The target with this relation, and of this type where one is named, as written in the header."""
    for target, text in _LINK.findall(header):
        parameters: dict[str, str] = {}
        for name, quoted, bare in _PARAMETER.findall(text):
            parameters.setdefault(name.lower(), (quoted or bare).lower())
        if relation in parameters.get("rel", "").split() and media_type in {None, parameters.get("type")}:
            return str(target)
    return None
