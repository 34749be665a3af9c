"""Delivering companies to a feed: order, time and identity are decided here, under the feed's lock, and nowhere else."""

from collections.abc import Collection, Container, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from openprospect.server.core.errors import Fault, RejectedRows
from openprospect.server.db import history
from openprospect.server.db.pool import Connection
from openprospect.server.feed import store
from openprospect.server.feed.model import CompanyId, CompanyRow
from openprospect.server.feed.rows.company_keys import company_key
from openprospect.server.feed.rows.document import changed_fields, parse_document
from openprospect.server.feed.rows.hashes import Hasher
from openprospect.server.feed.rows.matching import KnownCompanies, Match, match_companies
from openprospect.server.feed.store import CompanyState, Head
from openprospect.server.feed.writing.append import append
from openprospect.server.feed.writing.candidate import Candidate, candidate_of
from openprospect.server.feed.writing.independent import independent
from openprospect.server.feed.writing.keeping import complete
from openprospect.server.feed.writing.suppression import admit
from openprospect.server.searches.model import Search

MAX_BATCH = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """What one producer delivers: in whose name, and whether all of it is left out where anything has to be.

    `places`: where the producer finds each row; else its index tells. `met`: companies that earlier parts of the same delivery are about,
    so that its rows need not name everybody there.
    """

    rows: Sequence[CompanyRow]
    actor: str
    all_or_nothing: bool
    places: Sequence[str] = ()
    met: Container[CompanyId] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedRow:
    """What became of one row. `is_new`: whether the feed had not had its company before.

    `suppressed`: people who were kept out; `left`: who left the company; `kept`: who stay without being in the row.
    """

    company_id: CompanyId
    source_id: str | None
    is_delivered: bool
    is_new: bool
    suppressed: int
    left: int
    kept: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """What became of a batch: an outcome or faults for each index, and the watermark after it.

    `disputed`: companies that rejected rows may be about. `is_first`: whether nothing had been delivered to the feed before.
    """

    outcomes: dict[int, PublishedRow]
    rejected: dict[int, list[Fault]]
    disputed: Collection[CompanyId]
    is_first: bool
    delivered_until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class _Matched:
    """A submission whose rows know their companies; `matches` is empty where all of it is refused."""

    submission: Submission
    matches: list[Match]
    rejected: dict[int, list[Fault]]
    disputed: Collection[CompanyId]

    @property
    def is_refused(self) -> bool:
        return bool(self.rejected) and self.submission.all_or_nothing


async def publish(db: Connection, search: Search, submission: Submission) -> Published:
    """Deliver a batch in the caller's transaction. Raises RejectedRows, before anything is written, where nothing may be left out."""
    [answer] = await publish_together(db, search, [submission])
    if isinstance(answer, RejectedRows):
        raise answer
    return answer


async def publish_together(db: Connection, search: Search, submissions: Sequence[Submission]) -> list[Published | RejectedRows]:
    """Deliver as many submissions, from the first on, as mean different companies; answers for these, each as if it came alone.

    The lock taken here is held until commit, so whoever has seen a `delivered_at` will see nothing older appear.
    """
    hasher = await store.hold_organization(db, search.organization_id)
    head = await store.lock_feed(db, search.id)
    known = await _known(db, search, [row for submission in submissions for row in submission.rows])
    together = submissions[: independent([submission.rows for submission in submissions], known)]
    matched = [await _match(db, search, submission, known, hasher) for submission in together]
    matches = [match for one in matched for match in one.matches]
    guests = await admit(db, search.organization_id, matches, hasher)
    people = await store.known_people(db, search.id, {match.company_id for match in matches if match.known})
    candidates = [candidate_of(match, admitted, people.get(match.company_id, ())) for match, admitted in zip(matches, guests, strict=True)]
    actors = {match.company_id: one.submission.actor for one in matched for match in one.matches}
    changed = [candidate for candidate in candidates if candidate.is_changed]
    states = await _write(db, search, changed, head=head, actors=actors) if changed else []
    return _answers(matched, candidates, {state.id: state.delivered_at for state in states}, head=head)


