"""What a process leaves behind that is killed, and what it does not."""

import os
import resource
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from uuid import UUID

import pytest

from openprospect.server.feed.journal import Given, Journal, LeftBehind, own_journal
from openprospect.server.searches.model import SearchId


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "journals"


def given(minute):
    at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minute)
    return Given(search_id=SearchId(UUID(int=1)), consumer="crm", since=None, until=at, at=at)


def killed(folder, *noted):
    """A process that notes this and is no more."""
    folder.mkdir(mode=0o700, exist_ok=True)
    journal = Journal(folder)
    for one in noted:
        journal.note(one)
    return journal


def test_what_a_killed_process_noted_is_found_and_disposed_of_once(folder):
    journal = killed(folder, given(1), given(2))
    os.close(journal.descriptor)
    left = LeftBehind(folder)
    assert list(left.given()) == [given(1), given(2)]
    assert list(LeftBehind(folder).given()) == [], "somebody has them already"
    left.dispose()
    assert list(folder.iterdir()) == []


def test_what_a_living_process_noted_is_its_own(folder):
    with own_journal(folder) as journal:
        assert journal
        journal.note(given(1))
        assert list(LeftBehind(folder).given()) == []


def test_only_what_is_not_written_yet_is_kept(folder):
    journal = killed(folder, given(1), given(2), given(3))
    journal.keep([given(3)])
    journal.note(given(4))
    os.close(journal.descriptor)
    assert list(LeftBehind(folder).given()) == [given(3), given(4)]


def test_a_line_that_was_being_written_is_passed_over(folder):
    journal = killed(folder, given(1))
    os.pwrite(journal.descriptor, b'["0000', os.fstat(journal.descriptor).st_size)
    os.close(journal.descriptor)
    assert list(LeftBehind(folder).given()) == [given(1)]


def test_who_ends_in_peace_leaves_nothing_but_what_could_not_be_written(folder):
    with own_journal(folder) as journal:
        assert journal
        journal.note(given(1))
        journal.keep([])
    assert not folder.exists()
    with own_journal(folder) as journal:
        assert journal
        journal.note(given(1))
    assert list(LeftBehind(folder).given()) == [given(1)]


def test_in_a_folder_that_is_open_to_others_nothing_is_noted(folder, caplog):
    folder.mkdir()
    folder.chmod(0o777)
    with own_journal(folder) as journal:
        assert journal is None
    assert "it is open to others" in caplog.text
    assert list(folder.iterdir()) == []


def note_where_there_is_little_room(folder):
    journal = killed(folder, given(1), given(2))
    size = os.fstat(journal.descriptor).st_size
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + size // 4, limits[1]))
    journal.note(given(3))
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    journal.note(given(4))


def test_what_found_no_room_spoils_nothing_that_is_noted_after_it(folder):
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as processes:
        processes.submit(note_where_there_is_little_room, folder).result()
    assert list(LeftBehind(folder).given()) == [given(1), given(2), given(4)]
