"""Numbers and truth values: integers, real and double precision, boolean."""

from __future__ import annotations

import math
import re
import struct
from dataclasses import replace
from decimal import Decimal
from typing import Any

from understudy.pg.codecs.codec import (
    SPACE,
    Codec,
    beyond,
    exactly,
    invalid,
    no_data,
    number_reader,
    out_of_range,
    plain,
    refusal,
    unfit,
)

# The lowest and the highest number of each type.
INTEGERS = {
    "smallint": (-(2**15), 2**15 - 1),
    "integer": (-(2**31), 2**31 - 1),
    "bigint": (-(2**63), 2**63 - 1),
    "oid": (0, 2**32 - 1),
}
INTEGER = re.compile(
    r"[+-]?(0[xX](_?[0-9a-fA-F])+|0[oO](_?[0-7])+|0[bB](_?[01])+|[0-9](_?[0-9])*)", re.ASCII
)
OID = re.compile(r"([+-]?)(0[xX][0-9a-fA-F]++|0[0-7]*+|[1-9][0-9]*+)", re.ASCII)
# What C's strtod reads, and a function that reads it.
FLOAT = re.compile(
    r"[+-]?(?:0x(?:[0-9a-f]+\.?[0-9a-f]*|\.[0-9a-f]+)(?:p[+-]?[0-9]+)?"
    r"|(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[+-]?[0-9]+)?|inf(?:inity)?|nan(?:\([0-9a-z_]*\))?)",
    re.ASCII | re.IGNORECASE,
)
SPECIAL = {
    "nan": "NaN",
    **dict.fromkeys(("inf", "+inf", "infinity", "+infinity"), "Infinity"),
    **dict.fromkeys(("-inf", "-infinity"), "-Infinity"),
}
_TRUE = frozenset(("t", "tr", "tru", "true", "y", "ye", "yes", "on", "1"))
_FALSE = frozenset(("f", "fa", "fal", "fals", "false", "n", "no", "of", "off", "0"))


# Integers ----------------------------------------------------------------------------------------


def integer(name: str, layout: str) -> Codec:
    """Return the codec of an integer type, whose binary form has a layout of `struct`."""
    packer = struct.Struct(layout)
    pack, size = packer.pack, packer.size
    signed = layout[1].islower()
    bits = 8 * size - signed
    lowest, highest = (-(1 << bits) if signed else 0), (1 << bits) - 1

    def read(text: str) -> int:
        # The plain spelling of a number is by far the commonest, and Python's own.
        if text.isdecimal() and text.isascii() and len(text) < 10 * size:
            number = int(text)
        else:
            bare = text.strip(SPACE)
            if not INTEGER.fullmatch(bare):
                raise invalid(name, text)
            number = number_in(bare)
        if not lowest <= number <= highest:
            raise out_of_range(name, text)
        return number

    def send(value: Any) -> bytes:
        try:
            return pack(value)
        except struct.error:
            return pack(_whole(name, value, lowest, highest))

    def write(value: Any) -> str:
        return str(_whole(name, value, lowest, highest))

    return Codec(read, number_reader(packer), write, send)


def number_in(text: str) -> int:
    """Read a number that the pattern of integers fits."""
    digits = text.lstrip("+-")
    plain_digits = digits.replace("_", "")
    base = {"0x": 16, "0o": 8, "0b": 2}.get(plain_digits[:2].lower(), 10)
    if (
        base == 10 and len(plain_digits) > 4000
    ):  # Python reads no longer one, nobody has room for it
        return 1 << 70
    number = int(plain_digits if base == 10 else plain_digits[2:], base)
    return -number if text.startswith("-") else number


def _whole(name: str, value: Any, lowest: int, highest: int) -> int:
    if type(value) is int and lowest <= value <= highest:
        return value  # nearly all are
    value = plain(value)
    if isinstance(value, str) and INTEGER.fullmatch(value.strip(SPACE)):
        value = number_in(value.strip(SPACE))
    if isinstance(value, (float, Decimal)) and math.isfinite(value) and value == int(value):
        value = int(value)
    if not isinstance(value, int):
        raise unfit(name, value)
    if not lowest <= value <= highest:
        raise beyond(name, value)
    return int(value)


