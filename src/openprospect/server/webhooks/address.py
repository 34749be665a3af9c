"""Which addresses messages may be sent to. Pure rules; looking names up is `network.py`'s."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

# IANA's registries of special addresses, written out: the tables of each Python know another part of them.
_PRIVATE_IPV4 = tuple(IPv4Network(network) for network in ("10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))
_PRIVATE_IPV6 = (IPv6Network("::1/128"), IPv6Network("fc00::/7"))
_SPECIAL_IPV4 = tuple(
    IPv4Network(network)
    for network in (
        "0.0.0.0/8",
        "169.254.0.0/16",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
)
# The one part of IPv6 that is given out for the public network; everything outside is local, reserved or a disguise.
_PUBLIC_IPV6 = IPv6Network("2000::/3")
_SPECIAL_IPV6 = (IPv6Network("2001::/23"), IPv6Network("2001:db8::/32"), IPv6Network("3fff::/20"))
_NAT64 = IPv6Network("64:ff9b::/96")


def is_allowed(text: str, *, allow_private: bool) -> bool:
    """Whether to dial this address, in whichever disguise it comes. Private ones on request; link-local ones never."""
    address = _bare(ip_address(text))
    if isinstance(address, IPv4Address):
        is_private = any(address in network for network in _PRIVATE_IPV4)
        return allow_private if is_private else not any(address in network for network in _SPECIAL_IPV4)
    if any(address in network for network in _PRIVATE_IPV6):
        return allow_private
    return address in _PUBLIC_IPV6 and not any(address in network for network in _SPECIAL_IPV6)


def _bare(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """The IPv4 address that an IPv6 one stands for, where it does: mapped, 6to4, NAT64."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address
