"""Everything at once, for long: consumers with the delivery page's own loop, producers, erasures and pushes; then everybody is compared.

Whoever ends up with anything else than the feed, and an answer that is neither right nor an honest 429 or 503, fails the suite.
"""

import asyncio
import tempfile
from pathlib import Path

import uvloop

from bench.database import server_pid
from bench.model import Goal, Outcome, Plot, Size
from bench.service import serving
from bench.soak.caller import Tally
from bench.soak.crowd import Crowd, Soaked
from bench.soak.town import SECRET_KEY, soak
from bench.soak.watch import courses
from openprospect.demo.service import COMMAND
from openprospect.server.db.embedded import temporary
from openprospect.server.db.migrate import migrate
from tests.webhooks.receiver import Receiver

_SMOKE = Crowd(searches=2, consumers=8, producers=4, companies=60, seconds=4.0)
_WORKERS = 2


def run(size: Size) -> Outcome:
    """The number of companies is this suite's own; how long it runs is said in minutes."""
    crowd = _SMOKE if size.is_smoke else Crowd(seconds=size.minutes * 60)
    with temporary() as dsn, tempfile.TemporaryDirectory() as folder, Receiver().listening() as receiver:
        asyncio.run(migrate(dsn))
        environment = {"OPENPROSPECT_DATABASE_URL": dsn, "OPENPROSPECT_SECRET_KEY": SECRET_KEY, "OPENPROSPECT_WEBHOOK_ALLOW_PRIVATE": "1"}
        command = [COMMAND, "serve", "--port", "{port}", "--workers", str(_WORKERS), "--no-migrate"]
        with serving(command, environment=environment, log=Path(folder) / "service.log") as service:
            soaked = uvloop.run(soak(dsn, service, receiver, crowd, server_pid=asyncio.run(server_pid(dsn))))
    return _outcome(crowd, soaked)


def _outcome(crowd: Crowd, soaked: Soaked) -> Outcome:
    found = courses(soaked.series)
    setting = (
        f"{crowd.consumers} consumers, {crowd.producers} producers and {crowd.searches} searches of {crowd.companies} companies for "
        f"{crowd.seconds / 60:.3g} minutes, {_WORKERS} workers. Consumers page by `offset` and go on with `delivered_since` about once a "
        "second, one run in fifty from the beginning; producers deliver, deliver again and withdraw; people are erased, and events pushed. "
        "Every key has a limit, so that requests are counted. At the end, what each consumer holds was compared with the feed, company by "
        "company."
    )
    growing = [course for name, course in found.items() if name.startswith("memory of worker")]
    holding = [course for name, course in found.items() if not name.startswith("memory")]
    goals = [
        Goal(name="answers that are neither right nor an honest 429 or 503", measured=sum(soaked.faults.values()), at_most=0),
        Goal(name="consumers whose state is not the feed's", measured=soaked.drifted, at_most=0),
        Goal(name="companies whose last event has not arrived", measured=soaked.events_missing, at_most=0),
        Goal(name="memory of a worker, end / middle", measured=max(course.end / course.middle for course in growing), at_most=1.05),
        Goal(name="open files or connections, end / middle", measured=max(course.end / course.middle for course in holding), at_most=1.05),
    ]
    unmet = [f"{goal.name}: {goal.measured:g}" for goal in goals[:3] if not goal.is_met]
    if unmet:
        raise SystemExit("\n".join([*unmet, *(f"{count} times {fault}" for fault, count in soaked.faults.most_common(20))]))
    memory = {name.removesuffix(", MiB"): points for name, points in soaked.series.items() if name.startswith("memory")}
    plot = Plot(name="memory", title="Memory while everything runs", y_label="MiB", x_label="minutes", lines=memory, is_time=True)
    figures = [course.figure(name) for name, course in found.items()]
    return Outcome(setting=setting, figures=figures, goals=goals, plots=[plot], notes=_notes(soaked))


def _notes(soaked: Soaked) -> list[str]:
    made = f"{soaked.delivered:,} companies delivered or delivered again, {soaked.erased:,} people erased"
    return [
        f"Consumers: {_told(soaked.reading)}.",
        f"Producers: {_told(soaked.writing)}; {made}.",
        f"Pushes: {soaked.events:,} events received, their signatures verified; every company's last one is the feed's.",
    ]


def _told(tally: Tally) -> str:
    ordered = sorted(tally.seconds)
    middle, late = (ordered[int(len(ordered) * share)] * 1000 for share in (0.5, 0.99))
    return f"{len(ordered):,} requests, p50 {middle:.1f} ms, p99 {late:.0f} ms, {tally.put_off:,} put off by 429 or 503"
