"""Where an address begins and ends in a text, whatever surrounds it, and how it may be written in a document."""

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openprospect.server.feed.model import ProspectRow
from openprospect.server.feed.rows.addresses import addresses_in, mailbox_of

MARIA = "maria@h.example"
TEXTS = [
    "maria@h.example",
    "Write to maria@h.example.",
    "maria@h.example,bo@h.example",
    "**maria@h.example**",
    "_maria@h.example_",
    "{maria@h.example}",
    "'maria@h.example'",
    "sales/maria@h.example",
    "e-mail:maria@h.example",
    "...maria@h.example",
    "https://crm.example/?email=maria@h.example",
    "https://crm.example/?email=maria@h.example&x=1",
    "https://crm.example/?email=maria%40h.example#top",
    "https://crm.example/?next=mailto%3Amaria%40h.example",
    "https://crm.example/?next=%3Fto%3Dmaria%2540h.example",
    "maria@h.example.Please write",
    "maria@h.example-old",
]


@pytest.mark.parametrize("text", TEXTS)
def test_an_address_is_found_whatever_surrounds_it(text):
    assert MARIA in addresses_in(text)


@pytest.mark.parametrize(
    "value",
    [
        {MARIA: "owner"},
        {"contacts": {MARIA: {"since": 2020}}},
        [[{"a": {"b": [MARIA]}}]],
        {"contacts": [{"mails": f"{MARIA}; bo@h.example"}]},
    ],
    ids=str,
)
def test_an_address_is_found_in_names_and_values_at_every_depth(value):
    assert MARIA in addresses_in(value)


@pytest.mark.parametrize("address", ["o'brien@h.example", "a.b-c+d@h.example", "{x}@h.example", "m@bücher.example", "é@mail.h.xn--p1ai"])
def test_unusual_addresses_are_found_as_a_whole(address):
    assert address in addresses_in(f"see <{address}>")


@pytest.mark.parametrize(
    "longer", ["mmaria@h.example", "anna.maria@h.example", "anna-maria@h.example", "a_maria@h.example", "o'maria@h.example"]
)
def test_a_longer_address_is_somebody_elses(longer):
    assert addresses_in(longer) == {longer}


@pytest.mark.parametrize(
    "text", ["maria@h.examples", "maria@h.example.org", "maria@mh.example", "maria at h.example", "maria@", "@h.example", "@@@"]
)
def test_what_only_looks_alike_is_not_the_address(text):
    assert MARIA not in addresses_in(text)


@pytest.mark.parametrize("value", [None, True, 1.5, 20, "", [], {}, "100 % wool", "%", "%zz@"])
def test_most_values_hold_none(value):
    assert addresses_in(value) == set()


LOCAL = st.from_regex(r"\A[a-z0-9]([a-z0-9.+'_-]{0,20}[a-z0-9])?\Z")
SEPARATORS = st.text(st.sampled_from(' \t<>()[]{}:;,\\"|*/=?&#!~`^$\n'), min_size=1, max_size=3)


@given(
    local=LOCAL,
    before=st.tuples(st.text(max_size=80), SEPARATORS),
    after=st.tuples(SEPARATORS, st.text(max_size=20)),
    is_link=st.booleans(),
)
def test_whatever_stands_around_it_an_address_between_separators_is_found(local, before, after, is_link):
    address = f"{local}@h.example"
    text = "".join((*before, address, *after))
    assert address in addresses_in({quote(text): 1} if is_link else {"note": text})


@pytest.mark.parametrize(
    ("person", "mailbox"),
    [
        (ProspectRow(first_name="Maria", email=MARIA), MARIA),
        (ProspectRow(first_name=MARIA), MARIA),
        (ProspectRow(first_name="n/a", last_name=f"<{MARIA}>"), MARIA),
        (ProspectRow(last_name=f"mailto:{MARIA}"), MARIA),
        (ProspectRow(first_name=MARIA, email="bo@h.example"), "bo@h.example"),
        (ProspectRow(first_name=f"PA to {MARIA}"), None),
        (ProspectRow(first_name="Maria"), None),
    ],
    ids=str,
)
def test_somebody_without_an_email_is_known_by_a_name_that_is_an_address(person, mailbox):
    assert mailbox_of(person) == mailbox
