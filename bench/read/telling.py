"""What the read suite saw, told: the plots of pages, and in words what was measured and what was not."""

from collections.abc import Sequence

from bench.model import Plot, Size
from bench.read import pgbench
from bench.read.cases import DEEP_SHARE
from bench.read.data import CONSUMERS, PAGE, Data
from bench.read.measuring import DATABASE_CPU, SERVICE_CPU, Samples
from bench.read.subjects import OURS, Subject

_PLOTTED = ("first page", "deep page", "delivered_since")


def page_plots(samples: Samples, subjects: Sequence[Subject]) -> list[Plot]:
    peers = [subject.name for subject in subjects if subject.is_peer]
    statement = [*(subject.name for subject in subjects if samples.has("delivered_since", subject.name)), pgbench.NAME]
    ratios = Plot(
        name="ratios",
        title="Requests a second, as a multiple of each peer's",
        y_label="times the peer's rate",
        categories=list(_PLOTTED),
        bars={
            f"÷ {peer}": [samples.value(case, OURS, "requests/s") / samples.value(case, peer, "requests/s") for case in _PLOTTED]
            for peer in peers
        },
    )
    costs = Plot(
        name="cpu",
        title="CPU of one page, delivered_since near the head",
        y_label="CPU ms a request",
        categories=statement,
        bars={name: [samples.value("delivered_since", subject, name) for subject in statement] for name in (SERVICE_CPU, DATABASE_CPU)},
        is_stacked=True,
    )
    return [ratios, costs] if peers else [costs]


def setting(data: Data, size: Size, memory: Sequence[float]) -> str:
    """`memory` is the service's, before the first round and after each."""
    parts = [
        f"{size.companies:,} companies with three people each in 20 searches, {data.main.total:,} of them in the one that is measured.",
        f"Pages of {PAGE}.",
        f"Deep pages are the last {1 - DEEP_SHARE:.0%} of a walk.",
        f"{CONSUMERS} connections, each a consumer with its own key; every service has one worker, Django two.",
        f"Medians of {size.rounds} rounds of {size.seconds:g} s a case and subject, taken in turns.",
        "All share the machine and one PostgreSQL, and have the same content: their pages were compared before anything was timed.",
        "The generator's own CPU is in the table, and in no ratio.",
        f"Memory of the service: {memory[0]:.0f} MiB at the start, {memory[1]:.0f} after the first round, {memory[-1]:.0f} after the last.",
    ]
    return " ".join(parts)


def notes(subjects: Sequence[Subject]) -> list[str]:
    """What did not take part."""
    took_part = any(subject.is_peer for subject in subjects)
    return [] if took_part else ["The peers did not take part: `make bench` installs them into bench/.venv."]
