"""A bar chart as plain SVG shapes: the geometry is worked out here, the drawing is a template's."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from openprospect.server.console.model import Hour

WIDTH, HEIGHT = 720, 120
_GAP = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    x: float
    y: float
    width: float
    height: float
    begins_at: datetime
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """Bars in a box of WIDTH by HEIGHT, from the left."""

    bars: tuple[Bar, ...]
    step: timedelta
    total: int
    peak: int
    width: int = WIDTH
    height: int = HEIGHT


def beginning(now: datetime, *, step: timedelta, count: int) -> datetime:
    """Where the first of so many whole hours or days up to now begins."""
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + (now - midnight) // step * step - (count - 1) * step


def bars(counts: Sequence[Hour], *, since: datetime, step: timedelta, count: int) -> Chart:
    """One bar for each step, also where nothing was delivered."""
    found = {hour.begins_at: hour.deliveries for hour in counts}
    moments = [since + index * step for index in range(count)]
    values = [found.get(moment, 0) for moment in moments]
    peak = max(values)
    wide = WIDTH / count
    drawn = tuple(
        Bar(
            x=round(index * wide + wide * _GAP / 2, 2),
            y=round(HEIGHT - _tall(value, peak), 2),
            width=round(wide * (1 - _GAP), 2),
            height=round(_tall(value, peak), 2),
            begins_at=moment,
            count=value,
        )
        for index, (moment, value) in enumerate(zip(moments, values, strict=True))
    )
    return Chart(bars=drawn, step=step, total=sum(values), peak=peak)


def _tall(value: int, peak: int) -> float:
    """In proportion, but what is there at all can be seen."""
    return max(HEIGHT * value / peak, 2) if value else 0
