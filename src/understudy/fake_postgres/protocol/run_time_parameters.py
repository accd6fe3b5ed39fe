"""PostgreSQL's run-time parameters: their names, values, and how SHOW formats them.

The table `parameters.tsv` is pg_settings of PostgreSQL 18: name, type, context, unit, least and
greatest value, choices, and the value of a new session; `tests/conformance/wire` holds it there.
"""

from __future__ import annotations

import re
from functools import cache
from importlib import resources
from typing import NamedTuple

from understudy.fake_postgres.protocol import errors, special_parameters

# The units, in bytes and in microseconds.
_UNITS = {
    "B": {"B": 1, "kB": 1024, "MB": 1024**2, "GB": 1024**3, "TB": 1024**4},
    "us": {
        "us": 1,
        "ms": 1000,
        "s": 1_000_000,
        "min": 60_000_000,
        "h": 3_600_000_000,
        "d": 86_400_000_000,
    },
}
_INTEGERS = 2**31 - 1
_WHOLE = 1e-8  # PostgreSQL's tolerance for a whole number
_KIND = {unit: kind for kind, units in _UNITS.items() for unit in units}
_NUMBER = re.compile(
    r"\s*([+-]?(?:0[xX][\da-fA-F]{1,16}|\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+))(.*)", re.DOTALL
)
_REFUSED = {
    "internal": "changed",
    "postmaster": "changed without restarting the server",
    "sighup": "changed now",
    "backend": "set after connection start",
    "superuser-backend": "set after connection start",
}


class Parameter(NamedTuple):
    """A run-time parameter.

    Attributes:
        name: as PostgreSQL spells it.
        kind: "bool", "enum", "integer", "real" or "string".
        context: who may set it, and when: "user", "superuser", "sighup" ...
        unit: of its numbers: "ms", "kB", "8kB" ..., "" for none.
        least: the smallest number, as text; `greatest`: the largest.
        choices: of an enum.
        initial: its value in a new session, as SHOW gives it.
    """

    name: str
    kind: str
    context: str
    unit: str
    least: str
    greatest: str
    choices: tuple[str, ...]
    initial: str

    def check_settable(self, *, at_start: bool = False) -> None:
        """Refuse to set it if a client cannot.

        Args:
            at_start: whether it is set by the startup message.

        Raises:
            ServerError: it cannot be set, now or ever.
        """
        if self.context in ("user", "superuser") or (at_start and self.context.endswith("backend")):
            return
        text = f'parameter "{self.name}" cannot be {_REFUSED[self.context] or "changed"}'
        raise errors.error("55P02", text)

    def shown(self, values: tuple[str, ...]) -> str:
        """Return what SHOW gives after SET to `values`.

        Raises:
            ServerError: the parameter does not take them.
        """
        name = self.name.lower()
        if name in special_parameters.LISTS:
            return special_parameters.LISTS[name](values)
        if len(values) != 1:
            raise errors.error("22023", f"SET {self.name} takes only one argument")
        value = values[0]
        if name in special_parameters.SINGLE:
            return special_parameters.SINGLE[name](value)
        if self.kind == "bool":
            return self._boolean(value)
        if self.kind == "enum":
            return self._choice(value)
        return value if self.kind == "string" else self._number(value)

    def _boolean(self, value: str) -> str:
        found = special_parameters.boolean(value)
        if found is None:
            raise errors.error("22023", f'parameter "{self.name}" requires a Boolean value')
        return "on" if found else "off"

    def _choice(self, value: str) -> str:
        if value.lower() in self.choices:
            return value.lower()
        if "off" in self.choices and (found := special_parameters.boolean(value)) is not None:
            return "on" if found and "on" in self.choices else "off" if not found else value.lower()
        raise errors.invalid_value(
            self.name, value, hint=f"Available values: {', '.join(self.choices)}."
        )

    def _number(self, value: str) -> str:
        match = _NUMBER.fullmatch(value)
        if match is None:
            raise errors.invalid_value(self.name, value)
        number = float(int(match[1], 16)) if "x" in match[1].lower() else float(match[1])
        unit = match[2].strip()
        if unit:
            number *= self._factor(unit, value)
        if self.kind == "integer":
            if abs(number) > _INTEGERS:
                hint = "Value exceeds integer range."
                raise errors.invalid_value(self.name, value, hint=hint)
            number = float(round(number))
        if not float(self.least) <= number <= float(self.greatest):
            unit = f" {self.unit}" if self.unit else ""
            raise errors.error(
                "22023",
                f"{self._spelt(number)}{unit} is outside the valid range for parameter "
                f'"{self.name}" ({self.least}{unit} .. {self.greatest}{unit})',
            )
        return self._with_unit(number)

    def _factor(self, unit: str, value: str) -> float:
        """Return how many of the parameter's own units one `unit` is."""
        base, kind = self._base()
        if not kind or unit not in _UNITS[kind]:
            raise errors.invalid_value(self.name, value, hint=_units_hint(kind))
        return _UNITS[kind][unit] / base

    def _base(self) -> tuple[int, str]:
        """Return the parameter's unit in bytes or microseconds, and which of the two."""
        match = re.fullmatch(r"(\d*)(\w+)", self.unit)
        if match is None:
            return 1, ""
        kind = _KIND[match[2]]
        return int(match[1] or 1) * _UNITS[kind][match[2]], kind

    def _with_unit(self, number: float) -> str:
        """Spell a number in the largest unit in which it is a whole one, or else the smallest."""
        base, kind = self._base()
        if not kind or number <= 0:
            return self._spelt(number)
        units = sorted(_UNITS[kind].items(), key=lambda unit: unit[1], reverse=True)
        for name, size in units:
            count = number * base / size
            if abs(round(count) / count - 1) <= _WHOLE:
                return f"{round(count)}{name}"
        return f"{self._spelt(count)}{name}"

    def _spelt(self, number: float) -> str:
        return f"{number:g}" if self.kind == "real" else str(int(number))


@cache
def _table() -> dict[str, Parameter]:
    table = {}
    text = (
        resources.files("understudy.fake_postgres.protocol")
        .joinpath("parameters.tsv")
        .read_text("utf-8")
    )
    for line in text.splitlines():
        name, kind, context, unit, least, greatest, choices, initial = line.split("\t")
        listed = tuple(choices.split(",")) if choices else ()
        table[name.lower()] = Parameter(name, kind, context, unit, least, greatest, listed, initial)
    return table


def find(name: str) -> Parameter | None:
    """Return the parameter of a name in any case, or None."""
    return _table().get(name.lower())


def seconds(name: str, shown: str) -> float:
    """Return a duration in seconds, from its value as SHOW formats it."""
    match = re.fullmatch(r"(\d+)(\w*)", shown)
    assert match is not None, f"{name} = {shown} is not as SHOW gives it"
    return int(match[1]) * _UNITS["us"][match[2] or _table()[name].unit] / 1e6


def names() -> list[str]:
    """Return the names of all parameters, in small letters."""
    return list(_table())


def custom(name: str) -> bool:
    """Return whether a name is valid for a custom parameter: `app.user`."""
    return re.fullmatch(r"[^\W\d][\w$]*(?:\.[^\W\d][\w$]*)+", name) is not None


def _units_hint(kind: str) -> str | None:
    if not kind:
        return None
    *others, last = (f'"{unit}"' for unit in _UNITS[kind])
    return f"Valid units for this parameter are {', '.join(others)}, and {last}."
