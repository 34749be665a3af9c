"""The read path beside its peers and its limits: pages by offset, by time and by link, empty polls; depth and size."""

import asyncio
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from bench.database import server_pid
from bench.model import Goal, Outcome, Size
from bench.processes import resident_mebibytes
from bench.read import curves, pgbench
from bench.read.cases import CASES, Case
from bench.read.data import CONSUMERS, build
from bench.read.equality import check_equal
from bench.read.goals import goals
from bench.read.measuring import Ground, Samples, values_of
from bench.read.normalised import make_databases
from bench.read.subjects import PEERS, Subject, has_peers, running
from bench.read.telling import notes, page_plots, setting
from openprospect.server.db.embedded import temporary


def run(size: Size) -> Outcome:
    """Build, check that all give the same pages, then measure in turns."""
    with temporary() as dsn, tempfile.TemporaryDirectory() as folder:
        data = asyncio.run(build(dsn, size.companies))
        databases = asyncio.run(make_databases(data, PEERS)) if has_peers() else {}
        ground = Ground(data=data, database_pid=asyncio.run(server_pid(dsn)), seconds=size.seconds)
        with running(data, databases, Path(folder)) as subjects:
            check_equal(data, subjects)
            return _measure(ground, subjects, size)


def _measure(ground: Ground, subjects: Sequence[Subject], size: Size) -> Outcome:
    pages, depths, sizes = Samples(), Samples(), Samples()
    ours, *_ = subjects
    walkers = [subject for subject in subjects if subject.walks]
    if not size.is_smoke:  # connections, plans and code paths that only the first requests pay for
        _round(replace(ground, seconds=size.seconds / 8), subjects, Samples())
    memory = [resident_mebibytes(ours.service.pid)]
    for _ in range(size.rounds):
        _round(ground, subjects, pages)
        curves.by_offset(ground, walkers, depths)
        curves.by_size(ground, ours, sizes)
        memory.append(resident_mebibytes(ours.service.pid))
    flat_memory = Goal(name="memory of the worker, after the last round ÷ after the first", measured=memory[-1] / memory[1], at_most=1.1)
    return Outcome(
        setting=setting(ground.data, size, memory),
        figures=pages.figures(),
        goals=[*goals(pages), *curves.size_goals(ground, sizes), flat_memory],
        plots=[*page_plots(pages, subjects), curves.offset_plot(ground, walkers, depths), curves.size_plot(ground, sizes)],
        notes=notes(subjects),
    )


def _round(ground: Ground, subjects: Sequence[Subject], samples: Samples) -> None:
    """Every case at everybody who has an answer to it, with many connections and with one."""
    for case in CASES:
        for subject in subjects:
            if case.name in subject.cases:
                crowd = ground.visit(subject, case, connections=CONSUMERS)
                alone = ground.visit(subject, case, connections=1, seconds=ground.seconds / 2)
                samples.add(case.name, subject.name, values_of(crowd, alone))
        if case.name in pgbench.calls(ground.data):
            samples.add(case.name, pgbench.NAME, _statement(ground, case))


def _statement(ground: Ground, case: Case) -> dict[str, float]:
    taken = []
    for connections in (CONSUMERS, 1):
        ground.begin(case, ground.data.main)
        taken.append(pgbench.run(ground.data, case.name, connections=connections, seconds=ground.seconds, meter=ground.database_cpu))
    crowd, alone = taken
    return values_of(crowd, alone)
