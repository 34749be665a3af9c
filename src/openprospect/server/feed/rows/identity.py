"""When two spellings mean the same website, mailbox or name: pure rules, the only place that knows them.

What is done with two rows that are the same (merged, refused) is decided elsewhere.
"""

import re
from functools import lru_cache
from ipaddress import AddressValueError, IPv4Address
from unicodedata import normalize
from urllib.parse import unquote

import idna

from openprospect.server.feed.rows.shared_hosts import page_of_company, shared_host

_LABEL = r"(?!-)[a-z0-9_-]{1,63}(?<!-)"
_DOMAIN = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(?:\.{_LABEL})*")
_LOCAL_PART = re.compile(r"[^\s()<>\[\]:;,\\\"@\x00-\x20\x7f]{1,64}")
_SHORTEST_TOP_LEVEL = 2
_WEBSITE = re.compile(r"(?:(?P<scheme>https?:)?//)?(?P<host>[^/?#:@\\\s]+)(?::\d{1,5})?(?P<rest>(?:[/?#].*)?)", re.IGNORECASE | re.DOTALL)


def split_website(website_url: str) -> tuple[str, str, str] | None:
    """Scheme (`https:` or empty), host and the rest of a web address; None where it is none."""
    match = _WEBSITE.fullmatch(website_url)
    return match and (match["scheme"] or "", match["host"], match["rest"])


@lru_cache(maxsize=16_384)
def ascii_domain(domain: str) -> str | None:
    """A domain as the name servers know it: lower case, IDNA; None where it cannot be one. A dot at the end is dropped."""
    if not domain.isascii():
        try:
            domain = idna.encode(domain, uts46=True).decode()
        except UnicodeError:
            return None
    name = domain.lower().removesuffix(".")
    return name if _DOMAIN.fullmatch(name) and (not _ends_in_digits(name) or _is_ipv4(name)) else None


def website_domain(host: str) -> str | None:
    """The domain of a website's host; None where it cannot be one, as abbreviations cannot: `n.v.`, `s.o.`, `k.A.`."""
    domain = ascii_domain(host)
    top_level = (domain or "").rpartition(".")[2]
    may_be_one = top_level.startswith("xn--") or sum(map(str.isalpha, top_level)) >= _SHORTEST_TOP_LEVEL or (domain and _is_ipv4(domain))
    return domain if may_be_one else None


def website_key(website_url: str | None) -> str | None:
    """The host of a website without `www.` and port: `https://WWW.Bücher.example:443/x` gives `xn--bcher-kva.example`.

    Of a host that companies share it is the host and the company's page: `linkedin.com/company/adler`; None where it has none there.
    """
    parts = split_website(website_url) if website_url else None
    if parts is None:
        return None
    host = ascii_domain(parts[1]) or parts[1].lower()
    bare = host.removeprefix("www.")
    if site := shared_host(bare):
        page = page_of_company(site, parts[2])
        return page and f"{site}/{page}"
    return bare if "." in bare else host


def bare_email(text: str) -> str:
    """An address without what surrounds it in links: blanks, `mailto:` and a subject behind `?`."""
    text = text.strip()
    if text[:7].lower() != "mailto:":
        return text
    return unquote(text[7:].partition("?")[0]).strip()


def is_email(text: str) -> bool:
    """Whether this is one address, bare: a local part without blanks and quotes, and a domain with a dot."""
    local, _, domain = text.rpartition("@")
    return bool(_LOCAL_PART.fullmatch(local)) and local.isprintable() and "." in (ascii_domain(domain) or "")


def email_key(email: str) -> str:
    """One spelling for one mailbox. Tags (`maria+news@…`) stay apart: whether they are one mailbox is the provider's secret."""
    email = bare_email(email)
    local, _, domain = email.rpartition("@")
    if email.isascii():
        return f"{local.lower()}@{ascii_domain(domain) or domain.lower()}"
    # RFC 6532 advises NFC, not NFKC: compatibility forms may be different mailboxes.
    return f"{normalize('NFC', normalize('NFC', local).casefold())}@{ascii_domain(domain) or domain.casefold()}"


def email_domain(key: str) -> str:
    """The domain of an address as `email_key` writes it."""
    return key.rpartition("@")[2]


def name_key(first_name: str | None, last_name: str | None) -> str:
    """One spelling for one person's name, however it is split into two; empty for nobody."""
    return fold(f"{first_name or ''} {last_name or ''}")


def fold(text: str) -> str:
    """One spelling for words: whatever their case, their blanks, and the characters that their letters are made of."""
    if text.isascii():
        return " ".join(text.lower().split())
    # Unicode's compatibility caseless match (definition D146).
    once = normalize("NFKC", normalize("NFD", text).casefold())
    return " ".join(normalize("NFKC", once.casefold()).split())


def _ends_in_digits(name: str) -> bool:
    return name.rpartition(".")[2].isdigit()


def _is_ipv4(name: str) -> bool:
    try:
        IPv4Address(name)
    except AddressValueError:
        return False
    return True
