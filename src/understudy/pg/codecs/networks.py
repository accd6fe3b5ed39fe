"""Addresses: inet, cidr, macaddr, macaddr8."""

from __future__ import annotations

import ipaddress
import re
from typing import Any

from understudy.pg.codecs import messages
from understudy.pg.codecs.codec import Codec, Reader, invalid, no_data, plain, refusal, unfit
from understudy.pg.errors import TrailingBytes
from understudy.pg.literals import literal_refusal
from understudy.pg.pgtypes import PgType

_FAMILIES = {2: 4, 3: 16}
_HEX = "[0-9a-fA-F]"
_ADDRESSES = (ipaddress.IPv4Address, ipaddress.IPv6Address)
_NETWORKS = (ipaddress.IPv4Network, ipaddress.IPv6Network)
Interface = ipaddress.IPv4Interface | ipaddress.IPv6Interface


def _interface(text: str) -> Interface:
    return ipaddress.ip_interface(text)


# inet --------------------------------------------------------------------------------------------


def _read_inet(text: str) -> Any:
    try:
        return _narrowed(_interface(text))
    except ValueError:
        raise invalid("inet", text) from None


def _narrowed(interface: Interface) -> Any:
    """Return the bare address, where the network is that one address."""
    is_one = interface.network.prefixlen == interface.max_prefixlen
    return interface.ip if is_one else interface


def _inet(value: Any) -> Interface:
    value = plain(value)
    if isinstance(value, (str, *_ADDRESSES, *_NETWORKS)):
        try:
            # An interface is an address, too, and its str has the network.
            return _interface(str(value))
        except ValueError:
            pass  # it is refused below, as anything else
    raise unfit("inet", value)


def _write_inet(value: Any) -> str:
    return str(_narrowed(_inet(value)))


# cidr --------------------------------------------------------------------------------------------


def _read_cidr(text: str) -> Any:
    if literal_refusal(PgType("cidr", "base"), text) is not None:
        try:
            _interface(text)
        except ValueError:
            raise invalid("cidr", text) from None
        raise refusal(
            "22P02", f'invalid cidr value: "{text}"', "Value has bits set to right of mask."
        )
    return ipaddress.ip_network(_whole(text))


def _whole(text: str) -> str:
    """Write out a network that is shortened: 10.1 is 10.1.0.0/16."""
    address, _, bits = text.partition("/")
    if ":" in address or address.count(".") == 3:
        return text
    octets = address.split(".")
    return ".".join(octets + ["0"] * (4 - len(octets))) + f"/{bits or 8 * len(octets)}"


def _cidr(value: Any) -> Interface:
    value = plain(value)
    if isinstance(value, (str, *_ADDRESSES, *_NETWORKS)):
        try:
            network = ipaddress.ip_network(_whole(str(value)))
        except ValueError:
            pass  # it is refused below, as anything else
        else:
            return _interface(str(network))
    raise unfit("cidr", value)


# Both --------------------------------------------------------------------------------------------


def _receive(name: str, data: bytes) -> Interface:
    reader = Reader(data)
    expected = _FAMILIES.get(reader.byte())
    if expected is None:
        raise refusal("22P03", messages.bad_external("address family", name))
    bits = reader.byte()
    if bits > 8 * expected:
        raise refusal("22P03", messages.bad_external("bits", name))
    reader.byte()  # whether it is a cidr: PostgreSQL looks at the type instead
    if reader.byte() != expected:
        raise refusal("22P03", messages.bad_external("length", name))
    address = ipaddress.ip_address(bytes(reader.byte() for _ in range(expected)))
    reader.end()
    return _interface(f"{address}/{bits}")


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
    _write_inet,
    lambda value: _send(_inet(value), is_cidr=False),
)
CIDR = Codec(
    _read_cidr,
    _receive_cidr,
    lambda value: str(_cidr(value).network),
    lambda value: _send(_cidr(value), is_cidr=True),
)


# Addresses of cards ------------------------------------------------------------------------------


def card_address(name: str, size: int) -> Codec:
    """Return the codec of macaddr or macaddr8; its values are texts with colons."""
    separated = re.compile(
        rf"{_HEX}{{1,2}}(?:([:-]){_HEX}{{1,2}})(?:\1{_HEX}{{1,2}}){{{size - 2}}}"
    )
    together = re.compile(rf"{_HEX}{{{2 * size}}}")
    halves = re.compile(rf"{_HEX}{{6}}[:-]{_HEX}{{{2 * size - 6}}}")
    fours = re.compile(rf"{_HEX}{{4}}(?:([.-]){_HEX}{{4}})(?:\1{_HEX}{{4}}){{{size // 2 - 2}}}")

    def digits_in(text: str) -> str | None:
        bare = text.strip()
        if separated.fullmatch(bare):
            return "".join(each.rjust(2, "0") for each in re.split("[:-]", bare))
        if any(each.fullmatch(bare) for each in (together, halves, fours)):
            return re.sub("[:.-]", "", bare)
        return None

    def read(text: str) -> str:
        digits = digits_in(text)
        if digits is None:
            if re.fullmatch(rf"\s*({_HEX}+([:-]|\s*$)){{{size}}}", text):
                raise refusal("22003", f'invalid octet value in "{name}" value: "{text}"')
            raise invalid(name, text)
        return spell(bytes.fromhex(digits))

    def spell(data: bytes) -> str:
        return ":".join(f"{each:02x}" for each in data)

    def receive(data: bytes) -> str:
        if len(data) != size:
            raise no_data() if len(data) < size else TrailingBytes()
        return spell(data)

    def send(value: Any) -> bytes:
        digits = digits_in(value) if isinstance(plain(value), str) else None
        if digits is None:
            raise unfit(name, value)
        return bytes.fromhex(digits)

    return Codec(read, receive, lambda value: spell(send(value)), send)
