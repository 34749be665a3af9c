"""The search for cyclic garbage, as suits work on batches."""

import gc

_OBJECTS = 50_000


def seek_seldom() -> None:
    """Hundreds of thousands of objects make a batch, none of them in a circle: to look through them took a tenth of a run's CPU time."""
    gc.set_threshold(_OBJECTS)
