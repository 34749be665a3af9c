"""Traces of the service as a process of its own, with several workers, into a real collector: what is told, and what never is."""

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from openprospect.server.core.errors import Misconfigured
from openprospect.server.observability.tracing.wanted import wants_traces
from tests.acceptance.commands import EVERYTHING, Site, open_site
from tests.observability.collector import Collector, attributes, collecting
from tests.webhooks.receiver import Receiver, Reply

MARIA = {"first_name": "Maria", "last_name": "Schmidt", "email": "maria.schmidt@hotel.example"}
HOTEL = {"name": "Grand Hotel", "source_id": "crm-1", "prospects": [MARIA]}
FEED = "/api/v1/deliveries/{prospect_search_id}/companies"
CALLERS_TRACE, CALLERS_SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    with collecting() as collector:
        yield collector


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with open_site() as site:
        yield site


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with Receiver().listening() as receiver:
        yield receiver


@pytest.fixture(scope="module")
def key(site: Site) -> str:
    return site.new_key("crm", scopes=(*EVERYTHING, "webhooks:write"))


@pytest.fixture(scope="module")
def client(site: Site, collector: Collector, key: str) -> Iterator[httpx.Client]:
    environment = site.environment | {
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
        "OTEL_BSP_SCHEDULE_DELAY": "100",
        "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment.name=tests",
        "OPENPROSPECT_WEBHOOK_ALLOW_PRIVATE": "1",
    }
    with site.serving("--workers", "2", environment=environment) as server, server.client(key) as client:
        yield client


@pytest.fixture(scope="module")
def search_id(site: Site, client: httpx.Client) -> str:
    search_id = site.new_search()
    assert client.post(f"/deliveries/{search_id}/companies", json={"companies": [HOTEL]}).status_code == 200
    return search_id


def pull(client: httpx.Client, search_id: str, **headers: str) -> httpx.Response:
    answer = client.get(f"/deliveries/{search_id}/companies", params={"delivered_since": "2026-02-25T12:00:00Z"}, headers=headers)
    assert answer.json()["total"] == 1
    return answer


def of_the_request(spans: list[Span], answer: httpx.Response) -> Span:
    [span] = [span for span in spans if attributes(span).get("openprospect.request_id") == answer.headers["x-request-id"]]
    return span


def test_a_request_is_a_span_with_its_statements_in_it(client, collector, search_id):
    answer = pull(client, search_id)
    request = of_the_request(collector.wait_for(f"GET {FEED}"), answer)
    assert attributes(request) == {
        "http.request.method": "GET",
        "http.route": FEED,
        "http.response.status_code": 200,
        "openprospect.request_id": answer.headers["x-request-id"],
    }
    statements = [span for span in collector.wait_for("reading.pages") if span.trace_id == request.trace_id]
    assert [span.parent_span_id for span in statements] == [request.span_id]
    assert attributes(statements[0]) == {"db.system.name": "postgresql", "db.query.summary": "reading.pages"}
    assert statements[0].start_time_unix_nano < statements[0].end_time_unix_nano
    assert collector.paths == {"/v1/traces"}
    assert {"service.name": "openprospect", "deployment.environment.name": "tests"}.items() <= collector.resources[0].items()


def test_a_request_goes_on_in_the_trace_of_its_caller(client, collector, search_id):
    pull(client, search_id, traceparent=f"00-{CALLERS_TRACE}-{CALLERS_SPAN}-01", baggage="person=maria.schmidt@hotel.example")
    spans = collector.wait_for(f"GET {FEED}", count=2)
    [continued] = [span for span in spans if span.trace_id.hex() == CALLERS_TRACE]
    assert continued.parent_span_id.hex() == CALLERS_SPAN


def test_a_caller_that_does_not_want_to_be_traced_is_not(client, collector, search_id):
    untraced = [pull(client, search_id, traceparent=f"00-{CALLERS_TRACE}-{CALLERS_SPAN}-00") for _ in range(5)]
    before = len(collector.named(f"GET {FEED}"))
    traced = [pull(client, search_id) for _ in range(5)]
    spans = collector.wait_for(f"GET {FEED}", count=before + 5)
    told = {attributes(span)["openprospect.request_id"] for span in spans}
    assert told >= {answer.headers["x-request-id"] for answer in traced}
    assert told.isdisjoint(answer.headers["x-request-id"] for answer in untraced)


