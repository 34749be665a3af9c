"""The first line of the overview, and the words of the pages."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from openprospect.server.access.model import Scope
from openprospect.server.console.verdict import State, Tone, expiring, state_at, state_of, verdict, worst_first
from openprospect.server.console.words import SCOPES, ago, counted, size, span
from openprospect.server.observability.model import Feed, Queue, Standing
from openprospect.server.observability.watch import Watch
from openprospect.server.searches.model import SearchId
from openprospect.server.webhooks.model import WebhookId

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
CURRENT = Standing(
    organization="default",
    search_id=SearchId(UUID(int=1)),
    search="hotels",
    consumer="crm",
    watermark=NOW,
    served_until=NOW,
    has_gaps=False,
    confirmed_until=NOW,
    seen_at=NOW,
    behind_companies=0,
    oldest_unconfirmed_at=None,
    is_expected=True,
    key_expires_at=None,
    is_expired=False,
    is_endpoint=False,
    webhook_url=None,
)
SENT = replace(CURRENT, behind_companies=3, oldest_unconfirmed_at=NOW - timedelta(days=1), confirmed_until=NOW - timedelta(days=2))
BEHIND = replace(SENT, served_until=NOW - timedelta(days=2), behind_companies=1204, oldest_unconfirmed_at=NOW - timedelta(hours=3))
RECENT = replace(BEHIND, consumer="warehouse", behind_companies=1, oldest_unconfirmed_at=NOW - timedelta(minutes=10))


WAITING = Queue(
    organization="default",
    search_id=CURRENT.search_id,
    search="hotels",
    webhook_id=WebhookId(UUID(int=2)),
    url="https://crm.example/hook?token=secret",
    is_off=False,
    was_given_up=False,
    failing_since=None,
    waiting=5,
    oldest_at=NOW - timedelta(hours=2),
)


FEED = Feed(organization="default", search_id=CURRENT.search_id, search="hotels", companies=6, prospects=0, deliveries=6, watermark=NOW)
OTHER = replace(FEED, search_id=SearchId(UUID(int=3)), search="cafes")


def said(*standings, queues=(), feeds=()):
    found = verdict(Watch(feeds=feeds, standings=standings, queues=queues), NOW)
    return found.tone, found.answer, found.reason


def test_yes_where_everybody_has_confirmed_everything():
    assert said(CURRENT) == (Tone.GOOD, "Yes.", "The only consumer has confirmed everything that was delivered.")
    assert said(CURRENT, replace(CURRENT, consumer="bi"))[2].startswith("All 2 consumers have")


def test_who_pulls_several_searches_is_counted_once():
    assert said(CURRENT, replace(CURRENT, search="cafes"))[2].startswith("The only consumer has")
    assert said(CURRENT, replace(CURRENT, organization="another"))[2].startswith("All 2 consumers have")
    assert "1 consumer " in said(SENT, replace(SENT, search="cafes"))[2]
    assert "as well" not in said(BEHIND, replace(BEHIND, search="cafes"))[2]


def test_yes_as_far_as_sent_where_the_next_poll_will_tell():
    tone, answer, reason = said(CURRENT, SENT)
    assert (tone, answer) == (Tone.GOOD, "Yes, as far as sent.")
    assert "1 consumer " in reason


def test_who_was_sent_everything_and_does_not_come_back_has_it_no_more_after_a_while():
    silent = replace(SENT, seen_at=NOW - timedelta(hours=7))
    tone, answer, reason = said(CURRENT, silent)
    assert (tone, answer) == (Tone.WAIT, "Not yet.")
    assert reason.startswith("crm was sent 3 companies of hotels ")
    assert said(replace(silent, seen_at=NOW - timedelta(hours=37)))[:2] == (Tone.BAD, "No.")


def test_a_search_that_nobody_pulls_is_no_yes():
    tone, answer, reason = said(CURRENT, feeds=[FEED, OTHER])
    assert (tone, answer, reason) == (Tone.WAIT, "Not yet.", "Nobody pulls cafes, which holds 6 companies.")
    another = replace(OTHER, search_id=SearchId(UUID(int=4)))
    assert said(CURRENT, feeds=[OTHER, another])[2].endswith("nor 1 other search.")
    assert said(CURRENT, feeds=[FEED, replace(OTHER, companies=0)])[1] == "Yes."


def test_an_endpoint_is_somebody_who_is_there():
    caught_up = replace(WAITING, search_id=OTHER.search_id, waiting=0, oldest_at=None)
    assert said(CURRENT, queues=[caught_up], feeds=[FEED, OTHER])[1] == "Yes."
    assert said(CURRENT, queues=[replace(caught_up, is_off=True)], feeds=[FEED, OTHER])[1] == "Not yet."


def test_a_key_that_expired_counts_until_somebody_revokes_it():
    expired = replace(BEHIND, key_expires_at=NOW - timedelta(days=3), is_expired=True)
    tone, _, reason = said(CURRENT, expired)
    assert tone is Tone.BAD
    assert "Its key expired " in reason
    sent = replace(SENT, key_expires_at=NOW, is_expired=True)
    assert said(sent)[1] == "Not yet."
    assert said(replace(expired, is_expected=False), CURRENT)[1] == "Yes."


def test_who_has_everything_and_holds_an_expired_key_has_it_for_now():
    expired = replace(CURRENT, key_expires_at=NOW, is_expired=True)
    tone, answer, reason = said(CURRENT, expired)
    assert (tone, answer) == (Tone.WAIT, "Yes, for now.")
    assert reason.startswith("crm has everything, but its key expired ")
    other = replace(expired, consumer="warehouse")
    assert said(expired, replace(expired, search="cafes"), other)[2].endswith(" 1 other as well.")
    assert said(expired, BEHIND)[1] == "No."
    assert said(replace(expired, is_expected=False), CURRENT)[1] == "Yes."


def test_keys_that_expire_soon_are_told_once_for_each_consumer():
    soon = replace(CURRENT, key_expires_at=NOW + timedelta(days=3))
    sooner = replace(soon, consumer="warehouse", key_expires_at=NOW - timedelta(days=3))
    found = expiring([soon, soon, sooner, replace(CURRENT, consumer="bi")], NOW + timedelta(days=7))
    assert [standing.consumer for standing in found] == ["warehouse", "crm"]


def test_an_endpoint_that_somebody_switched_off_is_not_waited_for_and_one_given_up_is():
    assert said(CURRENT, queues=[replace(WAITING, is_off=True)])[1] == "Yes."
    assert said(CURRENT, queues=[replace(WAITING, was_given_up=True)])[1] == "No."


def test_no_names_who_is_behind_by_how_many_where_and_since_when():
    tone, answer, reason = said(CURRENT, SENT, BEHIND)
    assert (tone, answer) == (Tone.BAD, "No.")
    assert reason.startswith("crm is 1,204 companies behind in hotels; the oldest was delivered ")


def test_not_yet_where_what_is_missing_is_younger_than_an_hour():
    assert said(RECENT)[:2] == (Tone.WAIT, "Not yet.")
    assert "warehouse is 1 company behind" in said(RECENT)[2]


def test_whoever_skipped_something_is_told_apart_with_what_to_do():
    skipped = replace(BEHIND, has_gaps=True, served_until=NOW)
    assert state_of(skipped) is State.SKIPPED
    tone, answer, reason = said(skipped)
    assert (tone, answer) == (Tone.BAD, "No.")
    assert reason.endswith("It asked for what came later, and skipped some of these: one pull from the beginning gives it all.")


def test_the_oldest_gap_is_told_and_the_others_are_counted():
    assert "crm is" in said(RECENT, BEHIND)[2]
    assert said(RECENT, BEHIND)[2].endswith("1 other behind as well.")


def test_who_can_never_come_again_is_not_waited_for():
    gone = replace(BEHIND, is_expected=False)
    assert state_of(gone) is State.GONE
    assert said(gone, CURRENT)[0] is Tone.GOOD
    assert said(gone)[1] == said()[1] == "Nobody is there yet."


def test_whoever_needs_help_stands_first():
    gone = replace(BEHIND, is_expected=False)
    assert worst_first([gone, CURRENT, SENT, RECENT, BEHIND]) == [BEHIND, RECENT, SENT, CURRENT, gone]


def test_what_waits_for_a_webhook_is_missing_too_even_if_it_never_accepted_anything():
    tone, answer, reason = said(CURRENT, queues=[WAITING])
    assert (tone, answer) == (Tone.BAD, "No.")
    assert reason.startswith("webhook https://crm.example/hook?*** is 5 companies behind in hotels")


def test_a_webhook_that_has_caught_up_is_one_more_consumer():
    assert said(CURRENT, queues=[replace(WAITING, waiting=0, oldest_at=None)])[2].startswith("All 2 consumers have")


def test_a_webhook_counts_once_though_it_has_receipts_as_well():
    receipts = replace(BEHIND, consumer="webhook:2", webhook_url=WAITING.url)
    assert "as well" not in said(receipts, queues=[WAITING])[2]


def test_an_endpoint_is_as_its_queue_says():
    idle = replace(WAITING, waiting=0, oldest_at=None)
    assert [state_at(queue) for queue in (idle, WAITING)] == [State.CURRENT, State.BEHIND]
    assert state_at(replace(WAITING, failing_since=NOW)) is State.FAILING
    assert state_at(replace(WAITING, was_given_up=True, failing_since=NOW)) is State.GIVEN_UP
    assert state_at(replace(WAITING, is_off=True, failing_since=NOW)) is State.OFF


def test_a_deleted_endpoint_had_no_key_to_revoke():
    gone = replace(BEHIND, is_expected=False, consumer="webhook:2", is_endpoint=True)
    assert state_of(gone) is State.DELETED
    assert said(gone, CURRENT)[1] == "Yes."
    assert worst_first([gone, CURRENT]) == [CURRENT, gone]


def test_every_scope_has_words():
    assert set(SCOPES) == set(Scope)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 seconds"),
        (1, "1 second"),
        (119, "119 seconds"),
        (120, "2 minutes"),
        (7200, "2 hours"),
        (172_800, "2 days"),
        (-5, "0 seconds"),
    ],
)
def test_a_span_is_told_in_its_biggest_unit(seconds, words):
    assert span(timedelta(seconds=seconds)) == words


def test_a_moment_is_told_from_now():
    now = datetime.now(UTC)
    assert ago(None) == "never"
    assert ago(now) == "just now"
    assert ago(now - timedelta(hours=5)) == "5 hours ago"
    assert ago(now + timedelta(days=3, minutes=1)) == "in 3 days"


def test_numbers_are_readable():
    assert (counted(1, "company", "companies"), counted(1204, "company", "companies")) == ("1 company", "1,204 companies")
    assert [size(value) for value in (1, 1500, 2_000_000, 3.5e12)] == ["1 bytes", "2 kB", "2 MB", "3500.0 GB"]
