"""Addresses: inet, cidr, macaddr, macaddr8."""

from __future__ import annotations

import ipaddress
import re
from typing import Any

from understudy.pg.codecs.codec import (
    SPACE,
    Codec,
    Reader,
    exactly,
    invalid,
    invalid_external,
    no_data,
    plain,
    refusal,
    text_valued,
    unfit,
)
from understudy.pg.errors import ServerError

_FAMILIES = {2: 4, 3: 16}
_ADDRESSES = (ipaddress.IPv4Address, ipaddress.IPv6Address)
_NETWORKS = (ipaddress.IPv4Network, ipaddress.IPv6Network)
_V4 = re.compile(r"([0-9]+(?:\.[0-9]+)*)(\.?)(?:/([0-9]+))?", re.ASCII)
_HEX_V4 = re.compile(r"0[xX]([0-9a-fA-F]{1,8})(?:/([0-9]+))?", re.ASCII)
_V6 = re.compile(r"([0-9a-fA-F:.]+)(?:/(0|[1-9][0-9]*))?", re.ASCII)
Interface = ipaddress.IPv4Interface | ipaddress.IPv6Interface


# inet and cidr -----------------------------------------------------------------------------------


def _interface(text: str, *, is_cidr: bool) -> Interface:
    """Return the address in a text, as PostgreSQL's inet_net_pton reads it.

    Raises:
        ValueError: there is none.
    """
    if ":" in text:
        found = _V6.fullmatch(text)
        if found is None or (found[1][-1] == "." and found[2] is None):
            raise ValueError(text)
        head, colon, tail = found[1].rpartition(":")
        if "." in tail:  # an IPv4 address, of which the last octets may be missing
            tail += ".0" * (3 - tail.count("."))
            tail = ".".join(octet or "0" for octet in tail.split("."))
        return ipaddress.IPv6Interface((head + colon + tail, int(found[2] or 128)))
    octets, bits = _hexadecimal_octets(text) if is_cidr else ([], None)
    if not octets:
        found = _V4.fullmatch(text)
        # inet allows a point at the end.
        if found is None or (found[2] and is_cidr):
            raise ValueError(text)
        octets, bits = [int(octet) for octet in found[1].split(".")], found[3]
    if len(octets) > 4 or max(octets) > 255:
        raise ValueError(text)
    if bits is None and not is_cidr and len(octets) < 4:
        raise ValueError(text)
    length = _class_of(octets) if bits is None else int(bits)
    # An address may be longer than its octets if it is a network.
    if length > 32 or (not is_cidr and length // 8 > len(octets)):
        raise ValueError(text)
    return ipaddress.IPv4Interface((bytes([*octets, 0, 0, 0, 0][:4]), length))


def _hexadecimal_octets(text: str) -> tuple[list[int], str | None]:
    found = _HEX_V4.fullmatch(text)
    if found is None:
        return [], None
    digits = found[1] + "0" * (len(found[1]) % 2)
    return list(bytes.fromhex(digits)), found[2]


def _class_of(octets: list[int]) -> int:
    """Return the length of a network that is given without one: by its class."""
    first = octets[0]
    length = 32 if first >= 240 else 8 if first >= 224 else 24 if first >= 192 else 16
    length = 8 if first < 128 else length
    return 4 if first == 224 and len(octets) == 1 else max(length, 8 * len(octets))


def _read_inet(text: str) -> Any:
    try:
        return _narrowed(_interface(text, is_cidr=False))
    except ValueError:
        raise invalid("inet", text) from None


def _narrowed(interface: Interface) -> Any:
    """Return the bare address if the network is that one address."""
    is_one = interface.network.prefixlen == interface.max_prefixlen
    return interface.ip if is_one else interface


def _read_cidr(text: str) -> Any:
    try:
        interface = _interface(text, is_cidr=True)
    except ValueError:
        raise invalid("cidr", text) from None
    if interface.ip != interface.network.network_address:
        detail = "Value has bits set to right of mask."
        raise refusal("22P02", f'invalid cidr value: "{text}"', detail)
    return interface.network


def _given(name: str, value: Any) -> Interface:
    value = plain(value)
    if isinstance(value, (str, *_ADDRESSES, *_NETWORKS)):
        # An interface is an address, too, and its str has the network.
        try:
            if name == "cidr":
                network = _read_cidr(str(value))
                return ipaddress.ip_interface(str(network))
            return _interface(str(value), is_cidr=False)
        except (ValueError, ServerError):
            pass  # it is refused below, as anything else
    raise unfit(name, value)


def _receive(name: str, data: bytes) -> Interface:
    reader = Reader(data)
    expected = _FAMILIES.get(reader.byte())
    if expected is None:
        raise invalid_external("address family", name)
    bits = reader.byte()
    if bits > 8 * expected:
        raise invalid_external("bits", name)
    reader.byte()  # whether it is a cidr: PostgreSQL looks at the type instead
    if reader.byte() != expected:
        raise invalid_external("length", name)
    address = ipaddress.ip_address(bytes(reader.byte() for _ in range(expected)))
    reader.end()
    return ipaddress.ip_interface(f"{address}/{bits}")


def _receive_cidr(data: bytes) -> Any:
    interface = _receive("cidr", data)
    if interface.ip != interface.network.network_address:
        detail = "Value has bits set to right of mask."
        raise refusal("22P03", 'invalid external "cidr" value', detail)
    return interface.network


def _send(interface: Interface, *, is_cidr: bool) -> bytes:
    family = 2 if interface.version == 4 else 3
    head = bytes([family, interface.network.prefixlen, is_cidr, _FAMILIES[family]])
    return head + interface.ip.packed


INET = Codec(
    _read_inet,
    lambda data: _narrowed(_receive("inet", data)),
    lambda value: str(_narrowed(_given("inet", value))),
    lambda value: _send(_given("inet", value), is_cidr=False),
)
CIDR = Codec(
    _read_cidr,
    _receive_cidr,
    lambda value: str(_given("cidr", value).network),
    lambda value: _send(_given("cidr", value), is_cidr=True),
)


# macaddr and macaddr8 ----------------------------------------------------------------------------

# What C's scanf takes for %x and %2x, which never takes a digit back, and reads 0x as 0.
_ANY_HEX = r"\s*+([+-]?+(?:0[xX][0-9a-fA-F]*+|[0-9a-fA-F]++))"
_TWO_HEX = r"\s*+([+-][0-9a-fA-F]|0[xX]|[0-9a-fA-F]{1,2}+)"
_MACADDR = [
    re.compile(pattern + r"\s*", re.ASCII)
    for pattern in (
        ":".join([_ANY_HEX] * 6),
        "-".join([_ANY_HEX] * 6),
        f"{_TWO_HEX * 3}:{_TWO_HEX * 3}",
        f"{_TWO_HEX * 3}-{_TWO_HEX * 3}",
        r"\.".join([_TWO_HEX * 2] * 3),
        "-".join([_TWO_HEX * 2] * 3),
        _TWO_HEX * 6,
    )
]
_PAIR = re.compile(r"([0-9a-fA-F]{2})([:.-]?)")


def _macaddr(text: str) -> bytes:
    found = next((match for pattern in _MACADDR if (match := pattern.fullmatch(text))), None)
    if found is None:
        raise invalid("macaddr", text)
    numbers = [int(digits.rstrip("xX"), 16) for digits in found.groups()]
    if not all(0 <= number < 256 for number in numbers):
        raise refusal("22003", f'invalid octet value in "macaddr" value: "{text}"')
    return bytes(numbers)


def _macaddr8(text: str) -> bytes:
    bare = text.lstrip(SPACE)
    at, octets, separators = 0, bytearray(), set[str]()
    while at + 1 < len(bare):
        found = _PAIR.match(bare, at)
        if found is None or len(octets) == 8:
            raise invalid("macaddr8", text)
        octets.append(int(found[1], 16))
        separators.add(found[2])
        at = found.end()
        if len(octets) in (6, 8) and bare[at : at + 1] in tuple(SPACE):
            if bare[at:].strip(SPACE):
                raise invalid("macaddr8", text)
            break
    if len(separators - {""}) > 1 or len(octets) not in (6, 8):
        raise invalid("macaddr8", text)
    return bytes(octets) if len(octets) == 8 else bytes([*octets[:3], 0xFF, 0xFE, *octets[3:]])


def _spelled(data: bytes) -> str:
    return ":".join(f"{octet:02x}" for octet in data)


def card_address(name: str, size: int) -> Codec:
    """Return the codec of macaddr or macaddr8; its values are texts with colons."""
    parse = _macaddr if name == "macaddr" else _macaddr8

    return text_valued(
        name,
        lambda text: _spelled(parse(text)),
        lambda data: _spelled(exactly(data, size, no_data)),
        parse,
    )
