"""The id of a search however it is spelled: whoever keeps rows or a place by it keeps them once."""

import pytest

from openprospect.connectors.dlt import delivered_companies
from openprospect.connectors.singer import OpenProspectTap
from openprospect.sync.access import canonical_id

ID = "5f0c11aa-1111-4111-8111-111111111111"
SPELLINGS = [ID, ID.upper(), f"{{{ID}}}", ID.replace("-", "")]


def test_each_spelling_is_the_service_s_own_and_what_is_no_id_stays_as_it_is() -> None:
    assert {canonical_id(spelling) for spelling in SPELLINGS} == {ID}
    assert canonical_id("no id") == "no id"


def test_a_tap_has_one_partition_of_it() -> None:
    tap = OpenProspectTap(config={"api_key": "k", "prospect_search_ids": SPELLINGS}, parse_env_config=False)
    assert [stream.partitions for stream in tap.discover_streams()] == [[{"prospect_search_id": ID}]] * 2


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_dlt_source_keeps_one_place(spelling: str) -> None:
    assert set(delivered_companies(spelling, api_key="k").resources) == {f"{name}_{ID}" for name in ("companies", "prospects")}
