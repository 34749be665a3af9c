"""Who is who: the people of a delivered row held against those whom the feed knows."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openprospect.server.feed.model import ProspectId
from openprospect.server.feed.rows.known_people import KnownPerson, match_people
from openprospect.server.feed.rows.people import PersonKeys

MARIA, OTTO, STRANGER = (ProspectId(UUID(int=number)) for number in (101, 102, 199))


def a_known_person(person_id: ProspectId, *, email: str | None = None, name: str = "", has_left: bool = False) -> KnownPerson:
    return KnownPerson(id=person_id, email=email.encode() if email else None, name=name.encode(), has_left=has_left)


def a_person(*, person_id: ProspectId | None = None, email: str | None = None, name: str = "") -> PersonKeys[bytes]:
    return PersonKeys(id=person_id, email=email.encode() if email else None, name=name.encode())


def test_a_person_is_known_by_id_before_all_else() -> None:
    known = [a_known_person(MARIA, email="m", name="Maria"), a_known_person(OTTO, email="o", name="Otto")]
    assert match_people([a_person(person_id=OTTO, email="m", name="Maria")], known) == [OTTO]


def test_a_person_is_known_by_their_mailbox() -> None:
    known = [a_known_person(MARIA, email="m", name="Maria"), a_known_person(OTTO, email="o", name="Otto")]
    assert match_people([a_person(email="o", name="Maria")], known) == [OTTO]


def test_a_mailbox_wins_over_an_unknown_id() -> None:
    assert match_people([a_person(person_id=STRANGER, email="m")], [a_known_person(MARIA, email="m")]) == [MARIA]


def test_a_name_counts_where_one_side_has_no_email() -> None:
    assert match_people([a_person(email="m", name="Maria")], [a_known_person(MARIA, name="Maria")]) == [MARIA]
    assert match_people([a_person(name="Maria")], [a_known_person(MARIA, email="m", name="Maria")]) == [MARIA]
    assert match_people([a_person(name="Maria")], [a_known_person(MARIA, name="Maria")]) == [MARIA]


@pytest.mark.parametrize("name", ["Maria", ""])
def test_namesakes_with_ids_of_their_own_are_two_people(name: str) -> None:
    for email, has_left in ((None, False), ("m", False), (None, True)):
        known = a_known_person(MARIA, email=email, name=name, has_left=has_left)
        assert match_people([a_person(person_id=STRANGER, name=name)], [known]) == [STRANGER]


def test_namesakes_with_mailboxes_of_their_own_are_two_people() -> None:
    assert match_people([a_person(email="other", name="Maria")], [a_known_person(MARIA, email="m", name="Maria")]) != [MARIA]


def test_who_is_found_by_mailbox_is_not_taken_by_a_namesake() -> None:
    known = [a_known_person(MARIA, email="m", name="Maria"), a_known_person(OTTO, name="Maria")]
    assert match_people([a_person(name="Maria"), a_person(email="m", name="Maria")], known) == [OTTO, MARIA]


def test_those_who_are_there_come_before_those_who_left() -> None:
    known = [a_known_person(MARIA, name="Maria", has_left=True), a_known_person(OTTO, name="Maria")]
    assert match_people([a_person(name="Maria")], known) == [OTTO]


def test_who_left_and_returns_is_the_same_person() -> None:
    assert match_people([a_person(email="m")], [a_known_person(MARIA, email="m", has_left=True)]) == [MARIA]


def test_a_new_person_keeps_the_id_that_they_came_with() -> None:
    assert match_people([a_person(person_id=STRANGER, email="s")], [a_known_person(MARIA, email="m")]) == [STRANGER]
    assert match_people([a_person(person_id=STRANGER, email="s")], []) == [STRANGER]


PEOPLE = st.lists(
    st.tuples(st.sampled_from([MARIA, OTTO, STRANGER, None]), st.sampled_from(["m", "o", None]), st.sampled_from(["Maria", "Otto"])),
    max_size=4,
    unique_by=lambda person: person[0] or object(),
)


@given(PEOPLE, st.lists(st.tuples(st.sampled_from(["m", "o", None]), st.sampled_from(["Maria", "Otto"]), st.booleans()), max_size=4))
def test_nobody_is_two_people_and_an_id_gives_way_to_a_mailbox_alone(
    people: list[tuple[ProspectId | None, str | None, str]], known: list[tuple[str | None, str, bool]]
) -> None:
    roll = [
        a_known_person(ProspectId(UUID(int=101 + number)), email=email, name=name, has_left=has_left)
        for number, (email, name, has_left) in enumerate(known)
    ]
    ids = match_people([a_person(person_id=person_id, email=email, name=name) for person_id, email, name in people], roll)
    assert len(set(ids)) == len(people)
    mailboxes = {person.id: person.email for person in roll}
    for found, (wanted, email, _) in zip(ids, people, strict=True):
        assert wanted in (None, found) or (wanted not in mailboxes and email and mailboxes[found] == email.encode())
