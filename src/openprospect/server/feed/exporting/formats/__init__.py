"""The forms that an export comes in, by the name that `format` takes."""

from openprospect.server.feed.exporting.formats.columnar import ARROW, PARQUET
from openprospect.server.feed.exporting.formats.form import Format
from openprospect.server.feed.exporting.formats.ndjson import NDJSON

FORMATS = {known.name: known for known in (NDJSON, PARQUET, ARROW)}

__all__ = ["FORMATS", "Format"]
