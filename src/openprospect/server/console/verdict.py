"""The first line of the overview: does every customer have everything? Pure rules, in words."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from openprospect.server.console.words import ago, counted
from openprospect.server.observability.model import Queue, Standing
from openprospect.server.webhooks.url import masked

# Consumers poll by the hour or oftener: what is younger may simply not have been asked for yet.
_PATIENCE = timedelta(hours=1)


class Tone(StrEnum):
    GOOD = "good"
    WAIT = "wait"
    BAD = "bad"


class State(StrEnum):
    CURRENT = "has everything"
    UNCONFIRMED = "was sent everything"
    BEHIND = "behind"
    SKIPPED = "skipped some"
    GONE = "key no longer works"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    tone: Tone
    answer: str
    reason: str


def state_of(standing: Standing) -> State:
    if not standing.can_come_again:
        return State.GONE
    if standing.has_everything:
        return State.CURRENT
    if standing.has_gaps:
        return State.SKIPPED
    return State.UNCONFIRMED if standing.was_served_everything else State.BEHIND


def name_of(standing: Standing) -> str:
    """The consumer as a person would call it."""
    return f"webhook {masked(standing.webhook_url)}" if standing.webhook_url else standing.consumer


def worst_first(standings: Sequence[Standing]) -> list[Standing]:
    """Who is behind longest, then who skipped something, then who has yet to confirm, then who is well, then who is gone."""
    order = (State.BEHIND, State.SKIPPED, State.UNCONFIRMED, State.CURRENT, State.GONE)
    return sorted(standings, key=lambda standing: (order.index(state_of(standing)), standing.oldest_unconfirmed_at or standing.watermark))


def verdict(standings: Sequence[Standing], queues: Sequence[Queue], now: datetime) -> Verdict:
    """Those whose keys no longer work do not count: nobody waits for them. What endpoints lack, their queues know best."""
    pullers = [standing for standing in standings if standing.can_come_again and not standing.webhook_url]
    gaps = [_gap_of(standing, now) for standing in pullers if state_of(standing) in {State.BEHIND, State.SKIPPED}]
    gaps += [_gap_at(queue, now) for queue in queues if queue.waiting]
    if gaps:
        return _behind(gaps, now)
    consumers = len(pullers) + len(queues)
    if not consumers:
        return Verdict(tone=Tone.WAIT, answer="Nobody is there yet.", reason="No consumer with a working key has pulled anything so far.")
    unconfirmed = sum(state_of(standing) is State.UNCONFIRMED for standing in pullers)
    if unconfirmed:
        reason = f"Everything went out; {counted(unconfirmed, 'consumer')} will confirm with the next poll."
        return Verdict(tone=Tone.GOOD, answer="Yes, as far as sent.", reason=reason)
    return Verdict(tone=Tone.GOOD, answer="Yes.", reason=f"{_all(consumers)} confirmed everything that was delivered.")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Gap:
    """What somebody does not have."""

    name: str
    search: str
    companies: int
    oldest_at: datetime
    was_skipped: bool = False


def _gap_of(standing: Standing, now: datetime) -> _Gap:
    return _Gap(
        name=name_of(standing),
        search=standing.search,
        companies=standing.behind_companies,
        oldest_at=standing.oldest_unconfirmed_at or now,
        was_skipped=standing.has_gaps,
    )


def _gap_at(queue: Queue, now: datetime) -> _Gap:
    return _Gap(name=f"webhook {masked(queue.url)}", search=queue.search, companies=queue.waiting, oldest_at=queue.oldest_at or now)


def _behind(gaps: Sequence[_Gap], now: datetime) -> Verdict:
    worst = min(gaps, key=lambda gap: gap.oldest_at)
    is_late = now - worst.oldest_at > _PATIENCE
    others = len(gaps) - 1
    reason = (
        f"{worst.name} is {counted(worst.companies, 'company', 'companies')} behind in {worst.search}; "
        f"the oldest was delivered {ago(worst.oldest_at)}."
    )
    if worst.was_skipped:
        reason += " It asked for what came later, and skipped some of these: one pull from the beginning gives it all."
    if others:
        reason += f" {counted(others, 'other')} behind as well."
    return Verdict(tone=Tone.BAD if is_late else Tone.WAIT, answer="No." if is_late else "Not yet.", reason=reason)


def _all(count: int) -> str:
    return "The only consumer has" if count == 1 else f"All {count} consumers have"
