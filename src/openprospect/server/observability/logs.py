"""What the service logs, as text or as JSON: one object a line, with the request's id and nothing about people.

No path, no query string and no address of a caller is ever written: a route is named by its template.
"""

import json
import logging
import sys
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

from openprospect.server.core.timestamps import format_timestamp

FORMATS = ("text", "json")

ACCESS = logging.getLogger("openprospect.access")
"""A line a request; silent unless the format is JSON, since a person who reads along would see nothing else."""

current_request_id: ContextVar[str | None] = ContextVar("current_request_id", default=None)

_TEXT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


class JsonLines(logging.Formatter):
    """`{"at", "level", "logger", "message", "request_id"?, …fields, "trace"?}`."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": format_timestamp(datetime.fromtimestamp(record.created, UTC)),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if request_id := current_request_id.get():
            line["request_id"] = request_id
        line |= getattr(record, "fields", {})
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        # Half a character cannot be written as UTF-8; as an escape it can.
        return json.dumps(line, ensure_ascii=False, default=str).encode(errors="backslashreplace").decode()


def configure(log_format: str) -> None:
    """Set up this process's log, on the standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines() if log_format == "json" else logging.Formatter(_TEXT))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    ACCESS.setLevel(logging.INFO if log_format == "json" else logging.WARNING)
