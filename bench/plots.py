"""Draws the plots of a record as SVG. Runs in bench/.venv, where matplotlib is: python bench/plots.py RECORD.json FOLDER."""

import json
import sys
from pathlib import Path
from textwrap import fill
from typing import Any

import matplotlib as mpl
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

_STYLE = {
    "svg.hashsalt": "openprospect",  # the same data gives the same file
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "grid.color": "#dddddd",
    "axes.axisbelow": True,
    "axes.prop_cycle": mpl.cycler(color=["#2166ac", "#f4a582", "#92c5de", "#b2182b", "#7f7f7f", "#4d9221", "#c2a5cf"]),
}


def main(path: Path, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    mpl.use("svg")
    mpl.rcParams.update(_STYLE)
    record = json.loads(path.read_bytes())
    for plot in record["outcome"]["plots"]:
        figure, axes = plt.subplots(figsize=(9, 4.5), layout="constrained")
        (bars if plot["bars"] else lines)(axes, plot)
        axes.set(title=plot["title"], xlabel=plot["x_label"], ylabel=plot["y_label"])
        if plot["is_logarithmic"]:
            axes.set_yscale("log")
            for axis_formatter in (axes.yaxis.set_major_formatter, axes.yaxis.set_minor_formatter):
                axis_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        else:
            axes.set_ylim(bottom=0)
        axes.legend(frameon=False)
        figure.savefig(folder / f"{record['suite']}-{plot['name']}.svg", metadata={"Date": None})
        plt.close(figure)


def bars(axes: Axes, plot: dict[str, Any]) -> None:
    """A group of bars a category, or one pile."""
    count = len(plot["bars"])
    width = 0.7 if plot["is_stacked"] else 0.8 / count
    piles = [0.0] * len(plot["categories"])
    for place, (label, values) in enumerate(plot["bars"].items()):
        shift = 0 if plot["is_stacked"] else (place - (count - 1) / 2) * width
        drawn = axes.bar([x + shift for x in range(len(values))], values, width, bottom=piles if plot["is_stacked"] else None, label=label)
        if plot["is_stacked"]:
            piles = [pile + value for pile, value in zip(piles, values, strict=True)]
        else:
            axes.bar_label(drawn, fmt="%.3g", padding=2, fontsize=8)
    axes.set_xticks(range(len(plot["categories"])), [fill(category, 16) for category in plot["categories"]])


def lines(axes: Axes, plot: dict[str, Any]) -> None:
    """A line a series; but for time, x spans decades and is logarithmic."""
    colours: dict[str, str] = {}
    for label, points in plot["lines"].items():
        case, _, variant = label.partition(", ")
        colour = colours.setdefault(case, f"C{len(colours)}")
        style = "--" if variant else "-"  # a variant has the colour of what it varies
        marker = "" if plot.get("is_time") else "o"
        axes.plot([x for x, _ in points], [y for _, y in points], color=colour, linestyle=style, marker=marker, label=label)
    if plot.get("is_time"):
        return
    axes.set_xscale("symlog", linthresh=1)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
