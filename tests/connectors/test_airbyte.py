"""The declarative manifest, run by Airbyte's own `source-declarative-manifest` against the real service."""

import json
import subprocess
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from openprospect.connectors import files
from tests.acceptance.conftest import Service
from tests.connectors.environments import program, variables
from tests.connectors.feed import LivingFeed, killed_after_lines
from tests.connectors.kept_tables import EMAIL, KeptTables

pytestmark = pytest.mark.heavy

MANIFEST = files.path("airbyte.yaml")
Message = dict[str, Any]


class Airbyte:
    """The tool, and a destination of `append + deduped`: the last record of a primary key stays. It leaves nulls out of records."""

    def __init__(self, folder: Path, feed: LivingFeed) -> None:
        self._folder = folder
        self.state: list[Message] = []
        self.tables = KeptTables()
        config = {"base_url": feed.service.base_url, "api_key": feed.key, "prospect_search_id": feed.search_id}
        self.configure(**config)

    def configure(self, **config: str) -> None:
        (self._folder / "config.json").write_text(json.dumps(config))

    def run(self, command: str, *arguments: str) -> list[Message]:
        whole = self._command(command, *arguments)
        done = subprocess.run(whole, env=variables(), capture_output=True, text=True, timeout=300, check=False)
        messages = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
        assert done.returncode == 0 or command == "check", done.stdout + done.stderr
        return messages

    @cache  # noqa: B019 - lives as long as its test
    def streams(self) -> dict[str, Message]:
        (catalog,) = [message["catalog"] for message in self.run("discover") if message["type"] == "CATALOG"]
        return {stream["name"]: stream for stream in catalog["streams"]}

    def read(self, mode: str = "incremental", *, streams: Sequence[str] = ("companies", "prospects")) -> int:
        """Read the streams and take the state over; the number of records."""
        return self._take(self.run("read", *self._read_arguments(mode, streams)))

    def read_and_kill(self, lines: int) -> int:
        command = self._command("read", *self._read_arguments("incremental", ("companies", "prospects")))
        return self._take([json.loads(line) for line in killed_after_lines(command, lines, variables()) if line.startswith("{")])

    def _take(self, messages: list[Message]) -> int:
        """What a destination does: records first, and a state only once everything before it is written."""
        records = 0
        for message in messages:
            if message["type"] == "RECORD":
                self.tables.take(message["record"]["stream"], message["record"]["data"])
                records += 1
            if message["type"] == "STATE":
                name = message["state"]["stream"]["stream_descriptor"]["name"]
                others = [state for state in self.state if state["stream"]["stream_descriptor"]["name"] != name]
                self.state = [*others, message["state"]]
        return records

    def _read_arguments(self, mode: str, names: Sequence[str]) -> list[str]:
        (self._folder / "state.json").write_text(json.dumps(self.state if mode == "incremental" else []))
        chosen = [self.streams()[name] for name in names]
        streams = [{"stream": stream, "sync_mode": mode, "destination_sync_mode": "append_dedup"} for stream in chosen]
        (self._folder / "catalog.json").write_text(json.dumps({"streams": streams}))
        return ["--catalog", str(self._folder / "catalog.json"), "--state", str(self._folder / "state.json")]

    def _command(self, command: str, *arguments: str) -> list[str]:
        tool = str(program("airbyte", "source-declarative-manifest"))
        return [tool, command, "--manifest-path", str(MANIFEST), "--config", str(self._folder / "config.json"), *arguments]


@pytest.fixture
def feed(service: Service, request: pytest.FixtureRequest) -> LivingFeed:
    return LivingFeed(service, f"airbyte{abs(hash(request.node.name)) % 10_000}")


@pytest.fixture
def airbyte(tmp_path: Path, feed: LivingFeed) -> Airbyte:
    return Airbyte(tmp_path, feed)


def test_check_accepts_a_good_key_and_refuses_a_bad_one(airbyte: Airbyte, feed: LivingFeed) -> None:
    feed.fill(1)
    assert _status(airbyte.run("check")) == "SUCCEEDED"

    airbyte.configure(base_url=feed.service.base_url, api_key="opk_live_nonsense", prospect_search_id=feed.search_id)
    assert _status(airbyte.run("check")) == "FAILED"


def test_discover_offers_both_streams_incrementally_with_their_keys(airbyte: Airbyte) -> None:
    streams = airbyte.streams()

    assert {name: stream["supported_sync_modes"] for name, stream in streams.items()} == {
        "companies": ["full_refresh", "incremental"],
        "prospects": ["full_refresh", "incremental"],
    }
    assert streams["companies"]["source_defined_primary_key"] == [["prospect_search_id"], ["id"]]
    assert streams["prospects"]["source_defined_primary_key"] == [["prospect_search_id"], ["company_id"], ["id"]]


def test_a_full_refresh_is_the_live_feed(airbyte: Airbyte, feed: LivingFeed) -> None:
    feed.fill()
    feed.stir()

    airbyte.read("full_refresh")

    assert airbyte.tables.companies() == feed.live_companies()
    assert airbyte.tables.people() == feed.live_people()


def test_incremental_reads_end_with_the_live_feed_and_what_was_removed_beside_it(airbyte: Airbyte, feed: LivingFeed) -> None:
    feed.fill()
    airbyte.read()
    erased = feed.stir()
    airbyte.read_and_kill(lines=12)
    feed.deliver(range(60, 70), city="Oslo")

    airbyte.read()

    assert airbyte.tables.companies() == feed.live_companies()
    assert airbyte.tables.people() == feed.live_people()
    removed = {source_id for source_id, removed_at in airbyte.tables.all_companies() if removed_at}
    left = [row[EMAIL] for row in airbyte.tables.all_people() if row[EMAIL] == erased]
    assert (len(airbyte.tables.all_companies()) - len(feed.live()), removed, left) == (2, {"crm-50", "crm-249"}, [erased])
    airbyte.tables.clean()
    assert airbyte.tables.all_people() == feed.live_people()


def test_people_delivered_between_the_two_streams_outlive_the_clean_up(airbyte: Airbyte, feed: LivingFeed) -> None:
    feed.fill(10)
    airbyte.read()
    airbyte.read(streams=["companies"])
    feed.deliver([*range(5), 100], city="Oslo")
    assert airbyte.read(streams=["prospects"]) == 12

    airbyte.tables.clean()

    airbyte.read()
    assert airbyte.tables.people() == feed.live_people()


def test_the_state_is_the_last_delivery_to_the_microsecond_and_an_empty_read_repeats_nothing(airbyte: Airbyte, feed: LivingFeed) -> None:
    feed.fill(120)
    assert airbyte.read() == 120 + 240

    assert {state["stream"]["stream_state"]["delivered_at"] for state in airbyte.state} == {feed.live()[-1]["delivered_at"]}
    assert airbyte.read() == 0


def _status(messages: list[Message]) -> str:
    (status,) = [message["connectionStatus"]["status"] for message in messages if message["type"] == "CONNECTION_STATUS"]
    return str(status)
