"""Which addresses are public, and which spelling of a host leads to them."""

import asyncio
import socket
from collections.abc import Sequence
from typing import Any

import pytest

from afterpost.domain.errors import ErrorKind, ProviderError
from afterpost.services.addresses import is_public, public_address

PUBLIC = ["8.8.8.8", "93.184.216.34", "2606:4700::1111", "2a00:1450:4001:82b::200e"]
LEADING_ON = ["::ffff:8.8.8.8", "2002:808:808::1", "64:ff9b::808:808"]
"""IPv6 with a public address of IPv4 in it."""
OWN = {
    "this machine": ["127.0.0.1", "127.8.9.10", "::1", "0.0.0.0", "::"],
    "its network": ["10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.5", "fc00::1", "fdab::5"],
    "its link, and where a cloud tells its keys": [
        *("169.254.169.254", "169.254.0.1", "fe80::1", "fe80::1%eth0", "fd00:ec2::254", "fec0::1"),
    ],
    "behind the carrier": ["100.64.0.1"],
    "everybody": ["224.0.0.1", "239.255.255.250", "255.255.255.255", "ff02::1", "ff0e::1"],
    "nobody": ["192.0.2.1", "198.51.100.7", "198.18.0.1", "240.0.0.1", "2001:db8::1", "100::1", "5f00::1"],
    "IPv4 in IPv6": [
        *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::ffff:a9fe:a9fe"),
        *("::127.0.0.1", "::7f00:1", "2002:7f00:1::", "2002:a9fe:a9fe::1", "2002:a00:1::"),
        *("64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b::10.0.0.1", "64:ff9b:1::7f00:1"),
        *("2001:0:7f00:1::", "64:ff9b::e000:1"),
    ],
}


@pytest.mark.parametrize("address", [*PUBLIC, *LEADING_ON])
def test_public_addresses(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("address", [one for some in OWN.values() for one in some])
def test_addresses_that_are_not_public(address: str) -> None:
    assert not is_public(address)


async def refused(host: str) -> ErrorKind:
    """How a host is refused."""
    with pytest.raises(ProviderError) as raised:
        await public_address(host)
    return raised.value.kind


@pytest.mark.parametrize(
    "host",
    [
        *("localhost", "127.0.0.1", "::1", "2130706433", "0x7f000001", "017700000001", "0x7f.1", "127.1"),
        *("0177.0.0.1", "0x7f.0x0.0x0.0x1", "127.0.0.0x1", "0", "0.0.0.0", "::", "::ffff:127.0.0.1"),
        *("2852039166", "0xa9fea9fe", "0251.0376.0251.0376", "169.254.43518", "10.1", "192.168.257"),
    ],
)
async def test_every_spelling_the_resolver_takes_is_judged_by_where_it_leads(host: str) -> None:
    """No network: an address, however it is written, is not looked up anywhere."""
    assert await refused(host) is ErrorKind.BAD_REQUEST


@pytest.mark.parametrize(
    "host",
    [
        *("a.example:8080", "user@a.example", "a.example/path", "https://a.example", "a b.example", "[::1]"),
        *("", ".", "a..example", "a.example\r\nb", "x" * 300, "127.0.0.1:443", "user@127.0.0.1", "é" * 70),
    ],
)
async def test_what_is_no_name_leads_nowhere(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    real = socket.getaddrinfo

    def knows_no_name(host: Any, port: Any, family: int, kind: int, protocol: int, flags: int) -> Any:
        """Addresses alone: a test asks no network."""
        return real(host, port, family, kind, protocol, flags | socket.AI_NUMERICHOST)

    monkeypatch.setattr(socket, "getaddrinfo", knows_no_name)
    assert await refused(host) in {ErrorKind.NETWORK, ErrorKind.BAD_REQUEST}


def resolves(monkeypatch: pytest.MonkeyPatch, *answers: Sequence[str]) -> None:
    """Names have these addresses, one answer a look-up and the last one from then on."""
    left = list(answers)

    async def looked_up(host: str, port: int, **_: Any) -> list[Any]:
        found = left.pop(0) if len(left) > 1 else left[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in found]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", looked_up)


async def test_a_name_is_refused_for_any_of_its_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    resolves(monkeypatch, ["93.184.216.34", "2606:4700::1111"])
    assert await public_address("a.example") == "93.184.216.34"
    for own in ("10.0.0.1", "::1", "169.254.169.254", "64:ff9b::a9fe:a9fe"):
        resolves(monkeypatch, ["93.184.216.34", own])
        assert await refused("a.example") is ErrorKind.BAD_REQUEST
    resolves(monkeypatch, [])
    assert await refused("a.example") is ErrorKind.BAD_REQUEST
