"""How often Python's cyclic garbage collector runs, set for programs that work on large batches."""

import gc

_OBJECTS = 50_000


def collect_rarely() -> None:
    """A batch is hundreds of thousands of objects without reference cycles: looking through them took a tenth of a run's CPU time."""
    gc.set_threshold(_OBJECTS)
