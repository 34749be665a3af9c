"""The text of a key."""

import re
import string
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openprospect.server.access.secret import hash_of, is_well_formed, new_secret

BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase


def number_of(digits):
    number = 0
    for digit in digits:
        number = number * 62 + BASE62.index(digit)
    return number


@pytest.mark.parametrize(("is_live", "prefix"), [(True, "opk_live_"), (False, "opk_test_")])
def test_a_key_is_its_prefix_26_random_characters_and_the_crc_32_of_these(is_live, prefix):
    secret = new_secret(is_live=is_live)
    assert re.fullmatch(prefix + "[0-9A-Za-z]{32}", secret)
    assert number_of(secret[-6:]) == zlib.crc32(secret[-32:-6].encode())


def test_no_two_keys_are_the_same():
    assert len({new_secret(is_live=True) for _ in range(1000)}) == 1000


def test_every_new_key_is_well_formed():
    assert all(is_well_formed(new_secret(is_live=is_live)) for is_live in (True, False) for _ in range(500))


@given(place=st.integers(9, 40), other=st.sampled_from(BASE62))
def test_one_wrong_character_is_told(place, other):
    secret = new_secret(is_live=True)
    mistyped = secret[:place] + other + secret[place + 1 :]
    assert is_well_formed(mistyped) == (mistyped == secret)


@given(place=st.integers(9, 39))
def test_two_characters_swapped_are_told(place):
    secret = new_secret(is_live=True)
    swapped = secret[:place] + secret[place + 1] + secret[place] + secret[place + 2 :]
    assert is_well_formed(swapped) == (swapped == secret)


@given(place=st.integers(0, 40))
def test_a_key_that_lacks_a_character_is_told(place):
    secret = new_secret(is_live=True)
    assert not is_well_formed(secret[:place] + secret[place + 1 :])


@given(st.text())
def test_other_text_is_no_key(text):
    assert not is_well_formed(text)


@pytest.mark.parametrize("around", ["{} ", " {}", "{}\n", "x{}", "{}=", "\u200b{}"])
def test_nothing_may_stand_around_a_key(around):
    assert not is_well_formed(around.format(new_secret(is_live=True)))


def test_only_a_hash_of_32_bytes_is_made_of_a_key():
    secret = new_secret(is_live=True)
    assert len(hash_of(secret)) == 32
    assert hash_of(secret) == hash_of(secret)
    assert secret.encode() not in hash_of(secret)
    assert hash_of(secret) != hash_of(new_secret(is_live=True))
