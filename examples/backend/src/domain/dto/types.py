"""Constrained types shared by several models."""

from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from src.domain.cpf import normalised_cpf

Id = Annotated[int, Field(ge=1, le=2**63 - 1)]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=120)]
Description = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)]
# Stored in lower case, so the unique constraint ignores case.
Email = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True,
        to_lower=True,
        max_length=254,
        pattern=r"^[^@\s]+@[^@\s.]+(\.[^@\s.]+)+$",
    ),
]
CPF = Annotated[str, AfterValidator(normalised_cpf)]
Code = Annotated[str, StringConstraints(pattern=r"^[a-z_]+:[a-z_]+$", max_length=100)]
