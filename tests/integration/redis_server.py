"""A real Redis for as long as a block lasts, on a socket of its own."""

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

needs_redis = pytest.mark.skipif(
    shutil.which("redis-server") is None, reason="redis-server is missing; as root: apt-get install -y --no-install-recommends redis-server"
)


@contextmanager
def redis_server() -> Iterator[tuple[str, "subprocess.Popen[bytes]"]]:
    """Its URL, and its process."""
    with tempfile.TemporaryDirectory(prefix="openprospect-redis-") as folder:
        socket = Path(folder) / "redis.sock"
        command = ["redis-server", "--port", "0", "--unixsocket", str(socket), "--save", "", "--dir", folder, "--loglevel", "warning"]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
            deadline = time.monotonic() + 10
            while not socket.exists():
                assert process.poll() is None, "redis-server ended"
                assert time.monotonic() < deadline, "redis-server does not listen"
                time.sleep(0.02)
            try:
                yield f"unix://{socket}", process
            finally:
                process.kill()
