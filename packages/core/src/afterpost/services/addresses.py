"""Which addresses a credential may lead to: those of the public internet, however they are written.

A person types the name of a host, and whoever owns that name says where it is. Neither must be able to make
this server ask its own network: itself, its neighbours, or the address where a cloud tells its machines their
keys.
"""

import asyncio
import ipaddress
import socket

from afterpost.domain.errors import ErrorKind, ProviderError

_UNICAST = ipaddress.IPv6Network("2000::/3")
"""All that is given out of IPv6 for the public; what lies outside is special in one way or another."""
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
"""Where a network without IPv4 reaches it: the last four bytes are the address."""


def is_public(written: str) -> bool:
    """True for an address of the public internet; one of IPv6 that leads to one of IPv4 is judged by that.

    ValueError for what is no address. It leans on Python's own table, which differs from version to version,
    for IPv4 and for what is set aside within the public part of IPv6.
    """
    address = ipaddress.ip_address(written)
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) % 2**32)
        if inner is None:
            return address in _UNICAST and address.is_global
        address = inner
    return address.is_global and not address.is_multicast


async def public_address(host: str) -> str:
    """An address of a host that a person named.

    ProviderError where it has none, and where any of its addresses is not public: which one is tried first is
    not ours to say.
    """
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, 443, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise ProviderError(ErrorKind.NETWORK, f"The host {host} is not known.") from error
    addresses = [str(each[4][0]) for each in found]
    if not addresses or not all(map(is_public, addresses)):
        raise ProviderError(ErrorKind.BAD_REQUEST, f"The host {host} has an address that is not public.")
    return addresses[0]