def object_number(name: str, layout: str = "!I") -> Codec:
    """Return the codec of oid, xid, cid or xid8: numbers without a sign, read as C reads them."""
    count = 1 << 8 * struct.calcsize(layout)
    lowest = -(2**31) if count == 2**32 else 1 - count

    def read(text: str) -> int:
        found = OID.fullmatch(text.strip(SPACE))
        if found is None:
            raise invalid(name, text)
        digits = found[2]
        base = 16 if digits[:2].lower() == "0x" else 8 if digits[0] == "0" else 10
        number = int(digits, base) * (-1 if found[1] == "-" else 1)
        if not lowest <= number < count:
            raise out_of_range(name, text)
        return number % count

    plain_number = integer(name, layout)

    def unsigned(value: Any) -> Any:
        # psqlpy reads it with a sign.
        is_negative = isinstance(value, int) and -count // 2 <= value < 0
        return value % count if is_negative else value

    return replace(
        plain_number,
        input=read,
        output=lambda value: plain_number.output(unsigned(value)),
        send=lambda value: plain_number.send(unsigned(value)),
    )


# Truth values ------------------------------------------------------------------------------------


def _read_boolean(text: str) -> bool:
    word = text.strip(SPACE).lower()
    if word in _TRUE:
        return True
    if word not in _FALSE:
        raise invalid("boolean", text)
    return False


def _truth(value: Any) -> bool:
    value = plain(value)
    if not isinstance(value, (bool, str)):
        raise unfit("boolean", value)
    if isinstance(value, str):
        word = value.strip(SPACE).lower()
        if word not in _TRUE and word not in _FALSE:
            raise unfit("boolean", value)
        return word in _TRUE
    return value


BOOLEAN = Codec(
    _read_boolean,
    lambda data: exactly(data, 1, no_data) != b"\0",
    lambda value: "t" if value is True or _truth(value) else "f",
    lambda value: b"\1" if value is True or _truth(value) else b"\0",
)


# Floating-point numbers --------------------------------------------------------------------------


def float_of(text: str) -> float:
    """Return the number of a text that FLOAT matches."""
    if "0x" in text.lower():
        try:
            return float.fromhex(text)
        except OverflowError:
            return math.inf
    return float(text.partition("(")[0])


def floating(name: str, layout: str) -> Codec:
    """Return the codec of real or double precision, whose binary form has a layout of `struct`."""
    packer = struct.Struct(layout)
    pack, unpack = packer.pack, packer.unpack

    def read(text: str) -> float:
        bare = text.strip(SPACE)
        if not FLOAT.fullmatch(bare):
            raise invalid(name, text)
        number = rounded(float_of(bare))
        digits = re.split("p" if "0x" in bare.lower() else "e", bare.lower())[0]
        is_zero = not re.search("[1-9a-z]", digits.replace("0x", ""))
        is_spelled_infinite = "inf" in bare.lower()
        if (math.isinf(number) and not is_spelled_infinite) or (number == 0 and not is_zero):
            raise refusal("22003", f'"{bare}" is out of range for type {name}')
        return number

    def rounded(number: float) -> float:
        try:
            return float(unpack(pack(number))[0])
        except OverflowError:
            return math.inf

    def send(value: Any) -> bytes:
        if type(value) is not float:
            value = _floating(name, value)
        try:
            return pack(value)
        except OverflowError:
            raise beyond(name, value) from None

    def write(value: Any) -> str:
        return _shortest(float(unpack(send(value))[0]), single=name == "real")

    return Codec(read, number_reader(packer), write, send)


def _floating(name: str, value: Any) -> float:
    value = plain(value)
    if isinstance(value, (int, float, Decimal)):
        try:
            return float(value)
        except (OverflowError, ValueError):  # too large, or a signalling NaN
            raise beyond(name, value) from None
    if isinstance(value, str):
        try:
            return float(value.strip(SPACE))
        except ValueError:
            pass  # it is refused below, as anything else
    raise unfit(name, value)


def _shortest(number: float, *, single: bool) -> str:
    """Return the shortest text that reads as the number, in the form of C's %g as PostgreSQL's."""
    if not math.isfinite(number):
        return "NaN" if math.isnan(number) else "Infinity" if number > 0 else "-Infinity"
    if number == 0:
        return "-0" if math.copysign(1, number) < 0 else "0"
    text = repr(number)
    if single:
        texts = (f"{number:.{precision}e}" for precision in range(9))
        text = next(found for found in texts if _single(float(found)) == number)
    value = Decimal(text).normalize()
    exponent = value.adjusted()
    if -4 <= exponent < (6 if single else 15):
        return format(value, "f")
    sign, (first, *rest), _ = value.as_tuple()
    fraction = f".{''.join(map(str, rest))}" if rest else ""
    return f"{'-' if sign else ''}{first}{fraction}e{exponent:+03d}"


def _single(number: float) -> float:
    try:
        return float(struct.unpack("!f", struct.pack("!f", number))[0])
    except OverflowError:  # rounded up beyond the largest
        return math.inf
