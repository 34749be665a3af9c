"""What nginx, as the documentation has it, sends to a second service where the first did not answer, and how long it waits."""

import pytest

from tests.acceptance.dying_services import two_services
from tests.acceptance.nginx import needs_nginx, nginx

pytestmark = needs_nginx


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_read_over_which_a_service_dies_is_answered_by_another(tmp_path, method):
    with two_services() as services, nginx(tmp_path, services.ports) as gate, gate.client("any") as client:
        assert client.request(method, "/companies").status_code == 204
        assert services.arrived == [method] * 2


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_a_write_over_which_a_service_dies_is_sent_to_no_other(tmp_path, method):
    with two_services() as services, nginx(tmp_path, services.ports) as gate, gate.client("any") as client:
        refused = client.request(method, "/companies")
        assert (refused.status_code, refused.json()["details"]) == (503, {"outcome": "unknown"})
        assert services.arrived == [method]


def test_an_erasure_is_waited_for_where_a_read_is_given_up(tmp_path):
    with (
        two_services(dies=False, seconds=1.5) as services,
        nginx(tmp_path, services.ports, changes={"proxy_read_timeout 90s;": "proxy_read_timeout 500ms;"}) as gate,
        gate.client("any") as client,
    ):
        assert client.post("/erasures").status_code == 204
        assert client.get("/companies").status_code == 503


def test_a_delivery_passes_through_without_touching_the_disk(tmp_path):
    with two_services(dies=False) as services, nginx(tmp_path, services.ports) as gate, gate.client("any") as client:
        assert client.post("/companies", content=b" " * (8 << 20)).status_code == 204
    assert "temporary file" not in (tmp_path / "error.log").read_text()
