"""What a suite is given and what it gives back. Nothing here measures."""

from pathlib import Path

import msgspec

PEERS_PYTHON = Path(__file__).resolve().parent / ".venv" / "bin" / "python"
"""Where the peers' packages are, if they are: `make bench` installs them, `bench/requirements.txt` names them."""


class Size(msgspec.Struct, frozen=True, kw_only=True):
    """How much to measure: companies in all, rounds to take the median of, seconds of load in each measurement, minutes of a soak."""

    companies: int = 100_000
    rounds: int = 3
    seconds: float = 1.5
    minutes: float = 30.0
    is_smoke: bool = False


SMOKE = Size(companies=3_000, rounds=1, seconds=0.05, is_smoke=True)


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """What one subject did in one case: medians over the rounds, under names that say the unit (`requests/s`, `CPU ms/request`)."""

    case: str
    subject: str
    values: dict[str, float]


class Goal(msgspec.Struct, frozen=True, kw_only=True):
    """A ratio of this very run, beside what it is meant to be. Both bounds may be given."""

    name: str
    measured: float
    at_least: float | None = None
    at_most: float | None = None

    @property
    def is_met(self) -> bool:
        return (self.at_least is None or self.measured >= self.at_least) and (self.at_most is None or self.measured <= self.at_most)


class Plot(msgspec.Struct, frozen=True, kw_only=True):
    """A picture as data. Bars: a value a category for each series, stacked or side by side. Lines: x, y pairs for each series, over time
    or over what spans decades.
    """

    name: str
    title: str
    y_label: str
    x_label: str = ""
    categories: list[str] = []
    bars: dict[str, list[float]] = {}
    lines: dict[str, list[tuple[float, float]]] = {}
    is_stacked: bool = False
    is_logarithmic: bool = False
    is_time: bool = False


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """All that a suite saw. `setting` says what was measured, how much of it; `notes` what was left out, and why."""

    setting: str
    figures: list[Figure] = []
    goals: list[Goal] = []
    plots: list[Plot] = []
    notes: list[str] = []


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """An outcome as it lies in `bench/results`: with its date, and the machine and versions that it holds for."""

    suite: str
    title: str
    taken_at: str
    seconds: float
    commit: str
    machine: dict[str, str]
    versions: dict[str, str]
    size: Size
    outcome: Outcome
