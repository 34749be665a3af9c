"""Whether a page costs the same at any depth and in any feed: CPU a request, by offset and by size."""

from collections.abc import Sequence

from bench.model import Goal, Plot
from bench.read.cases import FIRST, JUMP, SINCE, WALKS, Case, walk_from
from bench.read.data import PAGE
from bench.read.measuring import Ground, Samples, costs_of, cpu
from bench.read.subjects import Subject

_CONNECTIONS = 4
_CASES = (FIRST, WALKS, JUMP, SINCE)


def by_offset(ground: Ground, subjects: Sequence[Subject], samples: Samples) -> None:
    """One round: walks that have come to ever deeper offsets."""
    for offset in _offsets(ground):
        case = _case_at(offset)
        for subject in subjects:
            crowd = ground.visit(subject, case, connections=_CONNECTIONS, seconds=ground.seconds / 2)
            samples.add(case.name, subject.name, costs_of(crowd))


def by_size(ground: Ground, ours: Subject, samples: Samples) -> None:
    """One round: the same cases in feeds of several sizes."""
    for name, feed in ground.data.sized.items():
        for case in _CASES:
            crowd = ground.visit(ours, case, connections=_CONNECTIONS, feed=feed, seconds=ground.seconds / 2)
            samples.add(case.name, name, costs_of(crowd))


def offset_plot(ground: Ground, subjects: Sequence[Subject], samples: Samples) -> Plot:
    points = {
        subject.name: [(float(offset), _cpu(samples, f"offset {offset}", subject.name)) for offset in _offsets(ground)]
        for subject in subjects
    }
    return Plot(
        name="offset",
        title="A page's cost by its offset",
        x_label="offset within a walk",
        y_label="CPU ms a request, service + PostgreSQL",
        lines=points,
        is_logarithmic=True,
    )


def size_plot(ground: Ground, samples: Samples) -> Plot:
    plain = [(name, feed) for name, feed in ground.data.sized.items() if "churned" not in name]
    points = {case.name: sorted((float(feed.total), _cpu(samples, case.name, name)) for name, feed in plain) for case in _CASES}
    churned = [(name, feed) for name, feed in ground.data.sized.items() if "churned" in name]
    points |= {
        f"{case.name}, a fifth churned": sorted((float(feed.total), _cpu(samples, case.name, name)) for name, feed in churned)
        for case in _CASES
    }
    return Plot(
        name="size",
        title="A page's cost by the size of its feed",
        x_label="companies in the feed",
        y_label="CPU ms a request, service + PostgreSQL",
        lines=points,
    )


def size_goals(ground: Ground, samples: Samples) -> list[Goal]:
    """The biggest feed against the smallest; what was churned against the smallest of its kind."""
    plain = [name for name in ground.data.sized if "churned" not in name]
    biggest, smallest = plain[0], plain[-1]
    churned = next(name for name in ground.data.sized if "churned" in name)
    return [
        Goal(
            name=f"{case.name}: CPU in a feed of {name} ÷ of {smallest} companies",
            measured=samples.ratio((case.name, name), (case.name, smallest), cpu),
            at_most=1.15,
        )
        for case in _CASES
        for name in (biggest, churned)
    ]


def _case_at(offset: int) -> Case:
    return walk_from(f"offset {offset}", lambda _feed: offset)


def _offsets(ground: Ground) -> list[int]:
    """From the second page on, times ten."""
    return [offset for offset in (PAGE, PAGE * 10, PAGE * 100, PAGE * 1000, PAGE * 10_000) if offset < ground.data.main.total - 2 * PAGE]


def _cpu(samples: Samples, case: str, subject: str) -> float:
    return cpu({name: samples.value(case, subject, name) for name in samples.taken[case, subject][0]})
