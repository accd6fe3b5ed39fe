"""Tests for the CPF rules that every DTO with a CPF shares."""

import pytest
from faker import Faker

from src.domain.cpf import normalised_cpf


@pytest.mark.parametrize(
    "written",
    [
        pytest.param("529.982.247-25", id="formatted"),
        pytest.param("52998224725", id="digits"),
        pytest.param("  529.982.247-25\n", id="surrounded by space"),
    ],
)
def test_normalised_cpf_keeps_digits_only(written: str) -> None:
    """Every notation is stored in the same form."""
    assert normalised_cpf(written) == "52998224725"


def test_normalised_cpf_accepts_faker_numbers(faker: Faker) -> None:
    """A hundred numbers from Faker are accepted unchanged."""
    written: list[str] = [faker.ssn() for _ in range(100)]

    stored = [normalised_cpf(cpf) for cpf in written]

    assert stored == [cpf.replace(".", "").replace("-", "") for cpf in written]


@pytest.mark.parametrize(
    "written",
    [
        pytest.param("00000001910", id="first digit is ten, written zero"),
        pytest.param("10000000280", id="second digit is ten, written zero"),
    ],
)
def test_normalised_cpf_writes_ten_as_zero(written: str) -> None:
    """A remainder of ten gives the check digit 0."""
    assert normalised_cpf(written) == written


@pytest.mark.parametrize(
    "written",
    [
        pytest.param("", id="empty"),
        pytest.param("5299822472", id="ten digits"),
        pytest.param("529982247250", id="twelve digits"),
        pytest.param("529-982-247.25", id="punctuation misplaced"),
        pytest.param("529.98224725", id="punctuation incomplete"),
        pytest.param("529.982.247-2X", id="a letter"),
        pytest.param("529 982 247 25", id="space inside"),
        pytest.param("٥٢٩٩٨٢٢٤٧٢٥", id="digits of another script"),
    ],
)
def test_normalised_cpf_refuses_other_spellings(written: str) -> None:
    """Other formats are rejected with a message that shows the expected format."""
    with pytest.raises(ValueError, match=r"^CPF deve ter 11 dígitos, com ou sem pontuação"):
        normalised_cpf(written)


def test_normalised_cpf_refuses_one_digit_repeated() -> None:
    """111.111.111-11 has correct check digits but is invalid."""
    with pytest.raises(ValueError, match=r"^CPF não pode repetir um único dígito$"):
        normalised_cpf("111.111.111-11")


def test_normalised_cpf_refuses_wrong_first_check_digit() -> None:
    """The message names the first check digit."""
    with pytest.raises(ValueError, match=r"o primeiro dígito verificador não confere$"):
        normalised_cpf("529.982.247-35")


def test_normalised_cpf_refuses_wrong_second_check_digit() -> None:
    """The message names the second check digit."""
    with pytest.raises(ValueError, match=r"o segundo dígito verificador não confere$"):
        normalised_cpf("529.982.247-24")


def test_normalised_cpf_refuses_two_digits_swapped() -> None:
    """Two swapped digits are detected."""
    with pytest.raises(ValueError, match="dígito verificador"):
        normalised_cpf("259.982.247-25")
