"""Records as Markdown: a table of figures, the goals beside what was measured, and the plots. Nothing is rounded away silently."""

from collections.abc import Iterable
from pathlib import Path

from bench.model import Figure, Goal, Record
from bench.suites import SUITES

BEGIN, END = "<!-- results: written by python -m bench -->", "<!-- end of results -->"


def markdown(record: Record, *, pictures: str) -> str:
    """One suite's section; `pictures` is the folder of the plots, as seen from the page."""
    outcome = record.outcome
    parts = [f"### {record.title}", f"{outcome.setting}"]
    parts += [_goals(outcome.goals)] if outcome.goals else []
    parts += [_figures(outcome.figures)] if outcome.figures else []
    parts += ["\n".join(f"- {note}" for note in outcome.notes)] if outcome.notes else []
    parts += [f"![{plot.title}]({pictures}/{record.suite}-{plot.name}.svg)" for plot in outcome.plots]
    parts += [_where(record)]
    return "\n\n".join(parts)


def write_page(page: Path, records: Iterable[Record], *, pictures: str) -> None:
    """Put the newest records between the two marks of a page; what stands around them is left alone."""
    before, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    _, mark, after = rest.partition(END)
    if not mark:
        raise SystemExit(f"{page} needs the lines {BEGIN!r} and {END!r}, between which the results go.")
    order = list(SUITES)
    sections = [markdown(record, pictures=pictures) for record in sorted(records, key=lambda record: order.index(record.suite))]
    page.write_text("\n\n".join([before + BEGIN, *sections, END]) + after, encoding="utf-8")


def _goals(goals: list[Goal]) -> str:
    lines = ["| ratio | measured | goal | |", "|---|---|---|---|"]
    lines += [f"| {goal.name} | **{number(goal.measured)}** | {_bound(goal)} | {'met' if goal.is_met else 'not met'} |" for goal in goals]
    return "\n".join(lines)


def _bound(goal: Goal) -> str:
    bounds = [("≥", goal.at_least), ("≤", goal.at_most)]
    return ", ".join(f"{sign} {number(bound)}" for sign, bound in bounds if bound is not None)


def _figures(figures: list[Figure]) -> str:
    columns = list(dict.fromkeys(name for figure in figures for name in figure.values))
    lines = ["| case | | " + " | ".join(columns) + " |", "|---|---|" + "---:|" * len(columns)]
    for figure in figures:
        cells = [number(figure.values[name]) if name in figure.values else "" for name in columns]
        lines.append(f"| {figure.case} | {figure.subject} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _where(record: Record) -> str:
    machine = ", ".join(f"{name} {value}" for name, value in record.machine.items())
    versions = ", ".join(f"{name} {value}" for name, value in record.versions.items())
    return f"*{record.taken_at}, commit {record.commit}, {record.seconds:.0f} s; {machine}; {versions}.*"


def number(value: float) -> str:
    """Three significant digits, thousands set apart."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
