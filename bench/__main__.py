"""Measures, and writes what it saw: records into bench/results, the newest of all, with plots, into the page on performance.

make bench                                    everything, at the default size
.venv/bin/python -m bench --only read,export  these suites alone
.venv/bin/python -m bench --companies 1000000
.venv/bin/python -m bench --only soak --minutes 2
.venv/bin/python -m bench --smoke             seconds, to see that it runs; its figures mean nothing and are kept nowhere
"""

import argparse
import subprocess
import tempfile
import time
import traceback
from pathlib import Path

import msgspec

from bench import machine
from bench.model import PEERS_PYTHON, SMOKE, Record, Size
from bench.report import markdown, write_page
from bench.suites import SUITES, load

_RESULTS = machine.ROOT / "bench" / "results"
_PLOTS = machine.ROOT / "docs" / "plots"
_PAGE = machine.ROOT / "docs" / "explanation" / "performance.md"


def main() -> None:
    arguments = _arguments()
    names = arguments.only.split(",") if arguments.only else list(SUITES)
    unknown = sorted(set(names) - set(SUITES))
    if unknown:
        raise SystemExit(f"There is no suite {', '.join(unknown)}; those there are: {', '.join(SUITES)}.")
    if arguments.smoke:
        with tempfile.TemporaryDirectory() as folder:
            for name in names:
                _draw(_measure(name, SMOKE, Path(folder)), Path(folder))
        return
    size = Size(companies=arguments.companies, rounds=arguments.rounds, seconds=arguments.seconds, minutes=arguments.minutes)
    failed = [] if arguments.page else _measure_all(names, size)
    _write_page()
    if failed:
        raise SystemExit(f"These could not be measured, and keep their records of before: {', '.join(failed)}.")


def _measure_all(names: list[str], size: Size) -> list[str]:
    """One suite after the other; answers those that failed, which is no reason to lose the others."""
    failed = []
    for name in names:
        try:
            _measure(name, size, _RESULTS)
        except (Exception, SystemExit):  # noqa: BLE001  # told here, and again at the end
            traceback.print_exc()
            failed.append(name)
    return failed


def _measure(name: str, size: Size, folder: Path) -> Path:
    """Run a suite, write its record, print its tables; answers where the record is."""
    where, taken_at, started = machine.machine(), machine.now(), time.monotonic()
    outcome = load(name)(size)
    record = Record(
        suite=name,
        title=SUITES[name],
        taken_at=taken_at,
        seconds=time.monotonic() - started,
        commit=machine.commit(),
        machine=where,
        versions=machine.versions(),
        size=size,
        outcome=outcome,
    )
    folder.mkdir(exist_ok=True)
    path = folder / f"{name}.json"
    path.write_bytes(msgspec.json.format(msgspec.json.encode(record)) + b"\n")
    print(markdown(record, pictures="."), end="\n\n", flush=True)
    return path


def _write_page() -> None:
    """The newest record of every suite, with its plots."""
    paths = sorted(_RESULTS.glob("*.json"))
    for path in paths:
        _draw(path, _PLOTS)
    write_page(_PAGE, [msgspec.json.decode(path.read_bytes(), type=Record) for path in paths], pictures="../plots")
    print(f"Written: {_RESULTS}, {_PLOTS} and {_PAGE}")


def _draw(path: Path, folder: Path) -> None:
    if PEERS_PYTHON.exists():
        subprocess.run([PEERS_PYTHON, machine.ROOT / "bench" / "plots.py", path, folder], check=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    default = Size()
    parser.add_argument("--only", help=f"any of {', '.join(SUITES)}, with commas")
    parser.add_argument("--companies", type=int, default=default.companies)
    parser.add_argument("--rounds", type=int, default=default.rounds)
    parser.add_argument("--seconds", type=float, default=default.seconds, help="of load in each measurement")
    parser.add_argument("--minutes", type=float, default=default.minutes, help="of the soak")
    parser.add_argument("--smoke", action="store_true", help="the smallest size")
    parser.add_argument("--page", action="store_true", help="measure nothing; draw the plots and write the page anew from the records")
    return parser.parse_args()


if __name__ == "__main__":
    main()
