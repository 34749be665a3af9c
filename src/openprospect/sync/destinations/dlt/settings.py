"""How dlt is set where neither the environment nor its own files say otherwise: it keeps nothing, and calls nobody."""

from typing import Any

import dlt
from dlt.common.configuration.providers import CustomLoaderDocProvider

_NAME = "openprospect"
# So many files of a table that are smaller than that become one.
LARGE_BYTES = 32 * 1024 * 1024
MOST_SMALL_FILES = 10
# Log and manifests would hold the least and the greatest e-mail address of every file: of all columns, the search alone is told.
DELTA_PROPERTIES = {
    "delta.deletedFileRetentionDuration": "interval 0 seconds",
    "delta.logRetentionDuration": "interval 0 seconds",
    "delta.dataSkippingStatsColumns": "prospect_search_id",
}
ICEBERG_PROPERTIES = {
    "history.expire.max-snapshot-age-ms": "0",
    "write.metadata.delete-after-commit.enabled": "true",
    "write.metadata.previous-versions-max": "1",
    "write.metadata.metrics.default": "none",
    "write.metadata.metrics.column.prospect_search_id": "full",
    "commit.manifest-merge.enabled": "true",
}
_SETTINGS: dict[str, Any] = {
    "runtime": {"dlthub_telemetry": False, "log_level": "ERROR"},
    "normalize": {"workers": 1},  # batches are small, and Arrow is not normalized row by row
    "load": {"truncate_staging_dataset": True},  # people are in it
    "restore_from_destination": False,  # the checkpoint is a table of ours
    "destination": {"filesystem": {"deltalake_configuration": DELTA_PROPERTIES, "iceberg_table_properties": ICEBERG_PROPERTIES}},
}


def provide() -> None:
    """Asked last of all that dlt asks for its settings."""
    if all(provider.name != _NAME for provider in dlt.config.config_providers):
        dlt.config.register_provider(CustomLoaderDocProvider(_NAME, lambda: _SETTINGS, supports_secrets=False, locations=()))
