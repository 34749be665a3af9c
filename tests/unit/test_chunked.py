"""Portions of work: so few and so little at a time."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from openprospect.server.privacy.reading import chunked


@given(st.lists(st.integers(min_value=0, max_value=20)), st.integers(min_value=1, max_value=30))
def test_a_portion_is_no_larger_than_allowed_unless_one_alone_is_and_nothing_is_lost(sizes, allowed):
    portions = list(chunked(sizes, bytes_of=lambda size: size, bytes_at_once=allowed))
    assert [size for portion in portions for size in portion] == sizes
    assert all(portion for portion in portions)
    assert all(sum(portion) <= allowed or len(portion) == 1 for portion in portions)
    assert all(sum(portion) + following[0] > allowed for portion, following in pairwise(portions))


def test_what_has_no_size_is_counted():
    assert [len(portion) for portion in chunked(range(2_500))] == [1_000, 1_000, 500]
