"""What happens to a CRM destination when processes die, quotas end and servers ask for a pause; run against both vendors' fakes."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from pathlib import Path
from threading import Event

import pytest

from openprospect.sync import schedule
from openprospect.sync.batch import MOST_COMPANIES
from openprospect.sync.client import Client
from openprospect.sync.errors import KeyRefused, QuotaSpent
from tests.crm.folder import InOwnFolder
from tests.crm.office import Office
from tests.crm.runs import by_email, configure, contact, emails, names, sync, url_of
from tests.crm.vendor_server import Call, Reply, VendorServer
from tests.sync import sync_program
from tests.sync.contract import SEARCH
from tests.sync.feed_server import KEY, Feed, FeedServer, company

# Each run a process of its own that can be killed, without loading everything anew for each.
_FORKS = get_context("forkserver")
_FORKS.set_forkserver_preload([sync_program.__name__, "openprospect.sync.destinations.crm.destination"])

_MOST_KILLS = 60


class FaultContract(InOwnFolder):
    def test_a_kill_at_any_write_makes_no_double_and_forgets_nobody(
        self, office: Office, fake: VendorServer, server: FeedServer, feed: Feed
    ) -> None:
        matching = office.own_company(name="Ours", domain="hotel-1.example", owner="owner-1")
        office.own_contact(last_name="Ours", email="maria.0@hotel-1.example", owner="owner-1")
        feed.deliver(company(1, people=2), company(2, people=2))
        kills = run_and_kill(office, fake, server)
        feed.deliver(company(2, people=1, name="Renamed"))
        feed.withdraw(company(1)["id"])

        kills += run_and_kill(office, fake, server)

        assert kills >= 8
        assert sync(office, server).error is None
        assert feed.confirmed[-1] == feed.watermark
        assert sorted((seen.id == matching, seen.removed_on is not None) for seen in office.companies()) == [(False, False), (True, True)]
        assert sorted(emails(office)) == ["maria.0@hotel-1.example", "maria.0@hotel-2.example"]
        assert by_email(office, "maria.0@hotel-1.example").external_id is None

    def test_a_spent_quota_ends_the_run_with_the_position_kept_and_the_next_day_goes_on(
        self, office: Office, fake: VendorServer, server: FeedServer, feed: Feed
    ) -> None:
        configure(office, "[crm.{name}]\ndaily_reserve = 0")
        feed.deliver(*[company(n, people=1) for n in range(450)])
        fake.daily_calls = 15

        first = sync(office, server)

        assert isinstance(first.error, QuotaSpent)
        assert (first.exit_code, first.companies, first.outcomes["created"] > 0) == (1, 450, True)
        assert feed.confirmed == []
        assert 0 < len(office.companies()) < 450
        fake.daily_calls = 10_000
        assert sync(office, server).error is None
        assert (len(office.companies()), len(office.contacts())) == (450, 450)
        assert feed.confirmed == [feed.watermark]

    @pytest.mark.parametrize("batch_companies", [100, MOST_COMPANIES])
    def test_whoever_is_withdrawn_or_erased_while_the_quota_is_spent_never_gets_there(
        self, office: Office, fake: VendorServer, server: FeedServer, feed: Feed, batch_companies: int
    ) -> None:
        configure(office, "[crm.{name}]\ndaily_reserve = 0")
        feed.deliver(company(1, people=2), company(2, people=1), *[company(n, people=0) for n in range(3, 151)])
        fake.daily_calls = 3
        assert isinstance(sync(office, server, batch_companies=batch_companies).error, QuotaSpent)
        feed.withdraw(company(1)["id"])
        feed.deliver(company(2, people=0), company(151, people=1))
        fake.daily_calls = 10_000

        assert sync(office, server, batch_companies=batch_companies).error is None

        assert names(office.companies()) == sorted(f"Grand Hotel {n}" for n in range(2, 152))
        assert emails(office) == ["maria.0@hotel-151.example"]
        assert [call.path for call in fake.calls if b'"Grand Hotel 1"' in call.raw or b"@hotel-2.example" in call.raw] == []
        assert feed.confirmed == [feed.watermark]

    def test_what_was_written_right_before_the_quota_ended_is_renewed_like_everything_else(
        self, office: Office, fake: VendorServer, server: FeedServer, feed: Feed
    ) -> None:
        feed.deliver(*[company(n, people=0) for n in range(150)])
        with lost_answers(fake):
            assert isinstance(sync(office, server).error, QuotaSpent)
        assert len(office.companies()) >= 100
        assert sync(office, server).error is None
        feed.deliver(*[company(n, people=0, name=f"New {n}") for n in range(150)])

        sync(office, server)

        assert names(office.companies()) == sorted(f"New {n}" for n in range(150))

    def test_what_was_written_though_the_answer_was_lost_is_taken_out_of_a_contact_of_yours(
        self, office: Office, fake: VendorServer, server: FeedServer, feed: Feed
    ) -> None:
        key = office.own_contact(last_name="Ours", email="maria.0@hotel-1.example", owner="owner-1")
        feed.deliver(company(1, people=0))
        sync(office, server)
        feed.deliver(company(1, people=1))
        with lost_answers(fake):
            assert isinstance(sync(office, server).error, QuotaSpent)
        assert contact(office, key).first_name == "Maria"
        feed.deliver(company(1, people=0))

        sync(office, server)

        seen = contact(office, key)
        assert (seen.first_name, seen.title, seen.external_id, seen.last_name) == (None, None, None, "Ours")
        assert feed.confirmed[-1] == feed.watermark

    @pytest.mark.parametrize("batch_companies", [100, MOST_COMPANIES])
    def test_whoever_is_erased_goes_before_a_backlog_that_the_quota_does_not_suffice_for(
        self, office: Office, fake: VendorServer, server: FeedServer, feed: Feed, batch_companies: int
    ) -> None:
        configure(office, "[crm.{name}]\ndaily_reserve = 0")
        feed.deliver(company(1, people=1))
        sync(office, server)
        feed.deliver(*[company(n, people=1) for n in range(2, 400)])
        feed.deliver(company(1, people=0))
        for _ in range(2):
            fake.daily_calls = fake.used_calls + 10
            assert isinstance(sync(office, server, batch_companies=batch_companies).error, QuotaSpent)

        assert "maria.0@hotel-1.example" not in emails(office)
        assert len(office.companies()) < 399
        assert len(feed.confirmed) == 1

    def test_calls_that_are_reserved_for_others_are_left_to_them(
        self, office: Office, fake: VendorServer, server: FeedServer, feed: Feed
    ) -> None:
        configure(office, "[crm.{name}]\ndaily_reserve = 100")
        feed.deliver(*[company(n) for n in range(300)])
        fake.daily_calls = 106

        assert isinstance(sync(office, server).error, QuotaSpent)

        assert fake.used_calls == 6

    def test_a_pause_that_is_asked_for_is_kept(self, office: Office, fake: VendorServer, server: FeedServer, feed: Feed) -> None:
        feed.deliver(company(1, people=1))
        fake.faults.append(Reply(429, {"message": "slow down", "policyName": "TEN_SECONDLY_ROLLING"}, {"Retry-After": "0"}))

        assert sync(office, server).outcomes == {"created": 2}

    def test_a_pause_that_is_asked_for_ends_when_the_run_is_to_stop(self, office: Office, fake: VendorServer, server: FeedServer) -> None:
        stop = Event()
        fake.faults.append(Reply(429, {"message": "slow down", "policyName": "TEN_SECONDLY_ROLLING"}, {"Retry-After": "2"}))
        fake.before_call = lambda _: stop.set()

        with Client(server.url, KEY) as client:
            code = schedule.sync([SEARCH], url_of(office), client, emit=lambda summary: None, stop=stop)

        assert (code, len(fake.calls)) == (1, 1)

    def test_credentials_are_in_no_message_and_in_no_file(
        self, office: Office, fake: VendorServer, server: FeedServer, feed: Feed, token: str
    ) -> None:
        feed.deliver(company(1, people=1))
        sync(office, server)
        fake.faults.append(Reply(403, {"message": "This app hasn't been granted all required scopes"}))
        command = ["sync", SEARCH, "--to", url_of(office), "--base-url", server.url]
        environment = os.environ | {"OPENPROSPECT_API_KEY": KEY}

        failed = subprocess.run(
            [Path(sys.executable).with_name("openprospect"), *command], env=environment, capture_output=True, check=False
        )

        assert failed.returncode == KeyRefused.exit_code
        assert b"403" in failed.stderr
        written = failed.stdout + failed.stderr + b"".join(path.read_bytes() for path in Path().iterdir())
        assert token.encode() not in written
        assert Path("log.db").stat().st_mode & 0o077 == 0


@contextmanager
def lost_answers(fake: VendorServer) -> Iterator[None]:
    """The first write is carried out and says that the quota is spent, which it then is."""

    def lose(call: Call) -> Reply | None:
        if not is_write(call):
            return None
        fake.daily_calls = 0
        return fake.quota_spent()

    fake.after_call, before = lose, fake.daily_calls
    yield
    fake.after_call, fake.daily_calls = lambda _: None, before


def run_and_kill(office: Office, fake: VendorServer, server: FeedServer) -> int:
    """Runs that die at their first new write until one has none left; how many died.

    Every other time the CRM still carries out what its client died at, so that each write is lost once and done once.
    """
    done: set[tuple[str, bytes]] = set()
    for number in range(_MOST_KILLS):
        process = _FORKS.Process(target=_sync, args=(url_of(office), server.url, dict(os.environ), Path.cwd()))
        is_dead = Event()
        fake.before_call = partial(_kill_at_write, process, is_dead, fake, done, is_carried_out=bool(number % 2))
        process.start()
        process.join()
        is_dead.set()
        fake.before_call = lambda _: None
        if process.exitcode == 0:
            return number
        assert process.exitcode == -signal.SIGKILL
    raise AssertionError("the runs make no progress")


def _kill_at_write(
    process: BaseProcess, is_dead: Event, fake: VendorServer, done: set[tuple[str, bytes]], _: int, *, is_carried_out: bool
) -> None:
    call = fake.calls[-1]
    if not is_write(call) or (call.path, call.raw) in done:
        return
    process.kill()
    is_dead.wait()
    if is_carried_out:
        done.add((call.path, call.raw))
    else:
        fake.faults.append(Reply(503))


def _sync(url: str, server_url: str, environment: dict[str, str], folder: Path) -> None:
    os.environ.update(environment)
    os.chdir(folder)
    sync_program.main([url, server_url, SEARCH, "10000", "0", "0"])


def is_write(call: Call) -> bool:
    return call.method in {"PATCH", "DELETE"} or call.path.endswith(("/upsert", "/update", "/archive", "/default", "/gdpr-delete"))
