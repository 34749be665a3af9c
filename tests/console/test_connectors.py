"""The files for other tools: filled with this service and the search, and never with a key. `tests/connectors` runs what is in them."""

import re

import pytest

from openprospect.connectors import files
from openprospect.server.console.connectors import CONNECTOR_FILES

NAMES = [file.name for file in CONNECTOR_FILES]


def test_every_file_that_ships_is_offered():
    shipped = {path.name for path in files.path(NAMES[0]).parent.iterdir() if path.is_file() and path.name != "__init__.py"}
    assert set(NAMES) == shipped


async def test_the_page_links_every_file(browser, search_id):
    shown = (await browser.get(f"/searches/{search_id}/connect")).text
    linked = re.findall(rf"/searches/{search_id}/connectors/([\w.-]+)\"", shown)
    assert linked == NAMES


@pytest.mark.parametrize("name", NAMES)
async def test_a_file_is_filled_and_differs_in_nothing_else_from_the_one_that_is_proved(browser, search_id, name):
    answer = await browser.get(f"/searches/{search_id}/connectors/{name}")

    assert answer.headers["content-disposition"] == f'attachment; filename="{name}"'
    assert search_id in answer.text
    assert "http://service.test" in answer.text
    assert "opk_" not in answer.text
    assert answer.text.replace("http://service.test", files.BASE_URL).replace(search_id, files.SEARCH_ID) == files.path(name).read_text()


async def test_no_other_file_is_given_out(browser, search_id):
    for name in ("__init__.py", "nothing.yaml", "..%2F__init__.py"):
        assert (await browser.get(f"/searches/{search_id}/connectors/{name}")).status_code == 404
