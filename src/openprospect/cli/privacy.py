"""`openprospect person`, `erase`, `erasures` and `suppressions`."""

import sys
from collections.abc import Awaitable, Callable
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Literal
from uuid import UUID

import msgspec

from openprospect.cli.erasure_log import DEFAULT_LOGGED_STORAGE, ErasureLogPaths, LoggedStorage, log_in_use, read_logs
from openprospect.cli.output import Json, answer, answers, stderr
from openprospect.cli.storage import DEFAULT_STORAGE, ClockIsRight, ErasureDeadlineDays, Storage, actor, on_database
from openprospect.cli.tenant import Tenant, tenant_meant
from openprospect.server.access.model import OrganizationId
from openprospect.server.core.errors import NotFound
from openprospect.server.db.pool import Connection, Database
from openprospect.server.feed.model import ProspectId
from openprospect.server.feed.writing.locks import LOCK_SECONDS, Writing
from openprospect.server.intake.formats.encoding import HALF_CHARACTERS, encoding_of
from openprospect.server.privacy import store, suppress
from openprospect.server.privacy.disclosure import Disclosure, disclose
from openprospect.server.privacy.erase import Subject
from openprospect.server.privacy.erase import erase as erase_person
from openprospect.server.privacy.log import ErasureLog
from openprospect.server.privacy.model import Erasure, ErasureId, ErasurePolicy
from openprospect.server.privacy.restore import finish_restore
from openprospect.server.privacy.settle import settle
from openprospect.server.privacy.wire import DisclosureItem, ErasureItem, as_csv, disclosure_item, item
from openprospect.server.settings import DEFAULTS


def erase(
    email: str | None = None,
    *,
    prospect_id: UUID | None = None,
    organization: str | None = None,
    erasure_deadline_days: ErasureDeadlineDays = DEFAULTS.erasure_deadline_days,
    storage: LoggedStorage = DEFAULT_LOGGED_STORAGE,
    json: Json = False,
) -> None:
    """Erase a person for good, in every search of the organization, and keep them from coming back.

    Parameters
    ----------
    email
        The person's address.
    prospect_id
        Their id instead, where they have no address.
    organization
        The tenant; has to be named where there are several.
    erasure_deadline_days
        By when every recipient should have confirmed.
    """
    subject = Subject(email=email, prospect_id=ProspectId(prospect_id) if prospect_id else None)
    deadline = timedelta(days=erasure_deadline_days)

    async def work(database: Database) -> tuple[Tenant, Erasure]:
        owner = await tenant_meant(database, organization)
        log = await log_in_use(database, storage)
        policy = ErasurePolicy(deadline=deadline, log=log)
        erasure_id = await erase_person(database, Writing(database), owner.id, subject, actor=actor(), policy=policy)
        return owner, await _erasure(database, erasure_id)

    owner, done = on_database(storage, work, lock_seconds=LOCK_SECONDS)
    if not done.companies:
        stderr.print(f"{email or prospect_id} is not known {owner.where}, and will be kept out of every later delivery.", markup=False)
    counts = {"companies": done.companies, "prospects": done.prospects, "recipients": len(done.recipients)}
    answer({"erasure_id": done.id, **counts, **owner.told}, json=json)


def person(
    email: str | None = None, *, prospect_id: UUID | None = None, organization: str | None = None, storage: Storage = DEFAULT_STORAGE
) -> None:
    """Print what is kept of a person in the organization, and who was given them: what they may ask to know. Nothing of it changes.

    Parameters
    ----------
    email
        The person's address.
    prospect_id
        Their id instead, where they have no address.
    organization
        The tenant; has to be named where there are several.
    """
    subject = Subject(email=email, prospect_id=ProspectId(prospect_id) if prospect_id else None)

    async def work(database: Database) -> tuple[Tenant, Disclosure]:
        owner = await tenant_meant(database, organization)
        return owner, await disclose(database, Writing(database), owner.id, subject, actor=actor())

    owner, disclosure = on_database(storage, work)
    if not disclosure.is_known:
        stderr.print(f"{email or prospect_id} is not known {owner.where}.", markup=False)
    _print_report(disclosure_item(disclosure))


def list_erasures(*, storage: Storage = DEFAULT_STORAGE, json: Json = False) -> None:
    """List the erasures, newest first, with how many recipients have yet to confirm."""

    def row(erasure: Erasure) -> dict[str, object]:
        return {"organization": erasure.organization, **msgspec.to_builtins(item(erasure)), "recipients": len(erasure.recipients)}

    columns = ("id", "organization", "erased_at", "deadline_at", "companies", "prospects", "recipients", "confirmed", "settled", "late")
    answers([row(erasure) for erasure in on_database(storage, store.erasures)], columns=columns, json=json)


