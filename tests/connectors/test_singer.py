"""The Singer tap: the SDK's own test suite, and the installed `tap-openprospect` against the real service."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from singer_sdk.testing import get_tap_test_class
from singer_sdk.testing.runners import TapTestRunner

from openprospect.connectors.singer import OpenProspectTap
from openprospect.demo.service import COMMAND, clean_environment
from tests.acceptance.conftest import Service
from tests.connectors.feed import COMPANY_FIELDS, PERSON_FIELDS, LivingFeed, Rows, killed_after_lines

pytestmark = pytest.mark.heavy

TAP = str(Path(COMMAND).with_name("tap-openprospect"))
Message = dict[str, Any]


def config_of(feed: LivingFeed) -> dict[str, Any]:
    return {"base_url": feed.service.base_url, "api_key": feed.key, "prospect_search_ids": [feed.search_id]}


_Suite: Any = get_tap_test_class(OpenProspectTap, config={"api_key": "k", "prospect_search_ids": ["s"]}, parse_env_config=False)


class TestTheSdksOwnSuite(_Suite):  # type: ignore[misc]
    """Of taps and of streams: discovery, catalogue, schemas, records, keys, state."""

    @pytest.fixture(scope="class")
    @classmethod
    def runner(cls, service: Service) -> TapTestRunner:
        feed = LivingFeed(service, "singersuite")
        feed.deliver(range(3), city="Rome")
        feed.service.run("withdraw", feed.search_id, feed.live()[0]["id"], "--reason", "closed")
        runner = TapTestRunner(OpenProspectTap, config=config_of(feed), parse_env_config=False)
        runner.sync_all()
        return runner


class Target:
    """What every target does: records by key, and a state once what came before it is written."""

    def __init__(self, folder: Path, feed: LivingFeed) -> None:
        self._config, self._state = folder / "config.json", folder / "state.json"
        self._config.write_text(json.dumps(config_of(feed)))
        self._state.write_text("{}")
        self.rows: dict[str, dict[tuple[str, ...], dict[str, Any]]] = {"companies": {}, "prospects": {}}

    @property
    def command(self) -> list[str]:
        return [TAP, "--config", str(self._config), "--state", str(self._state)]

    def read(self) -> int:
        done = subprocess.run(self.command, env=clean_environment(), capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, done.stderr
        return self.take(done.stdout.splitlines())

    def take(self, lines: list[str]) -> int:
        """The number of records among them."""
        records = 0
        for message in map(json.loads, lines):
            if message["type"] == "RECORD":
                row = message["record"]
                key = ("company_id", "id") if message["stream"] == "prospects" else ("id",)
                self.rows[message["stream"]][tuple(row[name] for name in key)] = row
                records += 1
            if message["type"] == "STATE":
                self._state.write_text(json.dumps(message["value"]))
        return records

    def companies(self) -> Rows:
        live = [row for row in self.rows["companies"].values() if not row.get("removed_at")]
        return sorted(tuple(row[name] for name in COMPANY_FIELDS) for row in live)

    def people(self) -> Rows:
        """Those delivered with what their company is now: Singer never deletes, so the others stay."""
        now = {row["id"]: row["delivered_at"] for row in self.rows["companies"].values() if not row.get("removed_at")}
        return sorted(
            (row["company_id"], *(row[name] for name in PERSON_FIELDS))
            for row in self.rows["prospects"].values()
            if now.get(row["company_id"]) == row["delivered_at"]
        )


def test_the_tap_ends_with_the_live_feed_and_what_was_removed_beside_it(service: Service, tmp_path: Path) -> None:
    feed = LivingFeed(service, "singer")
    target = Target(tmp_path, feed)
    feed.fill()
    target.read()
    erased = feed.stir()
    target.take(killed_after_lines(target.command, 20, clean_environment()))
    feed.deliver(range(60, 70), city="Oslo")

    target.read()

    assert target.companies() == feed.live_companies()
    assert target.people() == feed.live_people()
    assert len(target.rows["companies"]) - len(feed.live()) == 2
    assert [row["email"] for row in target.rows["prospects"].values() if row["email"] == erased] == [erased]
    assert target.read() == 0
