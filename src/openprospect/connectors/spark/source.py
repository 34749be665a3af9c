"""The data source, as Spark is told of it."""

from typing import Any

from pyspark.sql.datasource import DataSource

from openprospect.connectors.spark import columns
from openprospect.connectors.spark.options import Options, options_of
from openprospect.connectors.spark.readers import BatchReader, StreamReader


class OpenProspect(DataSource):
    """`spark.dataSource.register(OpenProspect)`, then the format `openprospect`."""

    @classmethod
    def name(cls) -> str:
        return "openprospect"

    def schema(self) -> str:
        return columns.schema(has_people=self._read_options().has_people)

    def reader(self, schema: Any) -> BatchReader:
        return BatchReader(self._read_options(), schema.fieldNames())

    def streamReader(self, schema: Any) -> StreamReader:  # noqa: N802 - Spark's name
        return StreamReader(self._read_options(), schema.fieldNames())

    def _read_options(self) -> Options:
        return options_of(self.options)
