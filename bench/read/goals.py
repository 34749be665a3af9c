"""What the read path is meant to reach, as ratios within one run."""

from collections.abc import Iterator

from bench.model import Goal
from bench.read import pgbench
from bench.read.measuring import ALONE, P99, Samples, cpu, rate
from bench.read.subjects import BARE, DJANGO, FASTAPI, OURS

_OVER_PEERS = {
    FASTAPI: {"first page": 25, "deep page": 25, "delivered_since": 20},
    DJANGO: {"first page": 25, "deep page": 25, "delivered_since": 25},
}
_ONE_STATEMENT = ("first page", "deep page", "delivered_since")


def goals(samples: Samples) -> list[Goal]:
    """Those whose subjects took part."""
    return [*_over_peers(samples), *_near_limits(samples), *_flat(samples), *_quick(samples)]


def _over_peers(samples: Samples) -> Iterator[Goal]:
    for peer, wanted in _OVER_PEERS.items():
        for case, times in wanted.items():
            if samples.has(case, OURS, peer):
                measured = samples.ratio((case, OURS), (case, peer), rate)
                yield Goal(name=f"{case}: requests/s ÷ {peer}", measured=measured, at_least=times)


def _near_limits(samples: Samples) -> Iterator[Goal]:
    for case in _ONE_STATEMENT:
        measured = samples.ratio((case, OURS), (case, pgbench.NAME), rate)
        yield Goal(name=f"{case}: requests/s ÷ pgbench", measured=measured, at_least=0.35)
    for case in (*_ONE_STATEMENT, "next link"):
        measured = samples.ratio((case, OURS), (case, BARE), cpu)
        yield Goal(name=f"{case}: CPU ÷ bare ASGI", measured=measured, at_most=1.6)


def _flat(samples: Samples) -> Iterator[Goal]:
    yield Goal(name="CPU, deep page ÷ first page", measured=samples.ratio(("deep page", OURS), ("first page", OURS), cpu), at_most=1.15)
    yield Goal(name="CPU, deep page ÷ early page", measured=samples.ratio(("deep page", OURS), ("early page", OURS), cpu), at_most=1.15)
    measured = samples.ratio(("empty poll", OURS), ("delivered_since", OURS), rate)
    yield Goal(name="requests/s, empty poll ÷ full page", measured=measured, at_least=1.8)


def _quick(samples: Samples) -> Iterator[Goal]:
    for case in (*_ONE_STATEMENT, "next link"):
        yield Goal(name=f"{case}: p50 ms of one connection", measured=samples.value(case, OURS, ALONE), at_most=1)
        yield Goal(name=f"{case}: p99 ms of 16 connections", measured=samples.value(case, OURS, P99), at_most=20)
