"""Which walk a page belongs to: the statement's choice, held against the rule written down once more, plainly."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from openprospect.server.feed.reading.store import SQL
from tests.integration.conftest import open_search
from tests.integration.world import CONSUMERS, World

OFFSET = 50
MINUTES = st.integers(1, 9)


@dataclass(frozen=True, slots=True)
class Walk:
    """As much of a walk as the rule looks at. Times are minutes before now, watermarks hours; of one, greater numbers began later."""

    number: int
    expects: int | None
    page: int
    is_over: bool
    reached: int
    is_expired: bool
    told: int | None
    begun: int
    used: int
    watermark: int


WALKS = st.lists(
    st.builds(
        Walk,
        number=st.just(0),
        expects=st.sampled_from([None, OFFSET, 2 * OFFSET]),
        page=st.sampled_from([0, OFFSET // 2, OFFSET]),
        is_over=st.booleans(),
        reached=st.sampled_from([OFFSET // 2, OFFSET, 2 * OFFSET]),
        is_expired=st.booleans(),
        told=st.none() | MINUTES,
        begun=st.integers(10, 19),
        used=st.integers(5, 19),
        watermark=st.integers(0, 1),
    ),
    max_size=5,
)


def rule(walks: Sequence[Walk], offset: int) -> tuple[Walk | None, bool]:
    """The newest that expects this offset; else the newest living one that has been there; else the newest living one; else the newest.

    The newest has the latest snapshot. One that has expired expects nothing any more once its consumer was told, and has begun anew since.
    One that has stood still since the newest began has been at its last page alone, and not there either once its consumer was told so.
    And whether a living one is contested: that expects the offset, by one with a later snapshot, which began after its last page and gave
    out this very page last, or is on its way and has come so far; that has been there, by the newest.
    """
    newest_first = sorted(walks, key=lambda walk: (-walk.watermark, walk.number), reverse=True)
    if not walks:
        return None, False
    newest = newest_first[0]
    told = [walk for walk in walks if walk.told is not None and walk.told >= newest.begun]
    expecting = [walk for walk in newest_first if walk.expects == offset and not (walk.is_expired and walk in told)]
    living = [walk for walk in newest_first if not walk.is_expired]
    passed = [walk for walk in living if walk.watermark != newest.watermark and walk.used > newest.begun]
    been_there = [walk for walk in living if walk.reached >= offset and (walk not in passed or (walk.page == offset and walk not in told))]
    chosen = next(iter([*expecting, *been_there, *living, *newest_first]))
    if chosen not in expecting:
        return chosen, chosen in been_there and chosen in passed
    rivals = [walk for walk in living if not chosen.is_expired and may_ask_again(walk, offset) and walk.watermark < chosen.watermark]
    return chosen, any(chosen.page == 0 or walk.begun < chosen.used for walk in rivals)


def may_ask_again(walk: Walk, offset: int) -> bool:
    return walk.page == offset or (walk.page > 0 and not walk.is_over and walk.reached >= offset)


@pytest.fixture
def world(dsn: str) -> Iterator[World]:
    with World(dsn) as world:
        yield world


def test_a_page_belongs_to_the_walk_that_the_rule_names(world: World) -> None:
    @settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(states=WALKS, told_late=st.booleans())
    def holds(states: list[Walk], told_late: bool) -> None:
        search_id = UUID(world.run(open_search(world.producer)))
        walks = [
            Walk(
                number,
                state.expects,
                state.page,
                state.is_over,
                state.reached,
                state.is_expired,
                state.told if told_late else state.told and state.told + 10,
                state.begun,
                state.used,
                state.watermark,
            )
            for number, state in enumerate(states)
        ]
        ids = world.run(_insert(world, search_id, walks))
        expected, is_contested = rule(walks, OFFSET)
        assert world.run(_chosen(world, search_id)) == (None if expected is None else ids[expected.number], is_contested)

    holds()


async def _insert(world: World, search_id: UUID, walks: Sequence[Walk]) -> dict[int, int]:
    """The walks as rows; answers their ids by number."""
    now = datetime.now(UTC)
    statement = """
        INSERT INTO walk (prospect_search_id, consumer, watermark, total, next_offset, next_position, page_offset, page_position,
            reached_offset, begun_at, used_at, told_at)
        VALUES ($1, $2, $8, 200, $3::bigint, $10, $9::bigint, $9 + 1, $4, $5, $6, $7) RETURNING id
    """
    ids = {}
    for walk in walks:
        used_at = now - timedelta(minutes=90 if walk.is_expired else walk.used)
        told_at = None if walk.told is None else now - timedelta(minutes=walk.told)
        begun_at = now - timedelta(minutes=walk.begun)
        watermark = now - timedelta(hours=1 + walk.watermark)
        end = None if walk.is_over else OFFSET
        arguments = (search_id, CONSUMERS[0], walk.expects, walk.reached, begun_at, used_at, told_at, watermark, walk.page, end)
        ids[walk.number] = await world.database.value(statement, *arguments)
    return ids


async def _chosen(world: World, search_id: UUID) -> tuple[int | None, bool]:
    key = await world.database.value("SELECT secret_hash FROM api_key WHERE name = $1", CONSUMERS[0])
    row = await world.database.row(SQL.pages_at, [key], [search_id], [""], [None], [OFFSET], [OFFSET])
    assert row is not None
    return row["walk_id"], bool(row["is_contested"])
