"""The seconds of a machine."""

import subprocess
import sys

import pytest

PROGRAM = """
import time
from openprospect.server.feed.clock import Clock
print(Clock().now() - time.monotonic())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets a test have been suspended")
def test_a_machine_that_was_suspended_has_counted_meanwhile():
    suspended = ["unshare", "--user", "--map-root-user", "--time", "--fork", "--boottime", "1000"]
    done = subprocess.run([*suspended, sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=60, check=False)
    if done.stderr.startswith("unshare:"):
        pytest.skip(f"a clock of its own takes a user namespace, which is not to be had here: {done.stderr.strip()}")
    assert done.stderr == ""
    assert float(done.stdout) >= 999
