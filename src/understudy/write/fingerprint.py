"""What an observation shows, as plain values that can be compared, and which of it is stable."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from collections.abc import Iterable, Mapping, Sequence, Set
from typing import Any

from understudy.write.trials import Observation

_DEEPEST = 8
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_PLAIN = (str, bytes, int, float, complex, bool, type(None))


class _Varies:
    """Stands for a part that differs between the runs of a trial."""

    def __repr__(self) -> str:
        return "VARIES"


VARIES = _Varies()


@dataclasses.dataclass(frozen=True)
class Unordered:
    """A list whose order differs between the runs, but not its items."""

    items: tuple[Any, ...]


def plain(value: Any, depth: int = 0) -> Any:
    """Return a value as scalars, lists and dicts, with the name of its class where it has one."""
    if isinstance(value, _PLAIN) or depth > _DEEPEST:
        return value if isinstance(value, _PLAIN) else type(value).__qualname__
    if isinstance(value, type):  # pydantic 1 has the model among the arguments of its error
        return value.__qualname__
    inner = depth + 1
    if hasattr(type(value), "tolist"):  # an array of numpy, whose == is an array, too
        return plain(value.tolist(), inner)
    if isinstance(value, BaseException):
        known = {key: item for key, item in vars(value).items() if not key.startswith("_")}
        return [type(value).__qualname__, plain(list(value.args), inner), plain(known, inner)]
    fields = fields_of(value)
    if fields is not None:
        name = "" if isinstance(value, Mapping) else type(value).__qualname__
        return {"": name, **{str(key): plain(item, inner) for key, item in fields.items()}}
    if isinstance(value, set | frozenset):
        return sorted((plain(item, inner) for item in value), key=repr)
    if isinstance(value, Sequence):
        return [plain(item, inner) for item in value]
    has_equality = any("__eq__" in vars(kind) for kind in type(value).__mro__[:-1])
    return value if has_equality else type(value).__qualname__


def fields_of(value: Any) -> Mapping[str, Any] | None:
    """Return the fields of a model, a row, a dataclass, an ORM's object or a response."""
    if isinstance(value, Mapping):
        return value
    if hasattr(type(value), "__mapper__"):  # before pydantic's: an expired field cannot be read
        return {key: item for key, item in vars(value).items() if not key.startswith("_")}
    if hasattr(value, "model_fields_set"):  # pydantic 2
        return {name: getattr(value, name) for name in type(value).model_fields}
    if hasattr(value, "__fields_set__"):  # pydantic 1
        return {name: getattr(value, name) for name in value.__fields__}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if hasattr(value, "_mapping"):  # a row of SQLAlchemy
        return dict(value._mapping)
    if hasattr(value, "_asdict"):
        return dict(value._asdict())
    if hasattr(value, "status_code") and hasattr(value, "headers"):
        return {"status_code": value.status_code, "body": _body(value)}
    if hasattr(value, "keys") and hasattr(value, "__getitem__"):  # a record of asyncpg
        return {key: value[key] for key in value.keys()}  # noqa: SIM118 - a record yields values
    return None


def _body(response: Any) -> Any:
    try:
        return response.json()
    except (AttributeError, ValueError):
        return getattr(response, "text", "")


def shown(observation: Observation, fields: Set[str] | None = None) -> Any:
    """Return what a test can assert of an observation.

    Args:
        observation: what a trial did.
        fields: those of the answer that count; None for all.
    """
    changes = observation.changes
    tables = None
    if changes is not None:
        tables = [plain(changes.inserted), plain(changes.updated), plain(changes.deleted)]
    return {
        "answer": of_fields(plain(observation.answer), fields),
        "raised": None if observation.raised is None else plain(observation.raised),
        "changes": tables,
        "problem": bool(observation.problem),
    }


def of_fields(answer: Any, fields: Set[str] | None) -> Any:
    """Return a plain answer with these fields alone of the models and rows in it."""
    if fields is None:
        return answer
    if isinstance(answer, dict):
        return {name: item for name, item in answer.items() if not name or name in fields}
    if isinstance(answer, Unordered):
        return Unordered(tuple(of_fields(item, fields) for item in answer.items))
    return [of_fields(item, fields) for item in answer] if isinstance(answer, list) else answer


