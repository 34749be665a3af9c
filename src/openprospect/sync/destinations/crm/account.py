"""Which account of a CRM a log belongs to: the record ids in it are those of other records in any other account."""

# ruff: noqa: S608 - statements are made of our own text; values are always bound

from collections.abc import Iterator, Sequence

from openprospect.sync.destinations.crm.links import Link
from openprospect.sync.destinations.crm.log import Log
from openprospect.sync.destinations.crm.protocol import By, Crm, Kind
from openprospect.sync.destinations.crm.settings import CrmSettings
from openprospect.sync.destinations.database import Database
from openprospect.sync.errors import DestinationRefused

_ACCOUNT = "openprospect_crm_account"
_SAMPLE = 100


class Account:
    """The account that is named in the log's file."""

    def __init__(self, database: Database, log: Log, crm: Crm, settings: CrmSettings) -> None:
        self._database = database
        self._log = log
        self._crm = crm
        self._settings = settings

    def create(self) -> None:
        self._database.execute(f"CREATE TABLE IF NOT EXISTS {_ACCOUNT} (account TEXT NOT NULL)")

    def claim(self) -> None:
        """From now on the log is that of the CRM's account. Raises `DestinationRefused` where it is another one's, or may be."""
        reached, told = self._crm.account(), self._settings.account
        if told not in {None, reached}:
            raise DestinationRefused(
                f"The CRM's account is {reached}, and account = {told!r} is the only one to sync with. Look at the credentials, or at that"
                " line of openprospect.toml."
            )
        known = self._known()
        if known == reached:
            return
        if told is None and known is not None:
            raise self._refusal(f"holds the log of the CRM's account {known}", reached)
        if told is None and not self._is_found():
            raise self._refusal("holds the log of a CRM's account that it does not name, and its records are not here as ours", reached)
        with self._database.transaction():
            self._database.execute(f"DELETE FROM {_ACCOUNT}")
            self._database.execute(f"INSERT INTO {_ACCOUNT} VALUES (?)", reached)

    def _known(self) -> str | None:
        rows = self._database.query(f"SELECT account FROM {_ACCOUNT}")
        return rows[0][0] if rows else None

    def _is_found(self) -> bool:
        """Whether a log of an earlier version, which named no account, is right of most of its newest records that are here."""
        sample = {kind: self._log.links.latest(kind, _SAMPLE) for kind in Kind}
        carry_our_id = [told for kind, links in sample.items() for told in self._compared(kind, links)]
        return not any(sample.values()) or 2 * sum(carry_our_id) > len(carry_our_id)

    def _compared(self, kind: Kind, links: Sequence[Link]) -> Iterator[bool]:
        """Of each record that is here, whether it carries the id of what the log says that it is."""
        ids: dict[str, set[str]] = {}
        for link in links:
            ids.setdefault(link.record_id or "", set()).add(link.id)
        for record in self._crm.find(kind, By.RECORD_ID, sorted(ids), []) if ids else ():
            yield any(record.external_id in ids.get(key, ()) for key in (record.id, *record.former_ids))

    def _refusal(self, finding: str, reached: str) -> DestinationRefused:
        return DestinationRefused(
            f"{self._database.name} {finding}; the credentials lead to {reached}. Give each account a file of its own. If this is the one,"
            f" under a new name for example, set account = {reached!r} for this CRM in openprospect.toml."
        )
