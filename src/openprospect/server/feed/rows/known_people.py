"""Who of a company's delivered people is whom the feed knows already. Pure rules; when two are the same person is told in `people`."""

from collections.abc import Sequence
from dataclasses import dataclass

from openprospect.server.core.ids import new_id
from openprospect.server.feed.model import ProspectId, ProspectRow
from openprospect.server.feed.rows.people import PersonKeys, Roll


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveredPerson(PersonKeys[bytes]):
    """A delivered person with what the organization knows them by."""

    row: ProspectRow


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownPerson(PersonKeys[bytes]):
    """Somebody the feed knows at a company, or knew."""

    id: ProspectId
    has_left: bool


def match_people(people: Sequence[PersonKeys[bytes]], known: Sequence[KnownPerson]) -> list[ProspectId]:
    """The id of each: that of the same person as the feed knows them, else the one they came with, else a fresh one."""
    found = _same(people, known) if known else {}
    return [found.get(index) or person.id or ProspectId(new_id()) for index, person in enumerate(people)]


def _same(people: Sequence[PersonKeys[bytes]], known: Sequence[KnownPerson]) -> dict[int, ProspectId]:
    """Ids of known people by index. Those who are still there come before those who left, and nobody is matched twice."""
    standing = sorted(known, key=lambda person: person.has_left)
    roll = Roll(standing)
    found: dict[int, ProspectId] = {}
    for look in (roll.by_id, roll.by_email, roll.by_name):
        for index, person in enumerate(people):
            if index not in found and (place := look(person)) is not None:
                roll.strike(place)
                found[index] = standing[place].id
    return found
