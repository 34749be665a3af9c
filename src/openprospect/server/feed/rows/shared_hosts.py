"""Sites where many companies have a page each, and what of an address there is one company's."""

import re
from urllib.parse import unquote

_OWN = r"[^/?#]+"
_PAGES = {
    "linkedin.com": rf"(?:sales/)?(?:company|school|showcase)/{_OWN}",
    "xing.com": rf"(?:companies|company|pages)/{_OWN}",
    "kununu.com": rf"[a-z]{{2}}/{_OWN}",
    "facebook.com": rf"profile\.php\?id=\d+|(?:pages|people|p|groups)/[^?#]+|{_OWN}",
    "youtube.com": rf"(?:(?:c|channel|user)/)?{_OWN}",
    "crunchbase.com": rf"organization/{_OWN}",
    "sites.google.com": rf"(?:view|site)/{_OWN}|{_OWN}/{_OWN}",
    **dict.fromkeys(
        ("instagram.com", "twitter.com", "x.com", "tiktok.com", "threads.net", "pinterest.com", "linktr.ee", "github.com"), _OWN
    ),
}
_PAGE = {host: re.compile(rf"/+({page})(?=[/?#&]|\Z)") for host, page in _PAGES.items()}
_ALIASES = {"fb.com": "facebook.com", "fb.me": "facebook.com"}
# `de.linkedin.com`, `m.facebook.com`, `de-de.facebook.com` are the same site; `blog.github.com` is not.
_SUBDOMAIN = re.compile(r"(?:[a-z]{2}|[a-z]{2}-[a-z]{2}|m|mobile|web|business)\.(?=[a-z]+\.com\Z)")


def shared_host(host: str) -> str | None:
    """The site that a host without `www.` is of, where companies share it."""
    bare = _SUBDOMAIN.sub("", host)
    site = _ALIASES.get(bare, bare)
    return site if site in _PAGE else None


def page_of_company(site: str, rest: str) -> str | None:
    """Which page of a shared site the rest of an address names, in one spelling; None where it is no company's, as the site's first is."""
    found = _PAGE[site].match(unquote(rest).casefold())
    return found[1].rstrip("/") if found else None
