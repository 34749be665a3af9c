"""The load generator: what it counts, what it leaves out, and that it never takes a wrong answer for a quick one."""

from collections import Counter
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from bench import load
from bench.load import WrongAnswer, companies_in

PAGE = b'{"items":[{"delivered_at":"1"},{"delivered_at":"2"}]}'


@contextmanager
def server(asked):
    """Answers a page of two companies to everything but /lost, and notes what it was asked."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            asked[self.path] += 1
            self.send_response(404 if self.path == "/lost" else 200)
            self.send_header("Content-Length", str(len(PAGE)))
            self.end_headers()
            self.wfile.write(PAGE)

        def log_message(self, *_):
            """Silence."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        Thread(target=listening.serve_forever, daemon=True).start()
        yield listening.server_address[1]
        listening.shutdown()


def get(path):
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()


def pages(*paths):
    """A script that insists on success and on two companies."""
    for path in paths:
        answer = yield get(path)
        if answer.status != 200 or companies_in(answer) != 2:
            raise WrongAnswer(f"{answer.status} for {path}")


def measured(port, *scripts, prelude=0):
    return load.run(port, scripts, seconds=30, prelude=prelude, meters={"nothing": lambda: 0.0})


def test_what_leads_to_a_case_is_asked_for_and_not_counted():
    asked: Counter[str] = Counter()
    with server(asked) as port:
        done = measured(port, pages("/begin", "/a", "/b", "/c"), prelude=1)
    assert asked == {"/begin": 1, "/a": 1, "/b": 1, "/c": 1}
    assert (done.requests, done.companies) == (3, 6)


def test_a_measurement_ends_for_all_when_one_script_has_no_more():
    asked: Counter[str] = Counter()
    with server(asked) as port:
        done = measured(port, pages("/short"), pages(*["/long"] * 200, "/lost"))
    assert asked["/short"] == 1
    assert done.requests == asked.total()


def test_a_wrong_answer_ends_the_measurement():
    with server(Counter()) as port, pytest.raises(WrongAnswer, match="404 for /lost"):
        measured(port, pages("/a", "/lost", "/b"))


def test_a_script_that_ends_before_anything_counts_is_refused():
    with server(Counter()) as port, pytest.raises(WrongAnswer, match="too small"):
        measured(port, pages("/begin"), prelude=1)


def test_percentiles_are_those_of_the_answers():
    done = load.Load(seconds=1, latencies=[0.004, 0.001, 0.003, 0.002], companies=0, cpu_seconds={})
    assert (done.percentile(0.5), done.percentile(0.99)) == (0.003, 0.004)
