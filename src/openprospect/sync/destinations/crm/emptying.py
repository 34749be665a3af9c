"""What stays of a record when somebody leaves it: which way the settings choose, and what is written to get there. No I/O."""

from datetime import UTC, datetime

from openprospect.sync.destinations.crm.locating import Leaver
from openprospect.sync.destinations.crm.mapping import Values, digest, ours
from openprospect.sync.destinations.crm.protocol import Kind, Traits
from openprospect.sync.destinations.crm.settings import CrmSettings
from openprospect.sync.destinations.crm.wanted import Lens


def way_of(leaver: Leaver, settings: CrmSettings) -> str:
    """`hold`, `release`, `anonymise`, `delete`, `mark` or `keep`.

    Nothing is deleted, nor emptied of what others wrote, that does not tell by itself that it is ours: by our id, or by a merge.
    """
    is_ours = _carries_our_id(leaver, settings) or _is_merged(leaver)
    if leaver.known.kind is Kind.COMPANY:
        told = settings.companies
        way = "mark" if told.gone == "delete" and not (leaver.known.is_created and is_ours) else told.gone
        return "keep" if way == "mark" and not told.removed_field else way
    contacts = settings.contacts
    if leaver.is_likeness:
        return contacts.gone_unclear
    if not is_ours and leaver.record.external_id is None:
        return "release"  # Somebody took our id out, which says that the rest is theirs.
    if not is_ours or leaver.known.is_created is None:
        return contacts.gone_unclear
    return contacts.gone if leaver.known.is_created else contacts.gone_existing


def reason_to_hold(leaver: Leaver, settings: CrmSettings) -> str:
    record_id = leaver.record.id
    if leaver.is_likeness:
        return (
            f"Its record {leaver.links[0].record_id} is not there any more, and record {record_id} has the same e-mail; whether that is the"
            " same person, the CRM does not tell. Empty or delete it there, or set gone_unclear."
        )
    lost = "carries our id, but the log that knew what in it came from us is lost"
    return (
        f"Record {record_id} {lost if _carries_our_id(leaver, settings) else 'carries another id than we gave it'}. Delete it there, or"
        f" empty its {settings.contacts.id_field} to keep the rest as yours, or set gone_unclear."
    )


def remainder(leaver: Leaver, lens: Lens) -> str | None:
    """What came from us and is still there once all that can be written is: an address that the CRM had itself is its own."""
    fields = [name for name, field in lens.fields.items() if field.source == "email"]
    is_ours = not fields or any(name in leaver.known.written for name in fields)
    left = {link.match for link in leaver.links if link.match} & {*leaver.record.other_matches}
    if not (left and is_ours):
        return None
    return f"Record {leaver.record.id} got the e-mail by a merge, as a further one that nothing but a person can take out: do so there."


def emptied(leaver: Leaver, way: str, lens: Lens, traits: Traits) -> Values:
    """What to write; nothing where nothing is left to do."""
    held = leaver.record.values
    if way == "mark":
        return {lens.removed_field or "": datetime.now(UTC).date().isoformat()}
    names = ours(held, leaver.known.written)
    if way == "anonymise":
        names = [name for name in dict.fromkeys([*lens.written_fields, *traits.personal, *names]) if name != traits.company_field]
    values = {name: traits.required.get(name) for name in names if held.get(name) is not None and name not in traits.kept}
    return {**values, lens.id_field: None} if leaver.record.external_id is not None else values


def _carries_our_id(leaver: Leaver, settings: CrmSettings) -> bool:
    """Of those who leave, or of somebody who left before them, unless we took it out: a log of an earlier version tells neither."""
    held, written = leaver.record.external_id, leaver.known.written.get(settings.of(leaver.known.kind).id_field)
    if any(link.id == held for link in leaver.links):
        return True
    return held is not None if written is None else digest(held) in written


def _is_merged(leaver: Leaver) -> bool:
    return any(link.record_id in leaver.record.former_ids for link in leaver.links)
