"""Pages that are given out twice, and not as the client thinks: lost answers, other sizes, questions that come late."""

import httpx
import pytest

from tests.integration.conftest import Deliver, pull
from tests.integration.pages import SEVEN, ask, sources, versions

RUNS = [
    # The last page is lost, and asked for again in parts.
    ("0:2 2:2 4:2", "0:2 2:2 4:3 4:2", "6:2"),
    # An early question comes late, as where a proxy has asked twice.
    ("0:2 2:2", "0:2 2:1 3:1 2:1", "4:2"),
    # And so that it comes after the answer to a later one was lost.
    ("0:2 2:2", "0:2 2:1 3:1 4:1 2:1", "4:1"),
    ("0:2 2:2 4:2", "0:2 2:2 4:2 6:1 2:2", "6:1"),
]


@pytest.mark.parametrize(("broken_off", "given_out", "wanted"), RUNS)
async def test_a_run_alone_is_never_given_a_page_of_one_that_broke_off_whatever_was_given_out_twice(
    client: httpx.AsyncClient, search_id: str, deliver: Deliver, *, broken_off: str, given_out: str, wanted: str
) -> None:
    await deliver(*SEVEN)
    for page in broken_off.split():
        await pull(client, search_id, **_page(page))
    await deliver(*versions("a", "b", version=2))
    for page in given_out.split():
        assert sources(await pull(client, search_id, **_page(page))) == _of_the_newest(page)
    answer = await ask(client, search_id, **_page(wanted))
    assert answer.json().get("code") == "WALK_CONTESTED" or sources(answer.json()) == _of_the_newest(wanted)


def _page(page: str) -> dict[str, int]:
    """An offset and a limit."""
    offset, limit = map(int, page.split(":"))
    return {"offset": offset, "limit": limit}


def _of_the_newest(page: str) -> list[str]:
    offset, limit = _page(page).values()
    return [*"cdefgab"][offset : offset + limit]
