"""The Brazilian taxpayer number: eleven digits, the last two computed from the others."""

import re

_WRITTEN = re.compile(r"\d{3}\.\d{3}\.\d{3}-\d{2}|\d{11}", re.ASCII)


def _check_digit(digits: str) -> str:
    """Return the check digit for ``digits``: weights descend to 2, modulo 11."""
    weights = range(len(digits) + 1, 1, -1)
    weighted = sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=True))
    return str(weighted * 10 % 11 % 10)


def normalised_cpf(written: str) -> str:
    """Return the stored form of a CPF: its eleven digits.

    Args:
        written: '529.982.247-25' or '52998224725', spaces around it allowed.

    Raises:
        ValueError: it is written in another way, repeats one digit, or a check digit is wrong.
    """
    written = written.strip()
    if not _WRITTEN.fullmatch(written):
        raise ValueError("CPF deve ter 11 dígitos, com ou sem pontuação (000.000.000-00)")
    digits = re.sub(r"\D", "", written)
    if len(set(digits)) == 1:
        raise ValueError("CPF não pode repetir um único dígito")
    if digits[9] != _check_digit(digits[:9]):
        raise ValueError("CPF inválido: o primeiro dígito verificador não confere")
    if digits[10] != _check_digit(digits[:10]):
        raise ValueError("CPF inválido: o segundo dígito verificador não confere")
    return digits
