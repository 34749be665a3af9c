"""What a feed should hold and show, as plain dictionaries: no time, no storage, no concurrency."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Entry:
    """A company as of one delivery; entries are numbered in the order of the feed."""

    number: int
    company: str
    version: int
    people: frozenset[str]
    is_removed: bool = False


@dataclass
class FeedModel:
    """One feed: the newest entry of each company, and what was seen of ids and times so far."""

    erased: set[str]
    watermark: str
    current: dict[str, Entry] = field(default_factory=dict)
    number: int = 0
    number_at: dict[str, int] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.number_at[self.watermark] = 0

    def live(self) -> dict[str, Entry]:
        return {company: entry for company, entry in self.current.items() if not entry.is_removed}

    def deliver(self, company: str, version: int, people: frozenset[str]) -> bool:
        """Whether it changed anything."""
        now = self.current.get(company)
        if now and not now.is_removed and (now.version, now.people) == (version, people):
            return False
        self._append(company, version, people)
        return True

    def withdraw(self, company: str) -> None:
        self._append(company, self.current[company].version, frozenset(), is_removed=True)

    def erase(self, person: str) -> None:
        for entry in sorted(self.current.values(), key=lambda entry: entry.number):
            if person in entry.people:
                self._append(entry.company, entry.version, entry.people - {person})

    def after(self, since: str | None) -> list[Entry]:
        """The feed in order, after a time; all that is live without one."""
        entries = sorted(self.current.values(), key=lambda entry: entry.number)
        if since is None:
            return [entry for entry in entries if not entry.is_removed]
        return [entry for entry in entries if entry.number > self.number_at[since]]

    def note_watermark(self, watermark: str) -> None:
        """It moves with every change, and never otherwise."""
        if self.number_at[self.watermark] == self.number:
            assert watermark == self.watermark
        else:
            assert watermark > self.watermark
            self.watermark = watermark
            self.number_at[watermark] = self.number

    def check_items(self, items: Sequence[dict[str, Any]], expected: Iterable[Entry]) -> None:
        """These companies, as of these entries, in this order; ids and times are the same ones every time."""
        entries = list(expected)
        assert [self._shape(item) for item in items] == [self._expected_shape(entry) for entry in entries]
        for item, entry in zip(items, entries, strict=True):
            assert self.number_at.setdefault(item["delivered_at"], entry.number) == entry.number
            for key, identifier in [(entry.company, item["id"])] + [
                (f"{entry.company} {prospect['email']}", prospect["id"]) for prospect in item["prospects"]
            ]:
                assert self.ids.setdefault(key, identifier) == identifier
        times = [item["delivered_at"] for item in items]
        assert times == sorted(set(times))

    def check_held(self, held: dict[str, dict[str, Any]]) -> None:
        """What a consumer must have once it has synced: all that is live, and nobody at what is gone."""
        live = {self.ids[company]: entry for company, entry in self.live().items()}
        assert live.keys() <= held.keys()
        for company_id, item in held.items():
            if company_id in live:
                assert self._shape(item) == self._expected_shape(live[company_id])
            else:
                assert item["prospects"] == []

    def _append(self, company: str, version: int, people: frozenset[str], *, is_removed: bool = False) -> None:
        self.number += 1
        self.current[company] = Entry(self.number, company, version, people, is_removed)

    def _shape(self, item: dict[str, Any]) -> tuple[Any, ...]:
        assert item.get("removed_at", item["delivered_at"]) == item["delivered_at"]
        people = sorted(prospect["email"] for prospect in item["prospects"])
        return item["source_id"], item.get("attributes", {}).get("version"), people, "removed_at" in item

    def _expected_shape(self, entry: Entry) -> tuple[Any, ...]:
        return entry.company, None if entry.is_removed else entry.version, sorted(entry.people - self.erased), entry.is_removed
