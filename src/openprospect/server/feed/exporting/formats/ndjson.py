"""Newline-delimited JSON: the documents as they are stored."""

from openprospect.server.feed.exporting.formats.form import Format

NDJSON = Format(name="ndjson", media_type="application/x-ndjson", extension="ndjson", encode=lambda batches: batches)
