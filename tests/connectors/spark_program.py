"""A driver of Spark, run by its own Python: takes commands as lines of JSON, and answers each with one.

Its master and its folders come from the environment. Of the source it is told no more than a user would write.
"""

import json
import os
import sys
from collections.abc import Callable
from typing import Any

from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession

from openprospect.connectors.spark import OpenProspect


class Driver:
    """One session; a read that is planned and not carried out yet is kept by name."""

    def __init__(self, spark: SparkSession) -> None:
        self._spark = spark
        self._planned: dict[str, Any] = {}
        self._stream: Any = None

    def read(self, to: str, options: dict[str, str]) -> dict[str, Any]:
        frame = self._frame(options)
        frame.write.parquet(to)
        return {"partitions": frame.rdd.getNumPartitions(), "columns": frame.columns}

    def explain(self, options: dict[str, str]) -> dict[str, Any]:
        frame = self._frame(options)
        frame.explain("extended")
        return {"text": f"{frame!r} {frame._jdf.queryExecution().toString()}"}

    def refused(self, options: dict[str, str]) -> dict[str, Any]:
        try:
            self._frame(options).count()
        except PySparkException as error:
            return {"error": str(error)}
        return {"error": ""}

    def plan(self, options: dict[str, str]) -> dict[str, Any]:
        """Divides a read; `carry_out` may come any time after, and more than once."""
        frame = self._frame(options)
        self._planned["rows"] = frame.select("source_id", "delivered_at", "prospects.email").rdd
        return {"partitions": self._planned["rows"].getNumPartitions()}

    def carry_out(self) -> dict[str, Any]:
        rows = self._planned["rows"].collect()
        return {"rows": sorted((row["source_id"], row["delivered_at"].isoformat(), row["email"]) for row in rows)}

    def stream(self, to: str, checkpoint: str, options: dict[str, str]) -> dict[str, Any]:
        """Into Parquet, batch after batch, until the driver is killed."""
        self._stream = self._writer(to, checkpoint, options).start()
        return {}

    def catch_up(self, to: str, checkpoint: str, options: dict[str, str]) -> dict[str, Any]:
        """Into Parquet, what is there now."""
        self._writer(to, checkpoint, options).trigger(availableNow=True).start().awaitTermination()
        return {}

    def copy(self, table: str, to: str) -> dict[str, Any]:
        """What Spark reads of a table that a stream wrote, as one that every tool reads."""
        self._spark.read.parquet(table).write.parquet(to)
        return {}

    def query(self, table: str, statement: str, to: str) -> dict[str, Any]:
        self._spark.read.parquet(table).createOrReplaceTempView("deliveries")
        self._spark.sql(statement).write.parquet(to)
        return {}

    def _frame(self, options: dict[str, str]) -> DataFrame:
        return self._spark.read.format("openprospect").options(**options).load()

    def _writer(self, to: str, checkpoint: str, options: dict[str, str]) -> Any:
        arriving = self._spark.readStream.format("openprospect").options(**options).load()
        return arriving.writeStream.format("parquet").option("path", to).option("checkpointLocation", checkpoint)


def session() -> SparkSession:
    events = os.environ["SPARK_TEST_EVENTS"]
    builder = SparkSession.builder.master(os.environ["SPARK_TEST_MASTER"]).config("spark.ui.enabled", "false")
    builder = builder.config("spark.eventLog.enabled", "true").config("spark.eventLog.dir", f"file://{events}")
    builder = builder.config("spark.eventLog.compress", "false").config("spark.sql.session.timeZone", "UTC")
    return builder.config("spark.ui.showConsoleProgress", "false").config("spark.sql.shuffle.partitions", "2").getOrCreate()


def main() -> None:
    spark = session()
    spark.dataSource.register(OpenProspect)
    driver = Driver(spark)
    answers = os.fdopen(int(os.environ["SPARK_TEST_ANSWERS"]), "w", buffering=1)
    print("{}", file=answers)
    for line in sys.stdin:
        command = json.loads(line)
        method: Callable[..., dict[str, Any]] = getattr(driver, command.pop("do"))
        print(json.dumps(method(**command)), file=answers)
    spark.stop()


if __name__ == "__main__":
    main()