def reapply_erasures(
    *,
    erasure_log: ErasureLogPaths = None,
    erasure_deadline_days: ErasureDeadlineDays = DEFAULTS.erasure_deadline_days,
    clock_is_right: ClockIsRight = False,
    storage: Storage = DEFAULT_STORAGE,
    json: Json = False,
) -> None:
    """Erase again whom a database recovered to an earlier moment does not know to be erased; stop the service first.

    Parameters
    ----------
    erasure_log
        The file apart from the database in which erasures are written down; more than once where several machines have each its own.
    erasure_deadline_days
        By when every recipient should have confirmed.
    clock_is_right
        Feeds that end later than now were delivered under a wrong clock; they go on an hour after their end.
    """
    deadline = timedelta(days=erasure_deadline_days)

    async def work(database: Database) -> int:
        in_use = LoggedStorage(database_url=storage.database_url, data_dir=storage.data_dir)
        places = erasure_log or [(await log_in_use(database, in_use)).path]
        logs = read_logs(places, storage, or_else="Name it with --erasure-log.")
        return await finish_restore(database, logs, deadline=deadline, is_clock_right=clock_is_right)

    answer({"erasures_reapplied": on_database(storage, work)}, json=json)


def report_erasure(erasure_id: UUID, *, format: Literal["json", "csv"] = "json", storage: Storage = DEFAULT_STORAGE) -> None:  # noqa: A002
    """Print what a data-protection officer files: who received the person, who has confirmed, who is late.

    Parameters
    ----------
    erasure_id
        The erasure.
    format
        json or csv.
    """
    found = item(on_database(storage, lambda database: _erasure(database, ErasureId(erasure_id))))
    if format == "csv":
        sys.stdout.write(as_csv(found))
    else:
        _print_report(found)


def settle_erasure(erasure_id: UUID, consumer: str, *, reason: str, storage: Storage = DEFAULT_STORAGE, json: Json = False) -> None:
    """Answer for a recipient that can never confirm: it is waited for no more.

    The report says who said so and why.

    Parameters
    ----------
    erasure_id
        The erasure.
    consumer
        The recipient, as the report names it.
    reason
        How it was dealt with, without naming the person.
    """
    done = on_database(storage, lambda database: settle(database, ErasureId(erasure_id), None, consumer, reason=reason, actor=actor()))
    answer({"erasure_id": erasure_id, "consumer": consumer, "status": item(done).status}, json=json)


def add_suppressions(
    *entry: str,
    organization: str | None = None,
    storage: LoggedStorage = DEFAULT_LOGGED_STORAGE,
    json: Json = False,
) -> None:
    """Keep addresses and domains out of every later delivery.

    Parameters
    ----------
    entry
        E-mail addresses, or domains.
    organization
        The tenant; has to be named where there are several.
    """
    owner, count = _on_list(storage, organization, lambda db, owner, log: suppress.suppress(db, owner, entry, actor=actor(), log=log))
    answer({"suppressed": count, **owner.told}, json=json)


def remove_suppressions(
    *entry: str,
    organization: str | None = None,
    storage: LoggedStorage = DEFAULT_LOGGED_STORAGE,
    json: Json = False,
) -> None:
    """Let addresses and domains in again.

    Parameters
    ----------
    entry
        E-mail addresses, or domains.
    organization
        The tenant; has to be named where there are several.
    """
    owner, count = _on_list(storage, organization, lambda db, owner, log: suppress.unsuppress(db, owner, entry, actor=actor(), log=log))
    answer({"removed": count, **owner.told}, json=json)


def export_suppressions(*, organization: str | None = None, storage: Storage = DEFAULT_STORAGE) -> None:
    """Print the suppression list as JSON lines of hashes: nobody can be read from it.

    Parameters
    ----------
    organization
        The tenant; has to be named where there are several.
    """

    async def work(database: Database) -> list[str]:
        owner = await tenant_meant(database, organization)
        return list(await suppress.export(database, owner.id))

    for line in on_database(storage, work):
        print(line)


def import_suppressions(
    file: Path,
    *,
    organization: str | None = None,
    storage: LoggedStorage = DEFAULT_LOGGED_STORAGE,
    json: Json = False,
) -> None:
    """Take in an export of this organization's list, or plain addresses and domains, one a line.

    Parameters
    ----------
    file
        The file.
    organization
        The tenant; has to be named where there are several.
    """
    lines = _lines_of(file)
    owner, count = _on_list(storage, organization, lambda db, owner, log: suppress.import_lines(db, owner, lines, actor=actor(), log=log))
    answer({"imported": count, **owner.told}, json=json)


def _lines_of(file: Path) -> list[str]:
    try:
        content = file.read_bytes()
    except OSError as error:
        raise NotFound(f"{file} cannot be read: {error.strerror}.") from None
    # Spreadsheets write lists in what they will.
    return content.decode(encoding_of(file.name, BytesIO(content), named=None), HALF_CHARACTERS).splitlines()


_Change = Callable[[Connection, OrganizationId, ErasureLog], Awaitable[int]]


def _on_list(storage: LoggedStorage, organization: str | None, change: _Change) -> tuple[Tenant, int]:
    """Change an organization's suppression list in one transaction; answers whose, and how many entries it was about."""

    async def work(database: Database) -> tuple[Tenant, int]:
        owner = await tenant_meant(database, organization)
        log = await log_in_use(database, storage)
        return owner, await Writing(database).alone(owner.id, lambda db: change(db, owner.id, log))

    return on_database(storage, work, lock_seconds=LOCK_SECONDS)


def _print_report(report: DisclosureItem | ErasureItem) -> None:
    """For people to read, and programs."""
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(report)).decode() + "\n")


async def _erasure(database: Database, erasure_id: ErasureId) -> Erasure:
    found = await store.erasure(database, erasure_id, None)
    if found is None:
        raise NotFound("There is no erasure of this id; `openprospect erasures list` shows those there are.")
    return found
