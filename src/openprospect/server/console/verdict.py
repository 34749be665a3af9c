"""The first line of the overview, and of a consumer's page: does every customer, or this one, have everything? Pure rules, in words."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from openprospect.server.console.model import Holder
from openprospect.server.console.words import ago, counted
from openprospect.server.observability.model import Feed, Queue, Standing
from openprospect.server.observability.watch import Watch
from openprospect.server.webhooks.url import masked

# Consumers poll by the hour or oftener: what is younger may simply not have been asked for yet.
_PATIENCE = timedelta(hours=1)
# Whoever was sent everything confirms by coming back. Some come by night alone; who missed a night does not run.
_CONFIRMING = timedelta(hours=6)
_SILENCE = timedelta(hours=36)


class Tone(StrEnum):
    GOOD = "good"
    WAIT = "wait"
    BAD = "bad"


class State(StrEnum):
    CURRENT = "has everything"
    UNCONFIRMED = "was sent everything"
    BEHIND = "behind"
    SKIPPED = "skipped some"
    FAILING = "failing"
    GIVEN_UP = "given up"
    OFF = "switched off"
    GONE = "key revoked"
    DELETED = "endpoint deleted"
    UNATTENDED = "nobody pulls it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    tone: Tone
    answer: str
    reason: str


def state_of(standing: Standing) -> State:
    if not standing.is_expected:
        return State.DELETED if standing.is_endpoint else State.GONE
    if standing.has_everything:
        return State.CURRENT
    if standing.has_gaps:
        return State.SKIPPED
    return State.UNCONFIRMED if standing.was_served_everything else State.BEHIND


def state_at(queue: Queue) -> State:
    """Of an endpoint, which its queue knows best."""
    if queue.is_off:
        return State.OFF
    if queue.is_failing:
        return State.GIVEN_UP if queue.was_given_up else State.FAILING
    return State.BEHIND if queue.waiting else State.CURRENT


def name_of(standing: Standing | Holder) -> str:
    """The consumer as a person would call it."""
    return f"webhook {masked(standing.webhook_url)}" if standing.webhook_url else standing.consumer


def worst_first(standings: Sequence[Standing]) -> list[Standing]:
    """Who is behind longest, then who skipped something, then who has yet to confirm, then who is well, then who is gone."""
    order = (State.BEHIND, State.SKIPPED, State.UNCONFIRMED, State.CURRENT, State.GONE, State.DELETED)
    return sorted(standings, key=lambda standing: (order.index(state_of(standing)), standing.oldest_unconfirmed_at or standing.watermark))


def expiring(standings: Sequence[Standing], until: datetime) -> list[Standing]:
    """Of each consumer whose keys stop working before a time, or have, one standing; who is first to stop comes first."""
    of_each = {_puller(standing): standing for standing in standings if standing.key_expires_at and standing.key_expires_at <= until}
    return sorted(of_each.values(), key=lambda standing: standing.key_expires_at or until)


def verdict(watch: Watch, now: datetime) -> Verdict:
    """Whoever's keys were revoked does not count, and neither does an endpoint that somebody switched off: nobody waits for them."""
    pullers, endpoints = watch.pullers, watch.endpoints
    gaps = [gap for gap in (*(_gap_of(standing, now) for standing in pullers), *(_gap_at(queue, now) for queue in endpoints)) if gap]
    if gaps:
        return _behind(gaps, now)
    if not pullers and not endpoints:
        return _nobody(watch)
    if alone := watch.unattended:
        return _alone(alone)
    if expired := [standing for standing in pullers if standing.is_expired]:
        return _expired(expired)
    unconfirmed = {_puller(standing) for standing in pullers if state_of(standing) is State.UNCONFIRMED}
    if unconfirmed:
        reason = f"Everything went out; {counted(len(unconfirmed), 'consumer')} will confirm with the next poll."
        return Verdict(tone=Tone.GOOD, answer="Yes, as far as sent.", reason=reason)
    everybody = {_puller(standing) for standing in pullers} | {_endpoint(queue) for queue in endpoints}
    who = "It has" if watch.consumer else _all(len(everybody))
    return Verdict(tone=Tone.GOOD, answer="Yes.", reason=f"{who} confirmed everything that was delivered.")


_Who = tuple[str, str]
"""A consumer, whatever it pulls: its organization and its name; or an endpoint."""


