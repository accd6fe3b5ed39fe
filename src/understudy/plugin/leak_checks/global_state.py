"""State that outlives a test: the environment, and the names in the project's modules.

The check must be cheap and never wrong, so it is narrow. It reports a function, a class or a
CONSTANT of the project that was replaced, a list, dict or set in a CONSTANT whose content changed,
and the overrides of an app. It ignores caches, counters and registries: names in lower case or with
a leading underscore, and values that were None or did not exist before.
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

from understudy.plugin.leak_checks.project_files import ProjectFiles

_FIXED = (FunctionType, type, staticmethod, classmethod, property)
_CONTAINERS = (list, dict, set)
_LONGEST = 200  # items of a container that are looked at one by one
_GONE = object()
# pytest and coverage write these while tests run.
_NOT_OURS = ("PYTEST_", "COV_", "COVERAGE_")


class State:
    """The state that tests can change; reports each change once.

    Args:
        files: tells which modules belong to the project.
    """

    def __init__(self, files: ProjectFiles) -> None:
        self._files = files
        self._modules: dict[str, list[_Namespace]] = {}
        self._seen: set[str] = set()
        self.renew()

    def renew(self) -> None:
        """Accept the present state."""
        self._find_modules()
        self._environment = _environment()
        self._process = _process()
        for namespace in self._namespaces:
            namespace.renew()
        self._prepare()

    def accept_changes(self) -> Callable[[], None]:
        """Return a function that accepts all changes made until it is called."""
        self._find_modules()
        environment, process = _environment(), _process()
        accepts = [namespace.accept_changes() for namespace in self._namespaces]

        def accept() -> None:
            self._find_modules()
            _accept(self._environment, environment, _environment())
            _accept(self._process, process, _process())
            for accept_namespace in accepts:
                accept_namespace()
            self._prepare()

        return accept

    def changes(self) -> list[str]:
        """Return the changes since the last call, and accept them."""
        is_new = self._find_modules()
        different = (
            []
            if self._is_same()
            else [namespace for namespace in self._namespaces if not namespace.is_same()]
        )
        changes = [change for namespace in different for change in namespace.changes()]
        # Modules may set variables when they are imported; that is not the test's doing.
        changes += [] if is_new else self._environment_changes()
        changes += [
            f"{name} was {self._process[name]} and is {value}"
            for name, value in _process().items()
            if value != self._process[name]
        ]
        if changes or is_new:
            self.renew()
        elif different:
            for namespace in different:
                namespace.renew()
            self._prepare()
        return changes

    @property
    def _namespaces(self) -> list[_Namespace]:
        return [*chain.from_iterable(self._modules.values())]

    def _prepare(self) -> None:
        """Prepare the lists that `_is_same` compares."""
        watched = [namespace for namespace in self._namespaces if namespace.before]
        self._names = [namespace.names for namespace in watched]
        self._sizes = [namespace.size for namespace in watched]
        self._getters = [_getter([*namespace.before]) for namespace in watched]
        self._values = [*chain.from_iterable(namespace.before.values() for namespace in watched)]
        self._containers = [
            *chain.from_iterable(namespace.containers.values() for namespace in self._namespaces)
        ]

    def _is_same(self) -> bool:
        """Compare everything at once, in C: most tests change nothing."""
        if [*map(len, self._names)] != self._sizes:
            return False
        try:
            values = [*chain.from_iterable(map(call, self._getters, self._names))]
        except KeyError:  # a name was replaced by another
            return False
        return all(map(is_, values, self._values)) and all(
            _is_content(value, was) for value, was in self._containers
        )

    def _find_modules(self) -> bool:
        """Add project modules imported since the last call; return whether any were found."""
        if len(sys.modules) == len(self._seen):
            return False
        found = False
        for name, module in list(sys.modules.items()):
            if name in self._seen:
                continue
            self._seen.add(name)
            file = getattr(module, "__file__", None)
            if isinstance(file, str) and self._files.is_own(file):
                self._modules[name] = list(_namespaces(name, vars(module)))
                found = True
        self._seen.intersection_update(sys.modules)
        return found

    def _environment_changes(self) -> Iterator[str]:
        environment = _environment()
        # pytest sets a variable for each test, so there is always a difference.
        different = {name for name, _ in environment.items() ^ self._environment.items()}
        for name in sorted(different, key=os.fsdecode):
            before, after = self._environment.get(name), environment.get(name)
            shown = os.fsdecode(name)
            if not shown.startswith(_NOT_OURS):
                how = "set" if before is None else "removed" if after is None else "changed"
                yield f"os.environ[{shown!r}] was {how}"


def _getter(names: list[str]) -> Callable[[Mapping[str, Any]], tuple[Any, ...]]:
    """Return a fast function from a mapping to the values of `names`."""
    get = itemgetter(*names)
    return get if len(names) > 1 else lambda mapping: (get(mapping),)


class _Namespace:
    """The names of a module or a class, and their earlier values.

    Attributes:
        names: all names and their present values.
        size: the earlier number of names.
        before: the earlier values of the watched names.
        containers: the watched containers, each with its earlier content.
    """

    def __init__(self, name: str, names: Mapping[str, Any]) -> None:
        self._name = name
        self.names = names
        # Names added later are caches, which code may create again.
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
            # An app that is created on first use is watched from then on.
            may_come = value is None and not name.startswith("__")
            is_fixed = name in self._first and _is_fixed(name, value)
            if is_fixed or overrides is not None or may_come:
                self.before[name] = value

    def accept_changes(self) -> Callable[[], None]:
        """Return a function that accepts all changes made until it is called."""
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
        """Return whether nothing was added, replaced or changed."""
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
    for value in list(names.values()):
        if isinstance(value, type) and value.__module__ == name:
            yield _Namespace(f"{name}.{value.__qualname__}", vars(value))


def _is_fixed(name: str, value: object) -> bool:
    """Return whether only a test would replace this value, and a later test would see it.

    pytest holds test functions already, so replacing one has no effect.
    """
    if name.startswith(("_", "test")):
        return False
    return isinstance(value, _FIXED) or (name.isupper() and value is not None)


def _is_shared(name: str, value: object) -> bool:
    return type(value) in _CONTAINERS and name.isupper() and not name.startswith("_")


def _overrides(value: object) -> dict[Any, Any] | None:
    """Return the `dependency_overrides` of an app, without running any of its code."""
    if isinstance(value, type):
        return None
    try:
        found = object.__getattribute__(value, "__dict__").get("dependency_overrides")
    except AttributeError:  # most values have no __dict__
        return None
    return found if isinstance(found, dict) else None


def _content(container: Any) -> tuple[int, list[object]]:
    """Return the length of a container, and its items unless there are very many."""
    if len(container) > _LONGEST:
        return len(container), []
    items = [*container, *container.values()] if isinstance(container, dict) else [*container]
    return len(container), items


def _is_content(container: Any, was: tuple[int, list[object]]) -> bool:
    """Compare by identity: the project's own `==` may do anything."""
    length, items = _content(container)
    return length == was[0] and all(map(is_, items, was[1]))


def _accept(known: dict[Any, Any], before: Mapping[Any, Any], after: Mapping[Any, Any]) -> None:
    """Update `known` with the differences between `before` and `after`."""
    for name in {*before, *after}:
        if name not in after:
            known.pop(name, None)
        elif name not in before or before[name] != after[name]:
            known[name] = after[name]


def _environment() -> dict[Any, Any]:
    # Private, and a hundred times as fast to copy and compare as `os.environ`.
    return dict(getattr(os.environ, "_data", os.environ))


def _process() -> dict[str, object]:
    """Return other state of the process, by the name that a report shows."""
    try:
        folder = os.getcwd()  # noqa: PTH109 # called after every test; Path.cwd() takes five times as long
    except FileNotFoundError:
        folder = "one that was deleted"
    return {
        "the working directory": folder,
        "the level of the root logger": logging.root.level,
        "logging.root.manager.disable": logging.root.manager.disable,
    }
