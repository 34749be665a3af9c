"""How long the tests of this folder look for trouble: a little at every run, long with HYPOTHESIS_PROFILE=long."""

import os

from hypothesis import HealthCheck, settings

EFFORT = settings(
    max_examples=5_000 if os.environ.get("HYPOTHESIS_PROFILE") == "long" else 60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
