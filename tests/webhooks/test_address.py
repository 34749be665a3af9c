"""No message goes to an address that is not public, in whichever disguise it comes."""

import ipaddress
from contextlib import suppress

import httpcore
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openprospect.server.core.errors import InvalidInput
from openprospect.server.webhooks.address import is_allowed
from openprospect.server.webhooks.network import AddressRefused, Lookup, NameUnknown, VettedNetwork
from openprospect.server.webhooks.url import checked_url, masked

PUBLIC = ["8.8.8.8", "93.184.215.14", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "2002:808:808::1"]

PRIVATE = [
    "127.0.0.1",
    "127.255.255.254",
    "10.0.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "100.64.0.1",
    "::1",
    "fd00::1",
    "fc00::1",
]

NEVER = [
    "0.0.0.0",
    "0.1.2.3",
    "169.254.169.254",
    "192.0.0.8",
    "192.0.2.1",
    "192.88.99.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
    "ff0e::1",
    "100::1",
    "2001::1",
    "2001:db8::1",
    "3fff::1",
    "5f00::1",
    "64:ff9b:1::1",
    "::8.8.8.8",
    "::ffff:169.254.169.254",
    "64:ff9b::169.254.169.254",
    "2002:a9fe:a9fe::1",
]

DISGUISES = ["::ffff:{}", "64:ff9b::{}"]


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_allowed(address):
    assert is_allowed(address, allow_private=False)


@pytest.mark.parametrize("address", PRIVATE)
def test_private_addresses_are_allowed_on_request_alone(address):
    assert not is_allowed(address, allow_private=False)
    assert is_allowed(address, allow_private=True)


@pytest.mark.parametrize("address", NEVER)
def test_other_addresses_are_never_allowed(address):
    assert not is_allowed(address, allow_private=False)
    assert not is_allowed(address, allow_private=True)


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_is_judged_alike_in_every_disguise(address):
    plain = is_allowed(str(address), allow_private=False)
    assert plain <= address.is_global
    assert {is_allowed(disguise.format(address), allow_private=False) for disguise in DISGUISES} == {plain}
    assert is_allowed(str(ipaddress.IPv6Address(0x2002 << 112 | int(address) << 80)), allow_private=False) is plain


@pytest.mark.parametrize(
    "url",
    [
        "http://crm.example.com/",
        "ftp://crm.example.com/",
        "https:///hook",
        "https://user:secret@crm.example.com/",
        "https://crm.example.com@127.0.0.1/",
        "https://crm.example.com/#part",
        "https://crm.example.com:22/",
        "https://crm.example.com:99999/",
        "https://[::1]/",
        "https://[::ffff:7f00:1]/",
        "https://127.0.0.1/",
        "https://127.1/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://0177.0.0.1/",
        "https://169.254.169.254/latest/meta-data",
        "https://crm.exämple.com/",
        "https://crm.example.com/a b",
        "https://crm.example.com/\r\nhost: other",
        "https://[::1",
        "crm.example.com",
        "https://crm.example.com/" + "a" * 2000,
    ],
)
def test_a_url_that_cannot_be_right_is_refused_with_its_reason(url):
    with pytest.raises(InvalidInput, match=r"^url \w+"):
        checked_url(url, allow_private=False)


@pytest.mark.parametrize(
    "url", ["https://crm.example.com/hook?token=1", "https://crm.example.com:8443/", "https://8.8.8.8/", "HTTPS://x.example"]
)
def test_an_ordinary_url_is_taken_as_it_is(url):
    assert checked_url(url, allow_private=False) == url


@pytest.mark.parametrize("url", ["http://127.0.0.1:8000/hook", "http://localhost/", "https://10.1.2.3/"])
def test_private_urls_are_taken_on_request(url):
    assert checked_url(url, allow_private=True) == url
    with pytest.raises(InvalidInput):
        checked_url("http://169.254.169.254/", allow_private=True)


@given(st.text(max_size=50))
def test_any_text_is_either_a_url_or_refused(text):
    with suppress(InvalidInput):
        assert checked_url(text, allow_private=False) == text


def test_a_shown_url_keeps_its_query_to_itself():
    assert masked("https://crm.example.com/hook?token=secret") == "https://crm.example.com/hook?***"
    assert masked("https://crm.example.com/hook") == "https://crm.example.com/hook"


class Dialled(httpcore.AsyncNetworkBackend):
    """Stands for the network: remembers whom it was asked to connect to, and refuses."""

    def __init__(self) -> None:
        self.addresses: list[str] = []

    async def connect_tcp(self, host, port, timeout=None, local_address=None, socket_options=None):  # noqa: ASYNC109
        self.addresses.append(host)
        raise httpcore.ConnectError


def network(*answers: list[str]) -> tuple[VettedNetwork, Dialled]:
    """One whose resolver gives these answers in turn."""
    turns, dialled = iter(answers), Dialled()

    async def resolve(_host: str, _port: int) -> list[str]:
        return next(turns)

    return VettedNetwork(resolve, allow_private=False, inner=dialled), dialled


async def test_the_vetted_addresses_are_dialled_and_never_the_name():
    vetted, dialled = network(["8.8.8.8", "2606:4700:4700::1111"])
    with pytest.raises(httpcore.ConnectError):
        await vetted.connect_tcp("crm.example.com", 443)
    assert dialled.addresses == ["8.8.8.8", "2606:4700:4700::1111"]


async def test_one_private_address_among_public_ones_is_enough_to_refuse():
    vetted, dialled = network(["8.8.8.8", "10.0.0.1"])
    with pytest.raises(AddressRefused):
        await vetted.connect_tcp("crm.example.com", 443)
    assert dialled.addresses == []


async def test_a_name_that_changes_its_address_is_refused_when_it_does():
    vetted, dialled = network(["8.8.8.8"], ["127.0.0.1"])
    with pytest.raises(httpcore.ConnectError):
        await vetted.connect_tcp("crm.example.com", 443)
    with pytest.raises(AddressRefused):
        await vetted.connect_tcp("crm.example.com", 443)
    assert dialled.addresses == ["8.8.8.8"]


async def test_a_name_without_an_address_is_unknown():
    vetted, _ = network([])
    with pytest.raises(NameUnknown):
        await vetted.connect_tcp("crm.example.com", 443)


@pytest.mark.parametrize("host", ["localhost", "127.1", "0x7f.1", "2130706433", "::1"])
async def test_every_spelling_of_the_loopback_is_refused_once_it_is_looked_up(host):
    lookup = Lookup()
    vetted = VettedNetwork(lookup, allow_private=False, inner=Dialled())
    with pytest.raises(AddressRefused):
        await vetted.connect_tcp(host, 443)
    lookup.close()
