"""The tests, marks and fixtures that pytest finds in a file."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from understudy.project.call_resolution import keywords_of
from understudy.project.parsing import last_name
from understudy.project.scopes import Class, Function, Scope
from understudy.project.sources import Module, home_of

FIXTURES = frozenset({"pytest.fixture", "pytest_asyncio.fixture", "pytest.yield_fixture"})
# Plugins that run no async test, or only those with a marker or in a configured mode.
_HARMLESS = frozenset(
    {"pytester", "pytest_asyncio", "anyio", "pytest_mock", "celery.contrib.pytest"}
)
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
    """A fixture: its function, its decorator and the arguments of that.

    ``scope`` is None if it is not a literal.
    """

    name: str
    function: Function
    decorator: ast.expr
    maker: str
    scope: str | None
    autouse: bool


@dataclass(frozen=True)
class Marks:
    """The marks of a test; with ``unknown`` it may have others."""

    names: frozenset[str] = frozenset()
    unknown: bool = False

    def __or__(self, other: Marks) -> Marks:
        return Marks(self.names | other.names, self.unknown or other.unknown)


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
            and not self._is_for_type_checkers(function)
            and not any(
                last_name(decorator) in ("property", "staticmethod", "classmethod")
                for decorator in function.node.decorator_list
            )
        )

    @cached_property
    def is_script(self) -> bool:
        """Whether the file calls its tests itself when it is run: it is a script, not a suite."""
        for statement in self.module.tree.body:
            if isinstance(statement, ast.If) and "__name__" in ast.unparse(statement.test):
                text = ast.unparse(statement)
                return "pytest" not in text and "unittest" not in text
            call = statement.value if isinstance(statement, ast.Expr) else None
            if isinstance(call, ast.Call) and self.module.qualified(call.func) == "asyncio.run":
                return True
        return False

    def _is_for_type_checkers(self, function: Function) -> bool:
        """Whether a function stands below ``if TYPE_CHECKING:``, and so is never defined."""
        return "TYPE_CHECKING" in self.module.text and any(
            isinstance(above, ast.If) and last_name(above.test) == "TYPE_CHECKING"
            for above in self.module.above(function.node)
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
        """Whether a class derives from a TestCase, as far as the source shows."""
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
        """Return a function as a fixture, or None if it is not decorated as one."""
        for decorator in function.node.decorator_list:
            call = decorator if isinstance(decorator, ast.Call) else None
            maker = self.module.qualified(call.func if call else decorator)
            if maker in FIXTURES:
                options = keywords_of(call) if call else {}
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

    def marks(self, test: Function) -> Marks:
        """Return the marks of a test: its own, those of its classes and their bases, the file's."""
        found = _marks_in(self.module, test.node.decorator_list)
        found |= _pytestmark(self.module, self.module.scope)
        for scope in test.around():
            if isinstance(scope, Class):
                for cls in self.module.project.lineage(self.module, scope)[0]:
                    home = home_of(cls)
                    found |= _marks_in(home, cls.node.decorator_list) | _pytestmark(home, cls)
        return found

    @cached_property
    def conftests(self) -> list[Module]:
        """The conftest.py files that apply here, the nearest first, and the plugins they name."""
        return self.module.project.remembered(
            "conftests", self.module.path.parent, lambda: _conftests(self.module)
        )

    @property
    def hooked(self) -> bool:
        """Whether a hook of the project may add marks or run tests."""
        return any(
            function.name in _HOOKS
            for module in self.conftests
            for function in module.scope.functions
        )

    @property
    def has_unknown_plugins(self) -> bool:
        """Whether a conftest.py loads a plugin from elsewhere, which may run tests."""
        return any(
            name is None or (name not in _HARMLESS and module.project.find(name, module) is None)
            for module in self.conftests
            for name in _plugins(module)
        )

    def find_fixture(self, name: str) -> Fixture | None:
        """Return the project's fixture of this name, as seen from this module, or None."""
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
        """Return the names of all fixtures that a test uses, directly or not."""
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
                if isinstance(call, ast.Call) and last_name(call) == "usefixtures":
                    yield from (str(a.value) for a in call.args if isinstance(a, ast.Constant))


def of(module: Module) -> Collected:
    """Return the tests and fixtures of a module."""
    collected = module.memory.get("collected")
    if not isinstance(collected, Collected):
        collected = module.memory["collected"] = Collected(module)
    return collected


def _pytestmark(module: Module, scope: Scope) -> Marks:
    found = Marks(unknown=scope is module.scope and "pytestmark" in module.imports)
    nodes: list[ast.Assign | ast.AnnAssign | ast.AugAssign] = [
        *scope.own(ast.Assign),
        *scope.own(ast.AnnAssign),
        *scope.own(ast.AugAssign),
    ]
    for node in nodes:
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        if any(isinstance(target, ast.Name) and target.id == "pytestmark" for target in targets):
            found |= _marks_in(module, _items(node.value))
    return found


def _marks_in(module: Module, nodes: Sequence[ast.expr], depth: int = 3) -> Marks:
    found = Marks()
    for node in nodes:
        dotted = module.qualified(node.func if isinstance(node, ast.Call) else node) or "?"
        if dotted.startswith("pytest.mark."):
            found |= Marks(frozenset({dotted.split(".")[2]}))
            continue
        value = module.project.find(dotted, module)
        if isinstance(value, ast.expr) and depth:
            own = dotted.startswith(f"{module.name}.")
            home = module if own else module.project.find(dotted.rpartition(".")[0], module)
            found |= _marks_in(
                home if isinstance(home, Module) else module, _items(value), depth - 1
            )
            found |= Marks(unknown=not isinstance(home, Module))
        elif not dotted.startswith(("unittest.mock.patch", "mock.patch", "typing.")):
            found |= Marks(unknown=True)
    return found


def _items(node: ast.expr | None) -> list[ast.expr]:
    if isinstance(node, ast.List | ast.Tuple):
        return node.elts
    return [] if node is None else [node]


def _conftests(module: Module) -> list[Module]:
    project = module.project
    found: list[Module] = []
    for folder in _folders(module):
        conftest = project.module_at(folder / "conftest.py")
        if conftest is not None:
            found.append(conftest)
            for name in _plugins(conftest):
                plugin = name and project.find(name, conftest)
                if isinstance(plugin, Module):
                    found.append(plugin)
    return found


def _folders(module: Module) -> Iterator[Path]:
    """Yield the folder of a file and those around it, up to the root of the project."""
    root, folder = module.project.root, module.path.parent
    yield folder
    while folder != root and folder.is_relative_to(root):
        folder = folder.parent
        yield folder


def _plugins(conftest: Module) -> Iterator[str | None]:
    """Yield the names of the plugins that a conftest.py loads; None for one that is unknown."""
    value = conftest.defined.get("pytest_plugins")
    for item in _items(value) if isinstance(value, ast.expr) else [None] if value else []:
        yield None if item is None else _text(item)


def package_marks(module: Module) -> bool:
    """Whether a package around the file sets marks for all of its tests."""
    packages = (module.project.module_at(folder / "__init__.py") for folder in _folders(module))
    return any(package is not None and "pytestmark" in package.defined for package in packages)


def _literal(node: ast.expr | None) -> object:
    return node.value if isinstance(node, ast.Constant) else None


def _text(node: ast.expr) -> str | None:
    value = _literal(node)
    return value if isinstance(value, str) else None
