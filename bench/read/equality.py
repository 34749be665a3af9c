"""Before anything is timed: whoever is measured gives the same page to the same question."""

from collections.abc import Sequence
from typing import Any

import msgspec

from bench.load import WrongAnswer
from bench.read.cases import deep_offset
from bench.read.data import Data
from bench.read.subjects import CONSTANT, Subject
from bench.service import fetch


def check_equal(data: Data, subjects: Sequence[Subject]) -> None:
    """Raises WrongAnswer that says where two differ. The limits have no totals of their own, so theirs are not compared."""
    first, *others = [subject for subject in subjects if subject.name != CONSTANT]
    for offset, since in ((0, None), (deep_offset(data.main), None), (0, data.main.near_head)):
        expected = _page(data, first, offset, since)
        for subject in others:
            found = _page(data, subject, offset, since)
            differing = [name for name in found if found[name] != expected[name] and name in subject.compared]
            if differing or not found["items"]:
                raise WrongAnswer(f"{subject.name} differs from {first.name} at offset {offset}, since {since}: {', '.join(differing)}")


def _page(data: Data, subject: Subject, offset: int, since: str | None) -> dict[str, Any]:
    url = subject.service.base_url + subject.page(data.main, offset, since)
    page: dict[str, Any] = msgspec.json.decode(fetch(url, {"Authorization": f"Bearer {data.keys[0]}"}))
    return page
