"""A data source of Apache Spark 4: `spark.read` and `spark.readStream` of one feed or many, in parts read side by side.

    spark.dataSource.register(OpenProspect)
    spark.read.format("openprospect").option("prospect_search_ids", "5f0c…").load()  # key: OPENPROSPECT_API_KEY of the driver

Spark sends readers to its workers, so that this package has to be installed there too.
"""

from openprospect.connectors.spark.source import OpenProspect

__all__ = ["OpenProspect"]
