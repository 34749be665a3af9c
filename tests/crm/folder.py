"""What every part of a CRM's contract runs in: a folder of its own, where the log and the settings lie, and one search's feed."""

from pathlib import Path

import pytest

from tests.sync.contract import SEARCH
from tests.sync.feed_server import Feed, FeedServer


class InOwnFolder:
    @pytest.fixture(autouse=True)
    def _own_folder(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)

    @pytest.fixture
    def feed(self, server: FeedServer) -> Feed:
        return server.feed(SEARCH)
