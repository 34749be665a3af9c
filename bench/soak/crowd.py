"""How many take part in a soak, and what came of it."""

from collections import Counter
from dataclasses import dataclass

from bench.soak.caller import Tally


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowd:
    """`companies` are those of each search; they stay as many, so that nothing has a reason to grow."""

    searches: int = 10
    consumers: int = 200
    producers: int = 20
    companies: int = 500
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Soaked:
    """What came of it."""

    reading: Tally
    writing: Tally
    delivered: int
    erased: int
    events: int
    events_missing: int
    drifted: int
    series: dict[str, list[tuple[float, float]]]

    @property
    def faults(self) -> Counter[str]:
        return self.reading.faults + self.writing.faults