def stable(observations: Sequence[Observation], fields: Set[str] | None = None) -> Any:
    """Return what was the same in all observations of a trial; the rest is VARIES."""
    first, *others = (shown(one, fields) for one in observations)
    for other in others:
        first = common(first, other)
    return first


def common(one: Any, other: Any) -> Any:
    """Return what two plain values have in common."""
    if isinstance(one, Unordered):
        found = common(list(one.items), other)
        return Unordered(tuple(found)) if isinstance(found, list) else found
    if type(one) is type(other) and isinstance(one, dict) and one.keys() == other.keys():
        return {key: common(item, other[key]) for key, item in one.items()}
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        places = order(one, other)
        items = [common(item, other[at]) for item, at in zip(one, places, strict=True)]
        return items if places == sorted(places) else Unordered(tuple(items))
    return one if type(one) is type(other) and one == other and not is_today(one) else VARIES


def has_dates(value: Any) -> bool:
    """Return whether a plain value has dates or texts with dates in it."""
    if isinstance(value, Unordered | list | dict):
        items = value.items if isinstance(value, Unordered) else value
        return any(map(has_dates, items.values() if isinstance(items, dict) else items))
    return isinstance(value, dt.date) or bool(isinstance(value, str) and _DATE.search(value))


def is_today(value: Any) -> bool:
    """Return whether a value is today's date, here or in UTC; no value of a trial is."""
    if isinstance(value, dt.datetime) or not isinstance(value, dt.date | str):
        return False
    days = {dt.date.today(), dt.datetime.now(dt.UTC).date()}
    return any(day.isoformat() in str(value) for day in days)


def order(one: Sequence[Any], other: Sequence[Any]) -> list[int]:
    """Return where the items of a list are in another, which may have them in another order.

    Items are the same if all is equal that does not vary: not the time at which a row was written.
    If these are not the same either, the order stays.
    """
    names = {name for item in one[:1] if isinstance(item, dict) for name in item}
    kept = {
        name
        for name in names
        if all(isinstance(item, dict) and name in item for item in [*one, *other])
        and _sorted(item[name] for item in one) == _sorted(item[name] for item in other)
    }
    mine, theirs = _parts(one, kept), _parts(other, kept)
    if mine == theirs or sorted(mine) != sorted(theirs):
        return list(range(len(one)))
    places = {part: [at for at, there in enumerate(theirs) if there == part] for part in mine}
    return [places[part].pop(0) for part in mine]


def _sorted(values: Iterable[Any]) -> list[str]:
    return sorted(map(repr, values))


def _parts(items: Sequence[Any], names: set[str]) -> list[str]:
    """Return what of each item is compared: some fields of a dict, all of another value."""
    return [
        repr({name: item[name] for name in sorted(names)} if isinstance(item, dict) else item)
        for item in items
    ]


def fits(pattern: Any, value: Any) -> bool:
    """Return whether a plain value is what a stable one says."""
    if pattern is VARIES:
        return True
    if isinstance(pattern, Unordered):
        if not isinstance(value, list) or len(value) != len(pattern.items):
            return False
        left = list(value)
        # What varies least is looked for first: another item might fit it by chance.
        for item in sorted(pattern.items, key=lambda item: repr(item).count(repr(VARIES))):
            at = next((at for at, there in enumerate(left) if fits(item, there)), None)
            if at is None:
                return False
            del left[at]
        return True
    if isinstance(pattern, dict):
        return (
            isinstance(value, dict)
            and pattern.keys() == value.keys()
            and all(fits(item, value[key]) for key, item in pattern.items())
        )
    if isinstance(pattern, list):
        return (
            isinstance(value, list)
            and len(pattern) == len(value)
            and all(fits(item, there) for item, there in zip(pattern, value, strict=True))
        )
    return type(pattern) is type(value) and bool(pattern == value)
