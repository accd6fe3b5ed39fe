"""The text of floating-point numbers."""

from __future__ import annotations

from decimal import Decimal


def float_text(value: float, *, single: bool = False) -> str:
    """Return a floating-point number as MySQL writes it.

    An exponent is written below 1e-15, and for whole numbers from 1e15 on.

    Args:
        value: the number.
        single: whether it is a FLOAT, which has six digits.
    """
    sign, digits, exponent = Decimal(f"{value:.6g}" if single else repr(value)).as_tuple()
    assert isinstance(exponent, int), "MySQL has no infinity"
    text = "".join(map(str, digits)).rstrip("0")
    if not text:
        return "-0" if sign else "0"
    exponent += len(digits) - len(text)
    point = len(text) + exponent  # the number is 0.text times ten to this power
    if point <= -15 or (point > 15 and exponent >= 0):
        text = text[0] + ("." + text[1:] if text[1:] else "") + f"e{point - 1}"
    elif point <= 0:
        text = "0." + "0" * -point + text
    elif exponent >= 0:
        text += "0" * exponent
    else:
        text = f"{text[:point]}.{text[point:]}"
    return "-" + text if sign else text
