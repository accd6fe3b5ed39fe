"""Numbers that are exact: numeric and money."""

from __future__ import annotations

import re
import struct
from decimal import Decimal
from typing import Any

from understudy.pg.codecs.codec import (
    SPACE,
    Codec,
    Reader,
    invalid,
    invalid_external,
    out_of_range,
    plain,
    refusal,
    text_valued,
    unfit,
)
from understudy.pg.codecs.numbers import INTEGER, SPECIAL, integer, number_in
from understudy.pg.errors import ServerError

_DIGITS = r"([0-9](_?[0-9])*)"
_NUMERIC = re.compile(
    rf"[+-]?({_DIGITS}(\.{_DIGITS}?)?|\.{_DIGITS})([eE][+-]?{_DIGITS})?", re.ASCII
)
_MONEY = re.compile(
    r"\s*\$?\s*(?P<sign>[-+(]?)\s*\$?\s*(?P<whole>[0-9,]*)"
    r"(?:\.(?P<cents>(?:,*[0-9]){0,2},*)(?P<rest>[0-9]*))?(?P<tail>[\s)$+-]*)",
    re.ASCII,
)
# What numeric has room for: digits before the point, and after it.
_MOST_BEFORE, _MOST_AFTER = 131072, 16383

# numeric -----------------------------------------------------------------------------------------


def _read_numeric(text: str) -> Decimal:
    bare = text.strip(SPACE)
    if special := SPECIAL.get(bare.lower()):
        return Decimal(special)
    if _NUMERIC.fullmatch(bare):
        found = re.search(r"[eE]([+-]?[0-9_]+)$", bare)
        if found and abs(int(found[1].replace("_", ""))) > 10**6:
            raise _overflow()
        return _held(Decimal(bare.replace("_", "")))
    if INTEGER.fullmatch(bare):
        return _held(Decimal(number_in(bare)))
    raise invalid("numeric", text)


def _held(number: Decimal) -> Decimal:
    """Return a number as numeric keeps it: without an exponent, and zero without a sign."""
    sign, digits, exponent = number.as_tuple()
    assert isinstance(exponent, int)  # it is finite
    if -exponent > _MOST_AFTER or (number and number.adjusted() >= _MOST_BEFORE):
        raise _overflow()
    if exponent > 0:
        digits, exponent = (*digits, *([0] * exponent)) if number else (0,), 0
    return Decimal((sign if number else 0, digits, exponent))


def _overflow() -> ServerError:
    return refusal("22003", "value overflows numeric format")


def _receive_numeric(data: bytes) -> Decimal:
    reader = Reader(data)
    count = reader.number(2, signed=False)
    weight = reader.number(2)
    sign = reader.number(2, signed=False)
    scale = reader.number(2, signed=False)
    if sign not in (0, 0x4000, 0xC000, 0xD000, 0xF000):
        raise invalid_external("sign", "numeric")
    if scale > 0x3FFF:
        raise invalid_external("scale", "numeric")
    number = 0
    for _ in range(count):
        digit = reader.number(2)
        if not 0 <= digit < 10_000:
            raise invalid_external("digit", "numeric")
        number = number * 10_000 + digit
    reader.end()
    if sign >= 0xC000:
        return Decimal({0xC000: "NaN", 0xD000: "Infinity", 0xF000: "-Infinity"}[sign])
    return _scaled(number, 4 * (count - 1 - weight), scale, negative=sign == 0x4000)


def _scaled(number: int, places: int, scale: int, *, negative: bool) -> Decimal:
    """Return number / 10**places, cut to `scale` digits after the point."""
    number = (
        number * 10 ** (scale - places) if places <= scale else number // 10 ** (places - scale)
    )
    digits = tuple(map(int, str(number)))
    return Decimal((1 if negative and number else 0, digits, -scale))


def _decimal(value: Any) -> Decimal:
    value = plain(value)
    if isinstance(value, str):
        bare = value.strip(SPACE)
        special = SPECIAL.get(bare.lower())
        if special is None and not (_NUMERIC.fullmatch(bare) or INTEGER.fullmatch(bare)):
            raise unfit("numeric", value)
        return _read_numeric(value)
    if isinstance(value, float):
        value = Decimal(repr(value))
    elif isinstance(value, int):
        value = Decimal(int(value))
    if not isinstance(value, Decimal):
        raise unfit("numeric", value)
    return _held(value) if value.is_finite() else value


def _write_numeric(value: Any) -> str:
    number = _decimal(value)
    if not number.is_finite():
        return "NaN" if number.is_nan() else "Infinity" if number > 0 else "-Infinity"
    return format(number, "f")


def _send_numeric(value: Any) -> bytes:
    number = _decimal(value)
    if not number.is_finite():
        if number.is_nan():
            return struct.pack("!HhHH", 0, 0, 0xC000, 0)
        # The 32 is what PostgreSQL sends, though it means nothing.
        return struct.pack("!HhHH", 0, 0, 0xD000 if number > 0 else 0xF000, 32)
    negative, digits, exponent = number.as_tuple()
    assert isinstance(exponent, int)  # it is finite
    # Base 10,000, with the point between two digits: filled up with zeros on both sides.
    after = -exponent
    text = "".join(map(str, digits)).rjust(after + 1, "0")
    whole, fraction = text[: len(text) - after], text[len(text) - after :]
    whole = whole.rjust(-(-len(whole) // 4) * 4, "0")
    fraction = fraction.ljust(-(-len(fraction) // 4) * 4, "0")
    groups = [int((whole + fraction)[at : at + 4]) for at in range(0, len(whole + fraction), 4)]
    weight = len(whole) // 4 - 1
    while groups and groups[0] == 0:
        del groups[0]
        weight -= 1
    while groups and groups[-1] == 0:
        del groups[-1]
    weight = weight if groups else 0
    head = struct.pack("!HhHH", len(groups), weight, 0x4000 if negative else 0, after)
    return head + struct.pack(f"!{len(groups)}H", *groups)


NUMERIC = Codec(_read_numeric, _receive_numeric, _write_numeric, _send_numeric)


# money -------------------------------------------------------------------------------------------

_CENTS = integer("money", "!q").receive


def _read_money(text: str) -> str:
    found = _MONEY.fullmatch(text)
    if found is None:
        raise invalid("money", text)
    whole, cents = found["whole"].replace(",", ""), (found["cents"] or "").replace(",", "")
    number = int(f"{whole}{cents.ljust(2, '0')}") + ((found["rest"] or "0")[0] >= "5")
    if found["sign"] in ("-", "(") or "-" in found["tail"]:
        number = -number
    if not -(2**63) <= number < 2**63:
        raise out_of_range("money", text)
    return _money_text(number)


def _money_text(cents: int) -> str:
    return f"{'-' if cents < 0 else ''}${abs(cents) // 100:,}.{abs(cents) % 100:02d}"


def _money_given(value: Any) -> Any:
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, int) and not isinstance(value, bool):
        # The number of cents, as in the binary form, of which psqlpy makes an int.
        return _money_text(value)
    return value if isinstance(value, str) and re.search("[0-9]", value) else None


def _pack_money(text: str) -> bytes:
    return int(re.sub(r"[$,.]", "", text)).to_bytes(8, signed=True)


MONEY = text_valued(
    "money", _read_money, lambda data: _money_text(_CENTS(data)), _pack_money, _money_given
)
