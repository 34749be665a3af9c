"""Where a stream stands in each of its feeds, as Spark keeps it in a checkpoint: JSON, which later versions must still read."""

from collections.abc import Mapping
from typing import Any

from openprospect.sync.instances import check_instance
from openprospect.sync.parts import Head

Offset = dict[str, Any]
"""By search, up to where it was read; a search that is not in it is read from its beginning."""


def offset_of(heads: Mapping[str, Head]) -> Offset:
    return {search_id: {"delivered_until": head.watermark, "instance": head.instance} for search_id, head in heads.items()}


def heads_in(offset: Offset) -> dict[str, Head]:
    """Earlier versions kept the time alone, as text."""
    return {search_id: Head(watermark=place) if isinstance(place, str) else _head(place) for search_id, place in offset.items()}


def check_same_instances(start: Offset, end: Offset, *, server: str) -> None:
    """Raises `OtherInstance` where a search would go on from a place that another instance gave out."""
    before, now = heads_in(start), heads_in(end)
    for search_id in before.keys() & now.keys():
        check_instance(now[search_id].instance, expected=before[search_id].instance, server=server)


def _head(place: Mapping[str, Any]) -> Head:
    return Head(watermark=place["delivered_until"], instance=place["instance"])
