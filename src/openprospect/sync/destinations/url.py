"""The URL of a destination in its parts. What they mean stands with each destination."""

from urllib.parse import SplitResult, urlsplit

from openprospect.sync.errors import DestinationRefused


def parts_of(url: str) -> SplitResult:
    """Scheme, host, path and the rest; raises `DestinationRefused`, which repeats nothing of them, since any may be a password."""
    try:
        return urlsplit(url)
    except ValueError:
        raise DestinationRefused(
            f"The URL of {url.partition(':')[0]} cannot be read: write whatever is no letter and no digit in a user name, a password"
            " or a path by its code, [ as %5B and ] as %5D."
        ) from None
