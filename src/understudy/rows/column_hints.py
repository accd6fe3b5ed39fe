"""What a column's name says that it holds, made up by Faker."""

from __future__ import annotations

import re
from functools import cache
from random import Random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from faker import Generator

DEFAULT_LOCALE = "en_US"
# The name of a column, or its end, and the method of Faker that makes such a thing up. What only
# some locales have (cpf) is looked for when it is wanted. The first that fits is taken.
_KINDS: dict[str, tuple[str, ...]] = {
    "email": ("email", "e_mail", "mail"),
    "first_name": ("first_name", "given_name", "firstname"),
    "last_name": ("last_name", "surname", "family_name", "lastname"),
    "user_name": ("user_name", "username", "login", "nickname"),
    "domain_name": ("domain_name", "hostname", "domain"),
    "file_name": ("file_name", "filename"),
    "company": ("company", "company_name", "organization", "employer"),
    "name": ("name", "full_name"),
    "phone_number": ("phone", "phone_number", "mobile", "telephone", "fax"),
    "street_address": ("street", "street_address", "address"),
    "city": ("city", "town"),
    "country_code": ("country_code",),
    "country": ("country",),
    "postcode": ("postcode", "postal_code", "zip", "zip_code", "zipcode"),
    "state": ("state", "province"),
    "job": ("job", "job_title", "occupation", "profession"),
    "url": ("url", "website", "homepage", "link"),
    "ipv4": ("ip", "ip_address"),
    "user_agent": ("user_agent",),
    "slug": ("slug",),
    "color_name": ("color", "colour"),
    "currency_code": ("currency", "currency_code"),
    "language_code": ("language", "language_code"),
    "iban": ("iban",),
    "password": ("password",),
    "cpf": ("cpf",),
    "cnpj": ("cnpj",),
    "sentence": ("description", "title", "subject", "summary", "comment", "note", "notes"),
    "paragraph": ("body", "content", "text", "bio", "message"),
}
_METHODS = {name: method for method, names in _KINDS.items() for name in names}


class Named:
    """Makes up what names of columns promise, always the same for the same seed."""

    def __init__(self, seed: str, locale: str | None) -> None:
        self._random = Random(seed)
        self._locale = locale or DEFAULT_LOCALE

    def value(self, column: str) -> str | None:
        """What a column of that name holds; None where it says nothing, and without Faker."""
        methods = _methods_for(column)
        if not methods:
            return None
        fake = _faker(self._locale)
        if fake is None:
            return None
        # Faker is slow to make, so tests share it; each has its own source of chance.
        fake.random = self._random
        return next((str(getattr(fake, one)()) for one in methods if hasattr(fake, one)), None)


def _methods_for(column: str) -> list[str]:
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", column).lower().split("_")
    ends = ("_".join(words[first:]) for first in range(len(words)))
    return [_METHODS[end] for end in ends if end in _METHODS]


@cache
def _faker(locale: str) -> Generator | None:
    try:
        from faker import Factory
    except ImportError:
        return None
    return Factory.create(locale)
