"""Runs into a CRM under test, and looks into it."""

from pathlib import Path

from openprospect.sync.batch import MOST_COMPANIES
from openprospect.sync.summary import Summary
from tests.crm.office import Office, SeenCompany, SeenContact
from tests.sync.contract import SEARCH
from tests.sync.contract import sync as sync_copy
from tests.sync.feed_server import FeedServer


def url_of(office: Office) -> str:
    return f"{office.name}:///log.db"


class Copy:
    """What `tests.sync.contract` takes a destination's URL from."""

    def __init__(self, url: str) -> None:
        self.url = url


def sync(
    office: Office, server: FeedServer, *, search_id: str = SEARCH, full: bool = False, batch_companies: int = MOST_COMPANIES
) -> Summary:
    return sync_copy(Copy(url_of(office)), server, search_id=search_id, full=full, batch_companies=batch_companies)


def configure(office: Office, text: str) -> None:
    Path("openprospect.toml").write_text(text.format(name=office.name, **office.fields), encoding="utf-8")


def names(companies: list[SeenCompany]) -> list[str]:
    return sorted(seen.name or "" for seen in companies)


def emails(office: Office) -> list[str]:
    return [seen.email or "" for seen in office.contacts()]


def domain_of(seen: SeenCompany) -> str:
    return (seen.website or "").removeprefix("https://").removeprefix("www.")


def contact(office: Office, key: str) -> SeenContact:
    return next(seen for seen in office.contacts() if seen.id == key)


def by_email(office: Office, address: str) -> SeenContact:
    return next(seen for seen in office.contacts() if seen.email == address)