async def _known(db: Connection, search: Search, rows: Sequence[CompanyRow]) -> KnownCompanies:
    ids, identities = {row.id for row in rows if row.id}, {company_key(row).digest for row in rows}
    return KnownCompanies(await store.known_companies(db, search.id, ids=ids, identities=identities))


async def _match(db: Connection, search: Search, submission: Submission, known: KnownCompanies, hasher: Hasher) -> _Matched:
    found = match_companies(submission.rows, known, places=submission.places)
    named = [
        match.keeping_people() if match.company_id in found.disputed or match.company_id in submission.met else match
        for match in found.matches
    ]
    matches, overfull = await complete(db, search.id, named, hasher)
    rejected = found.faults | overfull
    return _Matched(
        submission=submission,
        matches=[] if rejected and submission.all_or_nothing else matches,
        rejected=rejected,
        disputed=found.disputed.union(match.company_id for match in found.matches if match.index in overfull),
    )


def _answers(
    matched: Sequence[_Matched], candidates: Sequence[Candidate], delivered_at: dict[CompanyId, datetime], *, head: Head
) -> list[Published | RejectedRows]:
    """The candidates stand in the order of the submissions; so do the times, and each submission ends with the newest so far."""
    answers: list[Published | RejectedRows] = []
    rest = iter(candidates)
    watermark = head.watermark
    for one in matched:
        own = list(islice(rest, len(one.matches)))
        watermark = max([watermark, *(delivered_at[candidate.match.company_id] for candidate in own if candidate.is_changed)])
        if one.is_refused:
            answers.append(RejectedRows(one.rejected))
        else:
            outcomes = {candidate.match.index: _outcome(candidate) for candidate in own}
            published = Published(
                outcomes=outcomes,
                rejected=one.rejected,
                disputed=one.disputed,
                is_first=head.position == 0,
                delivered_until=watermark,
            )
            answers.append(published)
    return answers


def _outcome(candidate: Candidate) -> PublishedRow:
    return PublishedRow(
        company_id=candidate.match.company_id,
        source_id=candidate.match.source_id,
        is_delivered=candidate.is_changed,
        is_new=candidate.match.known is None,
        suppressed=candidate.guests.suppressed,
        left=len(candidate.leaving),
        kept=candidate.match.kept,
    )


async def _write(
    db: Connection, search: Search, changed: list[Candidate], *, head: Head, actors: dict[CompanyId, str]
) -> list[CompanyState]:
    """Append what changed to the feed."""
    await _record_history(db, search, changed, actors=actors)
    states = await append(db, search.id, [candidate.change() for candidate in changed], head=head)
    await _write_people(db, search, list(zip(changed, states, strict=True)))
    return states


async def _write_people(db: Connection, search: Search, moved: list[tuple[Candidate, CompanyState]]) -> None:
    new = [person for candidate, state in moved if not candidate.match.known for person in candidate.people_at(state.delivered_at)]
    await store.add_people(db, search.id, new)
    known = [(candidate, state) for candidate, state in moved if candidate.match.known]
    await store.keep_people(db, search.id, [person for candidate, state in known for person in candidate.people_at(state.delivered_at)])
    await store.let_go_people(db, search.id, [gone for candidate, state in known for gone in candidate.gone_at(state.delivered_at)])


async def _record_history(db: Connection, search: Search, changed: list[Candidate], *, actors: dict[CompanyId, str]) -> None:
    """What is delivered again is told with the names of the fields that differ."""
    positions = [candidate.match.known.position for candidate in changed if candidate.match.known]
    before = await store.documents_at(db, search.id, positions) if positions else {}
    events = []
    for candidate in changed:
        company_id, known = candidate.match.company_id, candidate.match.known
        details = {"changed": changed_fields(parse_document(before[known.position]), candidate.document)} if known else None
        events.append((actors[company_id], company_id, "redelivered" if known else "delivered", details))
    await history.record_companies(db, search.organization_id, search.id, events)
