"""A reader of the console who closes the tab while a file is read: nobody else notices."""

import re

import httpx
import pytest

ROWS = 100_000


@pytest.fixture(scope="module")
def console(service):
    """Somebody signed in."""
    with httpx.Client(base_url=service.base_url, timeout=60) as http:
        http.post("/console/sign-in", data={"key": service.new_key("operator", ["console"])})
        yield http


def test_a_service_goes_on_when_somebody_leaves_while_their_file_is_read(service, console):
    search_id = service.new_search("left")
    csrf = re.findall(r'name="csrf" value="([0-9a-f]{64})"', console.get("/console/").text)[0]
    rows = b"".join(b"Hotel %d,%d,m%d@hotel.example,Berlin\n" % (number, number, number) for number in range(ROWS))
    upload = {"file": ("hotels.csv", b"Firma,Kundennummer,E-Mail,Ort\n" + rows)}
    form = {"csrf": csrf, "step": "check"}
    for _ in range(3):
        with console.stream("POST", f"/console/searches/{search_id}/deliver", data=form, files=upload) as answer:
            assert [line for _, line in zip(range(2), answer.iter_lines(), strict=False)]
        assert console.get("/health").status_code == 200
    assert service.deliver(search_id, [{"name": "Hotel"}])["delivered"] == 1
