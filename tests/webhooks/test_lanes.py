"""Endpoints that keep us waiting leave the quick lane to the others."""

import asyncio

from openprospect.server.webhooks.lanes import Lane, Lanes


async def test_who_dawdles_leaves_the_quick_lane():
    lanes = Lanes(quick=1, slow=1, seconds_in_quick_lane=0.01)
    passage = lanes.enter(Lane.QUICK)
    with passage.waiting():
        assert (lanes.free(Lane.QUICK), lanes.free(Lane.SLOW)) == (0, 1)
        await asyncio.sleep(0.05)
        assert (lanes.free(Lane.QUICK), lanes.free(Lane.SLOW)) == (1, 0)
    passage.leave()
    assert (lanes.free(Lane.QUICK), lanes.free(Lane.SLOW)) == (1, 1)


async def test_who_answers_in_time_stays():
    lanes = Lanes(quick=1, slow=1, seconds_in_quick_lane=0.01)
    passage = lanes.enter(Lane.QUICK)
    with passage.waiting():
        pass
    await asyncio.sleep(0.05)
    assert lanes.free(Lane.SLOW) == 1
    passage.leave()
    assert lanes.free(Lane.QUICK) == 1


async def test_where_the_slow_lane_is_full_nobody_moves():
    lanes = Lanes(quick=1, slow=0, seconds_in_quick_lane=0.01)
    passage = lanes.enter(Lane.QUICK)
    with passage.waiting():
        await asyncio.sleep(0.05)
    assert lanes.free(Lane.QUICK) == 0
    passage.leave()
    assert lanes.free(Lane.QUICK) == 1
