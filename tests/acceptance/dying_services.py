"""Two ports that answer like services of which one dies over a request: the first to come, wherever it goes, gets no answer."""

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Services:
    """`arrived` are the requests that reached either; `ports`, where they are."""

    def __init__(self, *, dies: bool, seconds: float) -> None:
        self.arrived: list[str] = []
        self.ports: list[int] = []
        self._dies = dies
        self._seconds = seconds

    def answers(self, method: str) -> bool:
        """Whether this request gets an answer."""
        self.arrived.append(method)
        time.sleep(self._seconds)
        return len(self.arrived) > 1 or not self._dies


@contextmanager
def two_services(*, dies: bool = True, seconds: float = 0.0) -> Iterator[Services]:
    """Each takes so many seconds over a request."""
    services = Services(dies=dies, seconds=seconds)

    class Handler(BaseHTTPRequestHandler):
        def handle_one_request(self) -> None:
            self.raw_requestline = self.rfile.readline()
            if self.raw_requestline and self.parse_request():
                self.close_connection = True
                self.rfile.read(int(self.headers["Content-Length"] or 0))
                if services.answers(self.command):
                    self.send_response(204)
                    self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # as the base class has it
            """Nowhere."""

    with ExitStack() as stack:
        for _ in range(2):
            server = stack.enter_context(ThreadingHTTPServer(("127.0.0.1", 0), Handler))
            stack.callback(server.shutdown)
            threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
            services.ports.append(server.server_port)
        yield services
