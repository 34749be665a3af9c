"""Which values reach a CRM, and which domain a website has."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openprospect.sync.destinations.crm.mapping import changes, digests, domain_of, email_of, values_of
from openprospect.sync.destinations.crm.settings import Field, Policy, load
from openprospect.sync.errors import DestinationRefused

_VALUES = st.sampled_from([None, "", "x", "1", 1, 0, True, False, 1.0])
_RECORDS = st.dictionaries(st.sampled_from("abc"), _VALUES)
_FIELDS = st.fixed_dictionaries({name: st.builds(Field, source=st.just(name), policy=st.sampled_from(Policy)) for name in "abc"})


@given(item=_RECORDS, held=_RECORDS, before=_RECORDS, fields=_FIELDS)
def test_no_policy_empties_a_field_and_only_overwrite_replaces_what_is_not_ours(item, held, before, fields):
    written = changes(values_of(item, fields), held, digests(before), fields)

    for name, value in written.items():
        assert value not in (None, "")
        assert fields[name].policy is not Policy.NEVER
        is_ours = held.get(name) in (None, "") or digests({name: held[name]})[name] == digests(before).get(name)
        assert is_ours or fields[name].policy is Policy.OVERWRITE


@pytest.mark.parametrize(
    ("url", "domain"),
    [
        ("https://www.Hotel.example/en?a=1", "hotel.example"),
        ("hotel.example", "hotel.example"),
        ("http://user@shop.hotel.example.:8080", "shop.hotel.example"),
        ("https://de-de.facebook.com/hotel", None),
        ("localhost", None),
        ("https://[nonsense", None),
        ("", None),
        (None, None),
    ],
)
def test_a_website_s_domain_is_its_host_unless_many_share_it(url, domain):
    assert domain_of(url, shared=["facebook.com"]) == domain


def test_an_address_is_looked_up_in_lower_case():
    assert (email_of(" Maria@Hotel.example "), email_of(""), email_of(None)) == ("maria@hotel.example", None, None)


def test_paths_reach_into_attributes_and_lists_become_text():
    item = {"name": "Hotel", "attributes": {"a.b": 1, "tags": ["x", "y"], "more": {"deep": True}}}
    paths = {
        "one": "attributes.a.b",
        "two": "attributes.tags",
        "three": "attributes.more.deep",
        "four": "attributes.none",
        "five": "name.x",
    }
    fields = {name: Field(source=path) for name, path in paths.items()} | {"six": Field(value="lead")}

    assert values_of(item, fields) == {"one": 1, "two": "x;y", "three": True, "six": "lead"}


def test_settings_lie_over_the_vendor_s_and_faults_are_named_with_their_place(tmp_path):
    path = tmp_path / "openprospect.toml"
    defaults = {
        "companies": {"id_field": "id", "fields": {"name": {"from": "name"}, "owner": {"policy": "never"}}},
        "contacts": {"id_field": "id"},
    }
    path.write_text("[crm.any.companies.fields]\nname = 'attributes.title'\nowner = 'attributes.owner'", encoding="utf-8")

    fields = load("any", defaults, path=path).companies.fields

    assert (fields["name"].source, fields["owner"].policy) == ("attributes.title", Policy.NEVER)
    path.write_text("[crm.any.contacts]\ngone = 'sometimes'", encoding="utf-8")
    with pytest.raises(DestinationRefused, match=r"\[crm\.any\].*sometimes.*contacts\.gone"):
        load("any", defaults, path=path)
