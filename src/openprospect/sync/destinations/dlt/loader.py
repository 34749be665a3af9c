"""dlt itself: one pipeline, set up to keep nothing of its own on this machine, and to call nobody."""

from pathlib import Path
from typing import Any

import dlt
import pyarrow as pa
from dlt.common.destination import TLoaderFileFormat
from dlt.common.destination.client import JobClientBase
from dlt.extract import DltResource

from openprospect.sync.destinations.dlt import settings
from openprospect.sync.destinations.dlt.address import Address
from openprospect.sync.destinations.dlt.failures import translated


class Loader:
    """Loads Arrow tables. What it is loading lies in its folder meanwhile, people included."""

    def __init__(self, address: Address, folder: Path) -> None:
        self.address = address
        settings.provide()
        dlt.current.run_context().initialize_runtime()  # which has happened already, without these
        with translated(address):
            self._pipeline = dlt.pipeline(
                "openprospect_sync", destination=address.destination, dataset_name=address.dataset, pipelines_dir=str(folder)
            )

    @property
    def place(self) -> str:
        """Where the data goes, without what it takes to get there: the same for every run that writes to the same tables."""
        with translated(self.address):
            config = self.client().config
            return f"{self.address.destination} {config} {self._pipeline.dataset_name}"

    def load(self, *resources: DltResource) -> None:
        """Returns once all of it is in; may be repeated after a failure."""
        with translated(self.address):
            self._pipeline.run(list(resources), loader_file_format=self._file_format())

    def _file_format(self) -> TLoaderFileFormat:
        """Never CSV, which dlt takes for Arrow where a warehouse prefers statements: empty text comes out of it as none at all."""
        preferred = self.client().capabilities.preferred_loader_file_format
        return preferred if preferred == "insert_values" else "parquet"

    def client(self) -> JobClientBase:
        return self._pipeline.destination_client()


def resource(name: str, rows: pa.Table, **hints: Any) -> DltResource:
    loaded: DltResource = dlt.resource([rows], name=name, **hints)
    return loaded
