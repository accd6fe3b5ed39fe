"""What pytest makes of a file: its tests, their marks and their fixtures."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from understudy.project.scopes import Class, Function, Scope
from understudy.project.sources import Module, home_of

FIXTURES = frozenset({"pytest.fixture", "pytest_asyncio.fixture", "pytest.yield_fixture"})
_HOOKS = frozenset(
    {
        "pytest_collection_modifyitems",
        "pytest_itemcollected",
        "pytest_pycollect_makeitem",
        "pytest_pyfunc_call",
        "pytest_generate_tests",
    }
)


@dataclass(frozen=True)
class Fixture:
    """A fixture's function, its decorator, and what that says.

    ``scope`` is None where it is not a literal.
    """

    name: str
    function: Function
    decorator: ast.expr
    maker: str
    scope: str | None
    autouse: bool


@dataclass(frozen=True)
class Marks:
    """The marks of a test, wherever they stand; ``unknown`` where some cannot be told."""

    names: frozenset[str]
    unknown: bool


class Collected:
    """The tests and fixtures of one module."""

    def __init__(self, module: Module) -> None:
        self.module = module

    @cached_property
    def tests(self) -> list[Function]:
        """The functions that pytest runs as tests, in order."""
        config = self.module.project.pytest
        if not config.is_test_file(self.module.path):
            return []
        found = [function for function in self.module.scope.functions if self._is_test(function)]
        for cls in self._test_classes(self.module.scope):
            found += [function for function in cls.functions if self._is_test(function)]
        return sorted(found, key=lambda test: test.node.lineno)

    def _is_test(self, function: Function) -> bool:
        return (
            self.module.project.pytest.is_test_function(function.name)
            and self.fixture(function) is None
            and not any(
                self.last_name(decorator) in ("property", "staticmethod", "classmethod")
                for decorator in function.node.decorator_list
            )
        )

    def _test_classes(self, scope: Scope) -> Iterator[Class]:
        for cls in scope.classes:
            if self.is_unittest(cls) or (
                self.module.project.pytest.is_test_class(cls.name)
                and cls.method("__init__") is None
            ):
                yield cls
                yield from self._test_classes(cls)

    def is_unittest(self, cls: Class) -> bool:
        """Whether a class derives from a TestCase, as far as it can be told."""
        _, outside = self.module.project.lineage(self.module, cls)
        return any(base.endswith("TestCase") for base in outside)

    def has_unknown_base(self, cls: Class | None) -> bool:
        """Whether a class derives from something outside the project."""
        return cls is not None and bool(self.module.project.lineage(self.module, cls)[1])

    @cached_property
    def fixtures(self) -> dict[str, Fixture]:
        """The fixtures that the module defines, in its classes too, by name."""
        found = {}
        for function in self.module.functions:
            if not isinstance(function.outer, Function):
                fixture = self.fixture(function)
                if fixture is not None:
                    found[fixture.name] = fixture
        return found

    def fixture(self, function: Function) -> Fixture | None:
        """Return what makes a function a fixture; None for one that is none."""
        for decorator in function.node.decorator_list:
            call = decorator if isinstance(decorator, ast.Call) else None
            maker = self.module.qualified(call.func if call else decorator)
            if maker in FIXTURES:
                options = {keyword.arg: keyword.value for keyword in call.keywords} if call else {}
                name = _literal(options.get("name"))
                scope = options.get("scope")
                scope = scope or (call.args[0] if call and call.args else None)
                return Fixture(
                    name if isinstance(name, str) else function.name,
                    function,
                    decorator,
                    maker or "",
                    "function" if scope is None else _text(scope),
                    _literal(options.get("autouse")) is True,
                )
        return None

    @staticmethod
    def last_name(node: ast.expr) -> str:
        """The last part of a decorator's name; empty for one without a name."""
        if isinstance(node, ast.Call):
            node = node.func
        if isinstance(node, ast.Attribute):
            return node.attr
        return node.id if isinstance(node, ast.Name) else ""

    def marks(self, test: Function) -> Marks:
        """Return the marks of a test: its own, its classes' with their bases', the module's."""
        names, unknown = self._marks_in(self.module, test.node.decorator_list)
        for scope in test.around():
            if isinstance(scope, Class):
                for cls in self.module.project.lineage(self.module, scope)[0]:
                    home = home_of(cls)
                    of_class = of(home)
                    more, open_ = of_class._marks_in(home, cls.node.decorator_list)
                    names |= more
                    unknown |= open_
                    more, open_ = of_class._pytestmark(home, cls)
                    names |= more
                    unknown |= open_
        more, open_ = self._pytestmark(self.module, self.module.scope)
        return Marks(frozenset(names | more), unknown or open_)

    def _pytestmark(self, module: Module, scope: Scope) -> tuple[set[str], bool]:
        names: set[str] = set()
        unknown = False
        given_in: list[ast.Assign | ast.AnnAssign | ast.AugAssign] = [
            *scope.own(ast.Assign),
            *scope.own(ast.AnnAssign),
            *scope.own(ast.AugAssign),
        ]
        for node in given_in:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if any(
                isinstance(target, ast.Name) and target.id == "pytestmark" for target in targets
            ):
                value = node.value
                given = value.elts if isinstance(value, ast.List | ast.Tuple) else [value]
                more, open_ = self._marks_in(module, [mark for mark in given if mark is not None])
                names |= more
                unknown |= open_
        return names, unknown or (
            isinstance(scope.node, ast.Module) and "pytestmark" in module.imports
        )

    def _marks_in(
        self, module: Module, nodes: Sequence[ast.expr], depth: int = 3
    ) -> tuple[set[str], bool]:
        names: set[str] = set()
        unknown = False
        for node in nodes:
            dotted = module.qualified(node.func if isinstance(node, ast.Call) else node) or "?"
            if dotted.startswith("pytest.mark."):
                names.add(dotted.split(".")[2])
                continue
            value = module.project.find(dotted, module)
            if isinstance(value, ast.expr) and depth:
                home = module if dotted.startswith(f"{module.name}.") else None
                home = home or _home(module, dotted)
                inner = value.elts if isinstance(value, ast.List | ast.Tuple) else [value]
                more, open_ = self._marks_in(home or module, inner, depth - 1)
                names |= more
                unknown |= open_ or home is None
            elif not dotted.startswith(("unittest.mock.patch", "mock.patch", "typing.")):
                unknown = True
        return names, unknown

    @cached_property
    def conftests(self) -> list[Module]:
        """The conftest.py files that count here, the nearest first, and the plugins they name."""
        return self.module.project.remembered(
            "conftests", self.module.path.parent, lambda: _conftests(self.module)
        )

    @property
    def hooked(self) -> bool:
        """Whether a hook of the project may add marks, or run tests by itself."""
        return any(
            function.name in _HOOKS
            for module in self.conftests
            for function in module.scope.functions
        )

    def find_fixture(self, name: str) -> Fixture | None:
        """Return the fixture that a name stands for in this module, inside the project."""
        own = self.fixtures.get(name) or self._imported_fixture(name)
        if own is not None:
            return own
        for conftest in self.conftests:
            there = of(conftest)
            found = there.fixtures.get(name) or there._imported_fixture(name)
            if found is not None:
                return found
        return None

    def _imported_fixture(self, name: str) -> Fixture | None:
        targets = [self.module.imports.get(name)] if name in self.module.imports else []
        targets += [f"{star}.{name}" for star in self.module.stars]
        for target in targets:
            found = self.module.project.find(target, self.module)
            if isinstance(found, Function):
                return of(home_of(found)).fixture(found)
        return None

    def requested(self, test: Function) -> set[str]:
        """The names of all fixtures that a test uses, by others too."""
        found: set[str] = set()
        waiting = [parameter.arg for parameter in test.parameters]
        waiting += self._used_by_marks(test)
        for module in (self.module, *self.conftests):
            waiting += [fixture.name for fixture in of(module).fixtures.values() if fixture.autouse]
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                fixture = self.find_fixture(name)
                if fixture is not None:
                    waiting += [parameter.arg for parameter in fixture.function.parameters]
        return found

    def _used_by_marks(self, test: Function) -> Iterator[str]:
        nodes: list[ast.expr] = [*test.node.decorator_list]
        for scope in test.around():
            if isinstance(scope, Class):
                nodes += scope.node.decorator_list
            nodes += [assign.value for assign in scope.own(ast.Assign)] if scope is not test else []
        for node in nodes:
            for call in ast.walk(node):
                if isinstance(call, ast.Call) and self.last_name(call) == "usefixtures":
                    yield from (str(a.value) for a in call.args if isinstance(a, ast.Constant))