def test_a_poll_has_its_statement_in_its_span_although_others_may_share_it(client, collector, search_id):
    before = len(collector.named(f"GET {FEED}"))
    polls = [pull(client, search_id, **{"if-none-match": 'W/"older"'}) for _ in range(3)]
    requests = [of_the_request(collector.wait_for(f"GET {FEED}", count=before + 3), poll) for poll in polls]
    statements = {span.parent_span_id for span in collector.wait_for("reading.polls", count=3)}
    assert statements == {request.span_id for request in requests}


@pytest.mark.parametrize("status", [204, 503])
def test_a_webhook_message_is_a_span_that_its_receiver_can_go_on_from(client, collector, receiver, status):
    receiver.behave = lambda _request: Reply(status)
    made = client.post("/webhooks", json={"url": receiver.url("/hook?token=hush")}).json()
    before = len(collector.named("webhook webhook.test"))
    client.post(f"/webhooks/{made['id']}/test")
    span = collector.wait_for("webhook webhook.test", count=before + 1)[-1]
    sent = receiver.requests[-1]
    known_as, _, flags = sent.headers["traceparent"].rpartition("-")
    assert known_as == f"00-{span.trace_id.hex()}-{span.span_id.hex()}"
    assert int(flags, 16) & 1, "sampled"
    assert {"server.address": "127.0.0.1", "http.response.status_code": status}.items() <= attributes(span).items()
    assert attributes(span)["openprospect.message_id"] == sent.id
    assert (span.status.code == Status.STATUS_CODE_ERROR) is (status == 503)


def test_nothing_that_anybody_sent_is_told(client, collector, search_id, key):
    client.get("/prospects", params={"email": MARIA["email"]})
    client.get(f"/no/such/path/{MARIA['email']}")
    client.post("/erasures", json={"email": MARIA["email"]})
    collector.wait_for("POST /api/v1/erasures")
    told = b"".join(collector.bodies).lower()
    for word in ("maria", "schmidt", "grand hotel", "crm-1", key, "bearer", "select ", "hush", search_id, "2026-02-25"):
        assert word.lower().encode() not in told, word


def test_nobody_pays_for_traces_that_nobody_wants():
    program = "import sys; from openprospect.server import app; app.create_app('postgresql:///x'); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert "openprospect.server.app" in done.stdout.split()
    costly = ("opentelemetry.sdk", "opentelemetry.trace", "opentelemetry.exporter", "requests", "google.protobuf")
    assert [name for name in done.stdout.split() if name.startswith(costly)] == []


@pytest.mark.parametrize(
    ("environment", "is_wanted"),
    [
        ({}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318"}, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://c:4318/v1/traces"}, True),
        ({"OTEL_TRACES_EXPORTER": "otlp"}, True),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318", "OTEL_TRACES_EXPORTER": "none"}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318", "OTEL_SDK_DISABLED": "true"}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}, True),
        ({"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": "http://c:4318"}, False),
    ],
)
def test_the_usual_variables_decide(environment: dict[str, str], is_wanted: bool):
    assert wants_traces(environment) is is_wanted


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"OTEL_TRACES_EXPORTER": "zipkin"}, "zipkin"),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4317", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, "4318"),
    ],
)
def test_what_cannot_be_is_refused_by_name(environment: dict[str, str], said: str):
    with pytest.raises(Misconfigured, match=said):
        wants_traces(environment)


def test_without_the_extra_the_command_says_what_to_install(site: Site, tmp_path: Any):
    hidden = tmp_path / "opentelemetry"
    hidden.mkdir()
    (hidden / "__init__.py").write_text("raise ModuleNotFoundError")
    environment = site.environment | {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9", "PYTHONPATH": str(tmp_path)}
    ended = site.run("serve", environment=environment, expected=2)
    assert "openprospect[otel]" in ended.complaint
