"""The Singer tap: the SDK's own test suite, and the installed `tap-openprospect` against the real service."""

import json
import subprocess
from contextlib import redirect_stdout
from copy import deepcopy
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from singer_sdk.testing import get_tap_test_class
from singer_sdk.testing.runners import TapTestRunner

from openprospect.connectors.singer import OpenProspectTap
from openprospect.demo.service import COMMAND, clean_environment
from openprospect.sync.errors import OtherInstance
from tests.acceptance.conftest import Service
from tests.connectors.feed import LivingFeed, killed_after_lines
from tests.connectors.kept_tables import EMAIL, KeptTables
from tests.sync.contract import SEARCH
from tests.sync.feed_server import KEY, FeedServer, company

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
        self._config, self._state, self._catalog = (folder / f"{name}.json" for name in ("config", "state", "catalog"))
        self._config.write_text(json.dumps(config_of(feed)))
        self._state.write_text("{}")
        self.tables = KeptTables()

    @property
    def command(self) -> list[str]:
        return [TAP, "--config", str(self._config), "--state", str(self._state)]

    def read(self) -> int:
        return self.take(_output(self.command).splitlines())

    def read_only(self, stream: str) -> int:
        catalog = json.loads(_output([TAP, "--config", str(self._config), "--discover"]))
        for entry in catalog["streams"]:
            [whole] = [part["metadata"] for part in entry["metadata"] if not part["breadcrumb"]]
            whole["selected"] = entry["stream"] == stream
        self._catalog.write_text(json.dumps(catalog))
        return self.take(_output([*self.command, "--catalog", str(self._catalog)]).splitlines())

    def take(self, lines: list[str]) -> int:
        """The number of records among them."""
        records = 0
        for message in map(json.loads, lines):
            if message["type"] == "RECORD":
                self.tables.take(message["stream"], message["record"])
                records += 1
            if message["type"] == "STATE":
                self._state.write_text(json.dumps(message["value"]))
        return records


def _output(command: list[str]) -> str:
    done = subprocess.run(command, env=clean_environment(), capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_tap_ends_with_the_live_feed_and_what_was_removed_beside_it(service: Service, tmp_path: Path) -> None:
    feed = LivingFeed(service, "singer")
    target = Target(tmp_path, feed)
    feed.fill()
    target.read()
    erased = feed.stir()
    target.take(killed_after_lines(target.command, 20, clean_environment()))
    feed.deliver(range(60, 70), city="Oslo")

    target.read()

    assert target.tables.companies() == feed.live_companies()
    assert target.tables.people() == feed.live_people()
    assert len(target.tables.all_companies()) - len(feed.live()) == 2
    assert [row[EMAIL] for row in target.tables.all_people() if row[EMAIL] == erased] == [erased]
    assert target.read() == 0
    target.tables.clean()
    assert target.tables.all_people() == feed.live_people()


def test_people_delivered_between_the_two_streams_outlive_the_clean_up(service: Service, tmp_path: Path) -> None:
    feed = LivingFeed(service, "singerbetween")
    target = Target(tmp_path, feed)
    feed.fill(10)
    target.read()
    target.read_only("companies")
    feed.deliver([*range(5), 100], city="Oslo")
    assert target.read_only("prospects") == 12

    target.tables.clean()

    target.read()
    assert target.tables.people() == feed.live_people()


def test_a_state_of_a_service_that_was_restored_since_is_refused_and_stays(tmp_path: Path) -> None:
    with FeedServer() as server:
        feed = server.feed(SEARCH)
        feed.deliver(company(1))
        config = {"base_url": server.url, "api_key": KEY, "prospect_search_ids": [SEARCH]}
        state = _state_after(config, {})  # of a service that tells no instance: the first one that does is taken in
        server.instance = "before"
        state = _state_after(config, state)
        assert _state_after(config, state) == state
        server.instance = "restored"
        feed.deliver(company(2))

        with pytest.raises(OtherInstance, match=r"was restored from a backup.* read everything anew, without a state"):
            _state_after(config, state)

        assert _state_after(config, {}) != state


def _state_after(config: dict[str, Any], state: dict[str, Any]) -> dict[str, Any]:
    """The last state that a run of the tap prints."""
    printed = StringIO()
    with redirect_stdout(printed):
        OpenProspectTap(config=config, state=deepcopy(state), parse_env_config=False).sync_all()
    messages = [json.loads(line) for line in printed.getvalue().splitlines()]
    states: list[dict[str, Any]] = [message["value"] for message in messages if message["type"] == "STATE"]
    return states[-1]