def of(module: Module) -> Collected:
    """Return what pytest makes of a module, found once."""
    kept = module.memory.get("collected")
    if not isinstance(kept, Collected):
        kept = module.memory["collected"] = Collected(module)
    return kept


def _home(module: Module, dotted: str) -> Module | None:
    target = dotted.rpartition(".")[0]
    found = module.project.find(target, module)
    return found if isinstance(found, Module) else None


def _conftests(module: Module) -> list[Module]:
    project = module.project
    found: list[Module] = []
    folder = module.path.parent
    folders = [folder, *folder.parents] if folder.is_relative_to(project.root) else [folder]
    for folder in folders:
        conftest = project.module_at(folder / "conftest.py")
        if conftest is not None:
            found.append(conftest)
            for name in _plugins(conftest):
                plugin = project.find(name, conftest)
                if isinstance(plugin, Module):
                    found.append(plugin)
        if folder == project.root:
            break
    return found


def _plugins(conftest: Module) -> Iterator[str]:
    value = conftest.defined.get("pytest_plugins")
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        yield value.value
    elif isinstance(value, ast.List | ast.Tuple):
        for item in value.elts:
            if isinstance(item, ast.Constant) and isinstance(item.value, str):
                yield item.value


def package_marks(module: Module) -> bool:
    """Whether a package around the file sets marks for all of its tests."""
    folder: Path = module.path.parent
    while folder.is_relative_to(module.project.root):
        package = module.project.module_at(folder / "__init__.py")
        if package is not None and ("pytestmark" in package.defined):
            return True
        if folder == module.project.root:
            break
        folder = folder.parent
    return False


def _literal(node: ast.expr | None) -> object:
    return node.value if isinstance(node, ast.Constant) else None


def _text(node: ast.expr) -> str | None:
    value = _literal(node)
    return value if isinstance(value, str) else None
