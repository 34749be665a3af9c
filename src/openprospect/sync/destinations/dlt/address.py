"""`dlt:snowflake?dataset=crm`: which of dlt's destinations, and which dataset in it. Credentials are dlt's own affair."""

from dataclasses import dataclass
from urllib.parse import parse_qsl

from openprospect.sync.destinations.url import parts_of
from openprospect.sync.errors import DestinationRefused

OPEN_TABLE_FORMATS = ("delta", "iceberg")
_DATASET = "openprospect"


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """`table_format` is set where tables are files: dlt's destination is then `filesystem`."""

    destination: str
    dataset: str = _DATASET
    table_format: str | None = None

    def __str__(self) -> str:
        return f"dlt:{self.table_format or self.destination} (dataset {self.dataset})"


def parse(url: str) -> Address:
    parts = parts_of(url)
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    dataset = options.pop("dataset", _DATASET)
    if not parts.path or parts.netloc or parts.path.startswith("/") or options or not dataset:
        raise DestinationRefused(
            f"{url.partition('?')[0]} must look like dlt:snowflake or dlt:snowflake?dataset=crm. Credentials stand in dlt's own settings."
        )
    if parts.path in OPEN_TABLE_FORMATS:
        return Address(destination="filesystem", dataset=dataset, table_format=parts.path)
    return Address(destination=parts.path, dataset=dataset)
