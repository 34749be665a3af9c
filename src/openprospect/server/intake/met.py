"""The companies of the feed that the earlier rows of a file are about, by the ids that the feed has for them."""

from collections.abc import Iterable
from contextlib import closing
from uuid import UUID

from openprospect.server.feed.model import CompanyId
from openprospect.server.intake.grouping import temporary_database


class MetCompanies:
    """Kept in a temporary database, so that memory does not grow with the file."""

    def __init__(self) -> None:
        self._database = temporary_database("CREATE TABLE met (id BLOB PRIMARY KEY) WITHOUT ROWID")

    def add(self, ids: Iterable[CompanyId]) -> None:
        self._database.executemany("INSERT OR IGNORE INTO met VALUES (?)", ((company_id.bytes,) for company_id in ids))

    def __contains__(self, company_id: object) -> bool:
        if not isinstance(company_id, UUID):
            return False
        with closing(self._database.execute("SELECT 1 FROM met WHERE id = ?", (company_id.bytes,))) as found:
            return found.fetchone() is not None

    def close(self) -> None:
        self._database.close()
