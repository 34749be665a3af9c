"""The manifest of a Parquet folder: columns, checkpoints and the files that count. Replacing it is the commit."""

import os
from pathlib import Path
from typing import Self
from urllib.parse import quote

import msgspec

from openprospect.sync.batch import Source
from openprospect.sync.destinations.base import Checkpoint
from openprospect.sync.destinations.columns import Column, Kind
from openprospect.sync.destinations.frames import COMPANIES, PROSPECTS
from openprospect.sync.errors import DestinationRefused

MANIFEST_NAME = "openprospect_sync_state.json"
_FORMAT = 1


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """Two files of one number: companies, and exactly their prospects."""

    number: int
    companies: int
    prospects: int


class ColumnEntry(msgspec.Struct, kw_only=True):
    attribute: str | None
    name: str
    kind: str


class Search(msgspec.Struct, kw_only=True):
    """What is stored of one search; `pending` is what a full run has written so far, and takes the place of `parts` at its end."""

    server: str
    instance: str | None = None
    delivered_until: str | None = None
    synced_at: str | None = None
    full_run: bool = False
    full_until: str | None = None
    parts: list[Part] = []
    pending: list[Part] = []

    @property
    def checkpoint(self) -> Checkpoint:
        source = Source(server=self.server, instance=self.instance)
        return Checkpoint(source=source, delivered_until=self.delivered_until, full_run=self.full_run, full_until=self.full_until)


class Manifest(msgspec.Struct, kw_only=True):
    """`files` lists, table by table, what readers read: paths within the folder."""

    format: int = _FORMAT
    next_number: int = 1
    files: dict[str, list[str]] = {}
    columns: dict[str, list[ColumnEntry]] = {}
    searches: dict[str, Search] = {}

    @classmethod
    def read(cls, folder: Path) -> Self | None:
        """None where there is none. Raises `DestinationRefused` for one that cannot be understood."""
        path = folder / MANIFEST_NAME
        try:
            manifest = msgspec.json.decode(path.read_bytes(), type=cls)
        except FileNotFoundError:
            return None
        except (OSError, msgspec.DecodeError) as error:
            raise DestinationRefused(f"{path} cannot be read: {error}. Choose another folder.") from error
        if manifest.format != _FORMAT:
            raise DestinationRefused(f"{path} was written by another version of openprospect ({manifest.format}).")
        return manifest

    def known(self, table: str) -> dict[str | None, Column]:
        entries = self.columns.get(table, [])
        return {entry.attribute: Column(attribute=entry.attribute, name=entry.name, kind=Kind(entry.kind)) for entry in entries}

    def learn(self, table: str, columns: dict[str | None, Column]) -> None:
        self.columns[table] = [ColumnEntry(attribute=c.attribute, name=c.name, kind=c.kind.value) for c in columns.values()]

    def take_number(self) -> int:
        self.next_number += 1
        return self.next_number - 1

    def every_part(self) -> set[str]:
        """The paths of all files that must stay, pending ones included."""
        return {
            part_path(table, search_id, part.number)
            for table in (COMPANIES, PROSPECTS)
            for search_id, search in self.searches.items()
            for part in (*search.parts, *search.pending)
        }

    def write(self, folder: Path) -> None:
        """Take the place of the manifest before, entirely or not at all. The files it names must be on disk."""
        for table in (COMPANIES, PROSPECTS):
            self.files[table] = [part_path(table, key, part.number) for key, search in self.searches.items() for part in search.parts]
        written = folder / f"{MANIFEST_NAME}.new"
        with written.open("wb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(self)))
            file.flush()
            os.fsync(file.fileno())
        written.replace(folder / MANIFEST_NAME)
        sync_folder(folder)


def part_path(table: str, search_id: str, number: int) -> str:
    return f"{table}/prospect_search_id={quote(search_id, safe='')}/part-{number:08d}.parquet"


def sync_folder(folder: Path) -> None:
    """Make names in a folder durable, where the system can."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
