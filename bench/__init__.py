"""The numbers: `python -m bench` measures this project, its peers and its limits, and writes what it saw to `bench/results`.

A suite is a module `bench.NAME`, or a package, with

    def run(size: Size) -> Outcome

and its name in `bench.suites.SUITES`. It starts what it needs, stops it again, takes turns between the subjects, and answers
figures, goals and plots; running, writing and drawing them is done for it. Under `Size.is_smoke` it takes a few seconds: CI
runs it so. What a suite needs beside the project stands in `bench/requirements.txt`, installed into `bench/.venv`, which need
not exist: what is missing there is left out, with a note in the outcome.
"""
