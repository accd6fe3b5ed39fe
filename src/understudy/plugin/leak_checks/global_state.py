"""What outlives a test: the environment, and what the project's own modules hold.

A look at it must be cheap and never wrong, so it is narrow: a function, a class or a CONSTANT of
the project that is another one afterwards, or a list, dict or set so named that has other content;
the overrides of an app. Not what code makes when it is first needed, or counts, or collects: that
is written small, begins with an underscore, was None or was not there.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from itertools import chain
from operator import call, is_, itemgetter
from types import FunctionType
from typing import Any

from understudy.plugin.leak_checks.project_files import Places

_FIXED = (FunctionType, type, staticmethod, classmethod, property)
_CONTAINERS = (list, dict, set)
_LONGEST = 200  # items of a container that are looked at one by one
_GONE = object()
# pytest and coverage write these while tests run.
_NOT_OURS = ("PYTEST_", "COV_", "COVERAGE_")


class State:
    """What tests have left so far: each look at it tells what is new.

    Args:
        places: tells which modules are the project's own.
    """

    def __init__(self, places: Places) -> None:
        self._places = places
        self._modules: dict[str, list[_Namespace]] = {}
        self._seen: set[str] = set()
        self.renew()

    def renew(self) -> None:
        """Take what is there now for what should be there."""
        self._find_modules()
        self._environment = _environment()
        self._folder = _folder()
        self._logging = _logging()
        for namespace in self._namespaces:
            namespace.renew()
        self._note()

    def given(self) -> Callable[[], None]:
        """Return what takes for given all that changes from now until it is called."""
        self._find_modules()
        environment, folder, levels = _environment(), _folder(), _logging()
        accepts = [namespace.given() for namespace in self._namespaces]

        def accept() -> None:
            self._find_modules()
            _accept(self._environment, environment, _environment())
            _accept(self._logging, levels, _logging())
            self._folder = self._folder if folder == _folder() else _folder()
            for each in accepts:
                each()
            self._note()

        return accept

    def changes(self) -> list[str]:
        """Return what is different since the last look, and take it for given from now on."""
        is_new = self._find_modules()
        different = [] if self._is_same() else [e for e in self._namespaces if not e.is_same()]
        changes = [change for namespace in different for change in namespace.changes()]
        # Modules set variables when they are imported, and that happens once in any case.
        changes += [] if is_new else self._environment_changes()
        folder, levels = _folder(), _logging()
        if folder != self._folder:
            changes.append(f"the working directory was {self._folder} and is {folder}")
        changes += [
            f"{name} was {before} and is {after}"
            for (name, before), after in zip(self._logging.items(), levels.values(), strict=True)
            if before != after
        ]
        if changes or is_new:
            self.renew()
        elif different:
            for namespace in different:
                namespace.renew()
            self._note()
        return changes

    @property
    def _namespaces(self) -> list[_Namespace]:
        return [*chain.from_iterable(self._modules.values())]

    def _note(self) -> None:
        """Note what the look at everything at once compares."""
        namespaces = [each for each in self._namespaces if each.before]
        self._names = [each.names for each in namespaces]
        self._sizes = [each.size for each in namespaces]
        self._getters = [_getter([*each.before]) for each in namespaces]
        self._values = [*chain.from_iterable(each.before.values() for each in namespaces)]
        self._containers = [*chain.from_iterable(e.containers.values() for e in self._namespaces)]

    def _is_same(self) -> bool:
        """A look at everything at once, in C: most tests leave nothing and cost no more."""
        if [*map(len, self._names)] != self._sizes:
            return False
        try:
            values = [*chain.from_iterable(map(call, self._getters, self._names))]
        except KeyError:  # a name is gone, and another one is there
            return False
        return all(map(is_, values, self._values)) and all(
            _is_content(value, was) for value, was in self._containers
        )

    def _find_modules(self) -> bool:
        """Look for modules of the project that were imported since; says whether there are any."""
        if len(sys.modules) == len(self._seen):
            return False
        found = False
        for name, module in list(sys.modules.items()):
            if name in self._seen:
                continue
            self._seen.add(name)
            file = getattr(module, "__file__", None)
            if isinstance(file, str) and self._places.is_own(file):
                self._modules[name] = list(_namespaces(name, vars(module)))
                found = True
        self._seen.intersection_update(sys.modules)
        return found

    def _environment_changes(self) -> Iterator[str]:
        environment = _environment()
        # pytest sets a variable of its own for each test: there is always a difference.
        different = {name for name, _ in environment.items() ^ self._environment.items()}
        for name in sorted(different, key=os.fsdecode):
            before, after = self._environment.get(name), environment.get(name)
            shown = os.fsdecode(name)
            if not shown.startswith(_NOT_OURS):
                how = "set" if before is None else "removed" if after is None else "changed"
                yield f"os.environ[{shown!r}] was {how}"


def _getter(names: list[str]) -> Callable[[Mapping[str, Any]], tuple[Any, ...]]:
    """Return what gets the values of some names, as fast as Python can."""
    get = itemgetter(*names)
    return get if len(names) > 1 else lambda mapping: (get(mapping),)


class _Namespace:
    """The names of a module or a class, as they were.

    Attributes:
        names: all of them, as they are now.
        size: how many there were.
        before: what those stood for that are watched.
        containers: those that are looked into, each with what was in it.
    """

    def __init__(self, name: str, names: Mapping[str, Any]) -> None:
        self._name = name
        self.names = names
        # What comes later is made by code when it is needed, and may be made again.
        self._first = frozenset(names)
        self.renew()

    def renew(self) -> None:
        self.size = len(self.names)
        self.before, self.containers = {}, {}
        for name, value in list(self.names.items()):
            overrides = _overrides(value)
            if overrides is not None:
                self.containers[f"{name}.dependency_overrides"] = overrides, _content(overrides)
            elif _is_shared(name, value):
                self.containers[name] = value, _content(value)
            # An app that is made when it is first needed is watched from then on.
            may_come = value is None and not name.startswith("__")
            is_fixed = name in self._first and _is_fixed(name, value)
            if is_fixed or overrides is not None or may_come:
                self.before[name] = value

    def given(self) -> Callable[[], None]:
        """Return what takes for given all that changes from now until it is called."""
        before = {name: self.names.get(name, _GONE) for name in self.before}
        contents = {name: _content(value) for name, (value, _) in self.containers.items()}

        def accept() -> None:
            for name, value in before.items():
                now = self.names.get(name, _GONE)
                if now is _GONE:
                    self.before.pop(name, None)
                elif now is not value:
                    self.before[name] = now
            for name, was in contents.items():
                value = self.containers[name][0]
                if not _is_content(value, was):
                    self.containers[name] = value, _content(value)

        return accept

    def is_same(self) -> bool:
        """A quick look; what it lets through is looked at closely."""
        return (
            len(self.names) == self.size
            and all(self.names.get(name, _GONE) is value for name, value in self.before.items())
            and all(_is_content(value, was) for value, was in self.containers.values())
        )

    def changes(self) -> Iterator[str]:
        for name, before in self.before.items():
            if not _is_fixed(name, before):
                continue
            now = self.names.get(name, _GONE)
            if now is _GONE:
                yield f"{self._name}.{name} was removed"
            elif now is not before:
                yield f"{self._name}.{name} was replaced"
        for name, (value, was) in self.containers.items():
            if self.names.get(name, value) is value and not _is_content(value, was):
                yield f"{self._name}.{name}, a {type(value).__name__}, has other content"


def _namespaces(name: str, names: Mapping[str, Any]) -> Iterator[_Namespace]:
    yield _Namespace(name, names)
    for each in list(names.values()):
        if isinstance(each, type) and each.__module__ == name:
            yield _Namespace(f"{name}.{each.__qualname__}", vars(each))


def _is_fixed(name: str, value: object) -> bool:
    """Whether nothing but a test would put something else in its place, and a later one find it.

    pytest has the functions of tests already when the first one runs.
    """
    if name.startswith(("_", "test")):
        return False
    return isinstance(value, _FIXED) or (name.isupper() and value is not None)


def _is_shared(name: str, value: object) -> bool:
    return type(value) in _CONTAINERS and name.isupper() and not name.startswith("_")


def _overrides(value: object) -> dict[Any, Any] | None:
    """Return the `dependency_overrides` of an app, looking at nothing but its own attributes."""
    if isinstance(value, type):
        return None
    try:
        found = object.__getattribute__(value, "__dict__").get("dependency_overrides")
    except AttributeError:  # most values have no attributes of their own
        return None
    return found if isinstance(found, dict) else None


def _content(container: Any) -> tuple[int, list[object]]:
    """Return the length of a container, and what is in it unless that is very much."""
    if len(container) > _LONGEST:
        return len(container), []
    items = [*container, *container.values()] if isinstance(container, dict) else [*container]
    return len(container), items


def _is_content(container: Any, was: tuple[int, list[object]]) -> bool:
    """Compare by identity: `==` may be the project's own, and may do anything."""
    length, items = _content(container)
    return length == was[0] and all(map(is_, items, was[1]))


def _accept(known: dict[Any, Any], before: Mapping[Any, Any], after: Mapping[Any, Any]) -> None:
    """Put into `known` what is another thing in `after` than it was in `before`."""
    for name in {*before, *after}:
        if name not in after:
            known.pop(name, None)
        elif name not in before or before[name] is not after[name]:
            known[name] = after[name]


def _environment() -> dict[Any, Any]:
    # The mapping inside `os.environ` is private, and a hundred times as fast to copy and compare.
    return dict(getattr(os.environ, "_data", os.environ))


def _folder() -> str:
    try:
        return os.getcwd()  # noqa: PTH109 # asked after every test, and Path makes it five times as dear
    except FileNotFoundError:
        return "one that was deleted"


def _logging() -> dict[str, int]:
    return {
        "the level of the root logger": logging.root.level,
        "logging.root.manager.disable": logging.root.manager.disable,
    }