def _puller(standing: Standing) -> _Who:
    return standing.organization, standing.consumer


def _endpoint(queue: Queue) -> _Who:
    return queue.organization, str(queue.webhook_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Gap:
    """What somebody does not have, since when, and how long that is nothing to worry about."""

    who: _Who
    words: str
    since: datetime
    patience: timedelta = _PATIENCE

    def is_late(self, now: datetime) -> bool:
        return now - self.since > self.patience


def _gap_of(standing: Standing, now: datetime) -> _Gap | None:
    """None where a consumer lacks nothing, or was sent all of it a short time ago."""
    match state_of(standing):
        case State.BEHIND:
            return _Gap(who=_puller(standing), words=_lacking(standing, now), since=standing.oldest_unconfirmed_at or now)
        case State.SKIPPED:
            words = " It asked for what came later, and skipped some of these: one pull from the beginning gives it all."
            return _Gap(who=_puller(standing), words=_lacking(standing, now) + words, since=standing.oldest_unconfirmed_at or now)
        case State.UNCONFIRMED:
            return _silence(standing, now)
        case _:
            return None


def _silence(standing: Standing, now: datetime) -> _Gap | None:
    since = standing.seen_at or now
    if not standing.is_expired and now - since <= _CONFIRMING:
        return None
    words = (
        f"{name_of(standing)} was sent {counted(standing.behind_companies, 'company', 'companies')} of {standing.search} {ago(since)} "
        f"and has not come back to confirm.{_expiry(standing)}"
    )
    return _Gap(who=_puller(standing), words=words, since=since, patience=_SILENCE)


def _gap_at(queue: Queue, now: datetime) -> _Gap | None:
    since = queue.oldest_at or now
    words = _behind_by(f"webhook {masked(queue.url)}", queue.waiting, queue.search, since)
    return _Gap(who=_endpoint(queue), words=words, since=since) if queue.waiting else None


def _lacking(standing: Standing, now: datetime) -> str:
    oldest_at = standing.oldest_unconfirmed_at or now
    return _behind_by(name_of(standing), standing.behind_companies, standing.search, oldest_at) + _expiry(standing)


def _behind_by(name: str, companies: int, search: str, oldest_at: datetime) -> str:
    return f"{name} is {counted(companies, 'company', 'companies')} behind in {search}; the oldest was delivered {ago(oldest_at)}."


def _expiry(standing: Standing) -> str:
    return f" Its key expired {ago(standing.key_expires_at)}." if standing.is_expired else ""


def _behind(gaps: Sequence[_Gap], now: datetime) -> Verdict:
    worst = min(gaps, key=lambda gap: (not gap.is_late(now), gap.since))
    others = len({gap.who for gap in gaps} - {worst.who})
    reason = worst.words + (f" {counted(others, 'other')} behind as well." if others else "")
    is_late = worst.is_late(now)
    return Verdict(tone=Tone.BAD if is_late else Tone.WAIT, answer="No." if is_late else "Not yet.", reason=reason)


def _nobody(watch: Watch) -> Verdict:
    if watch.consumer:
        reason = "No key of its name is left, or the endpoint is switched off or deleted."
        return Verdict(tone=Tone.WAIT, answer="Nobody waits for it.", reason=reason)
    return Verdict(tone=Tone.WAIT, answer="Nobody is there yet.", reason="No consumer has pulled anything so far, or none has a key left.")


def _alone(feeds: Sequence[Feed]) -> Verdict:
    first, others = feeds[0], len(feeds) - 1
    reason = f"Nobody pulls {first.search}, which holds {counted(first.companies, 'company', 'companies')}"
    return Verdict(
        tone=Tone.WAIT,
        answer="Not yet.",
        reason=reason + (f", nor {counted(others, 'other search', 'other searches')}." if others else "."),
    )


def _expired(standings: Sequence[Standing]) -> Verdict:
    """They have everything, or there would be a gap."""
    first, others = standings[0], len({_puller(standing) for standing in standings}) - 1
    reason = f"{name_of(first)} has everything, but its key expired {ago(first.key_expires_at)}: what is delivered next will not reach it."
    return Verdict(tone=Tone.WAIT, answer="Yes, for now.", reason=reason + (f" {counted(others, 'other')} as well." if others else ""))


def _all(count: int) -> str:
    return "The only consumer has" if count == 1 else f"All {count} consumers have"
