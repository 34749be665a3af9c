"""The first line of the overview: does every customer have everything? Pure rules, in words."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from openprospect.server.console.words import ago, counted
from openprospect.server.observability.model import Standing
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
    return State.UNCONFIRMED if standing.was_served_everything else State.BEHIND


def name_of(standing: Standing) -> str:
    """The consumer as a person would call it."""
    return f"webhook {masked(standing.webhook_url)}" if standing.webhook_url else standing.consumer


def verdict(standings: Sequence[Standing], now: datetime) -> Verdict:
    """Those whose keys no longer work do not count: nobody waits for them."""
    living = [standing for standing in standings if standing.can_come_again]
    behind = [standing for standing in living if state_of(standing) is State.BEHIND]
    unconfirmed = [standing for standing in living if state_of(standing) is State.UNCONFIRMED]
    if behind:
        return _behind(behind, now)
    if not living:
        return Verdict(tone=Tone.WAIT, answer="Nobody is there yet.", reason="No consumer with a working key has pulled anything so far.")
    if unconfirmed:
        reason = f"Everything went out; {counted(len(unconfirmed), 'consumer')} will confirm with the next poll."
        return Verdict(tone=Tone.GOOD, answer="Yes, as far as sent.", reason=reason)
    return Verdict(tone=Tone.GOOD, answer="Yes.", reason=f"{_all(len(living))} confirmed everything that was delivered.")


def _behind(behind: Sequence[Standing], now: datetime) -> Verdict:
    worst = min(behind, key=lambda standing: standing.oldest_unconfirmed_at or now)
    oldest = worst.oldest_unconfirmed_at or now
    is_late = now - oldest > _PATIENCE
    others = len(behind) - 1
    reason = (
        f"{name_of(worst)} is {counted(worst.behind_companies, 'company', 'companies')} behind in {worst.search}; "
        f"the oldest was delivered {ago(oldest)}." + (f" {counted(others, 'other')} behind as well." if others else "")
    )
    return Verdict(tone=Tone.BAD if is_late else Tone.WAIT, answer="No." if is_late else "Not yet.", reason=reason)


def _all(count: int) -> str:
    return "The only consumer has" if count == 1 else f"All {count} consumers have"
