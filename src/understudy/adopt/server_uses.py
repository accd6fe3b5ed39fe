"""What the tests do with a server of their own, rewritten for the address of a fixture."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from pathlib import Path

from understudy.adopt.address_parts import parts_of, replace_parts
from understudy.adopt.adoption import Place, Refusal
from understudy.adopt.container_fixtures import (
    LIFE,
    holder_of,
    is_name,
    life_of,
    only_hands_on,
    opened_by,
)
from understudy.adopt.database_fixtures import needed_statements, statement_of, urls_replaced
from understudy.adopt.database_urls import driver_of, url_made
from understudy.adopt.source_edits import Edits
from understudy.adopt.sources import Source
from understudy.adopt.targets import Target
from understudy.lint import pytest_items
from understudy.project.call_resolution import keywords_of, results_of, root_of
from understudy.project.parsing import last_name
from understudy.project.scopes import Function
from understudy.project.sources import Module, home_of

# The attributes and methods of a container or of a process of a plugin, and those of an address of
# Understudy.
_ATTRIBUTES = {
    "host": "host",
    "port": "port",
    "user": "user",
    "username": "user",
    "password": "password",
    "dbname": "database",
    "root_password": "password",
    **{f"MYSQL_{name.upper()}": name for name in ("user", "password", "database")},
    "get_container_host_ip": "host",
    "get_exposed_port": "port",
}
_URL_METHOD = "get_connection_url"


class NotRewritten(Exception):
    """Something that cannot be rewritten; the refusal says what."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.why)
        self.refusal = refusal


class Consumers:
    """The fixtures and tests that use a server.

    Args:
        target: the database that they move to.
        modules: the files of the tests.
        edits: the changes of each file, by its path.
    """

    def __init__(
        self, target: Target, modules: Sequence[Module], edits: Mapping[Path, Edits]
    ) -> None:
        self._target = target
        self._modules = modules
        self._edits = edits
        self._wide: set[Function] = set()  # fixtures of a wider scope that have the address
        self._narrow: set[Function] = set()
        self._variables: dict[Module, set[str]] = {}

    def reaches(self, module: Module) -> bool:
        """Whether a file has a fixture that is rewritten, or one that builds on it."""
        functions = self._wide | self._narrow
        return module in self._variables or any(home_of(one) is module for one in functions)

    def rewrite(self, source: Source) -> None:
        """Rewrite a source and everything that uses it.

        Raises:
            NotRewritten: Something is done with it that an address cannot do.
        """
        if source.role == "container":
            self._container(source)
        elif source.role == "server":
            self._edits[source.module.path].remove(statement_of(source.module, source.node))
            self._renamed(source)
        elif source.role in ("client", "async client"):
            text = self._target.clients[source.role]
            edits = self._edits[source.module.path]
            assign = statement_of(source.module, source.node)
            edits.replace(assign, edits.gap_before(assign) + text.format(name=source.name))
            edits.add_import(
                "import pytest" if source.role == "client" else "import pytest_asyncio"
            )
        elif source.role == "variable":
            self._variable(source)
        elif source.role == "database":
            self._database(source)
        else:
            assert source.function is not None, "the fixture that connects"
            address = self._request(source.function)
            edits, given = self._edits[source.module.path], None
            if isinstance(source.node, ast.Call):
                given = parts_of(source.module, source.node)
            if given is not None:
                replace_parts(edits, given, address)
            elif not source.settings:  # otherwise the variable is set
                url = self._target.url_at(address, source.drivers[0])
                edits.replace(source.node, url)

    def isolate(self) -> None:
        """Have every test request the fixture that uses the server through a wider one."""
        for module in self._modules:
            collected = pytest_items.of(module)
            fixtures = [one for one in collected.fixtures.values() if one.scope == "function"]
            for function in (*(one.function for one in fixtures), *collected.tests):
                if function in self._narrow:
                    continue
                if self._uses_wide(module, function) or self._uses_variable(module, function):
                    self._edits[module.path].add_parameter(function, self._target.real)
                    self._narrow.add(function)

    def _uses_wide(self, module: Module, function: Function, depth: int = 6) -> bool:
        for parameter in function.parameters:
            fixture = pytest_items.of(module).find_fixture(parameter.arg)
            if fixture is None or fixture.scope == "function":
                continue
            if fixture.function in self._wide:
                return True
            if depth and self._uses_wide(home_of(fixture.function), fixture.function, depth - 1):
                return True
        return False

    def _uses_variable(self, module: Module, function: Function) -> bool:
        """Whether a function uses an engine or a session of the module that has the URL."""
        known = self._variables.get(module, set())
        return any(node.id in known for node in function.all(ast.Name))

    def _variable(self, source: Source) -> None:
        edits, name = self._edits[source.module.path], source.name
        if isinstance(source.node, ast.Constant | ast.JoinedStr | ast.BinOp):
            edits.replace(source.node, f'os.environ["{name}"]')
            edits.add_import("import os")
        known = self._variables.setdefault(source.module, {name})
        known.add(name)
        for made, value in source.module.defined.items():  # engines, and what is made of them
            if isinstance(value, ast.expr) and any(
                isinstance(node, ast.Name) and node.id in known for node in ast.walk(value)
            ):
                known.add(made)

    def _request(self, function: Function) -> str:
        """Give a fixture or test the address; return the name that it has there."""
        address = self._address(function)
        self._edits[home_of(function).path].add_parameter(function, address)
        return address

    def _address(self, function: Function) -> str:
        address = self._target.address_for(function)
        (self._narrow if address == self._target.real else self._wide).add(function)
        return address

    def _container(self, source: Source) -> None:
        """Rewrite a fixture that runs a container, and what uses the fixture."""
        function, module = source.function, source.module
        assert function is not None, "it is refused otherwise"
        edits = self._edits[module.path]
        holder = holder_of(module, source.node)
        if holder is None:
            raise self._refused(module, source.node, source.what, "The container has no name.")
        if only_hands_on(module, function, holder):
            edits.remove(function.node)
            self._renamed(source)
            return
        address = self._request(function)
        for statement in life_of(module, function, holder):
            edits.remove(statement)
        opened = next(iter(opened_by(module, function, source.node)), None)
        if opened is not None:
            edits.unwrap(opened)
        self._replace_uses(module, function, holder, address, source)
        if any(is_name(result.value, holder) for result in function.own(ast.Yield)):
            for user_module, user in self._users(source):
                self._replace_uses(user_module, user, source.name, source.name, source)

    def _database(self, source: Source) -> None:
        """Rewrite a fixture that creates a database: what it yields stays."""
        function, module = source.function, source.module
        assert function is not None, "the fixture"
        edits = self._edits[module.path]
        value = next((one for one in results_of(function) if one is not None), None)
        if edits.is_gone(function.node):
            return
        if value is None:
            edits.remove(function.node)
            for user_module, user in self._users(source):
                self._edits[user_module.path].remove_parameter(user, source.name)
            self._check_names(source)
            return
        address = self._request(function)
        needed, replaced = urls_replaced(module, value)
        for url in replaced:
            driver = driver_of(self._target, module, function, url)
            edits.replace(url, self._target.url_at(address, driver))
        kept = needed_statements(module, function, value, needed)
        if kept is None:
            what = "the database that it creates"
            raise self._refused(module, value, what, "The fixture yields inside of a block.")
        for statement in function.node.body:
            if statement not in kept:
                edits.remove(statement)
        for call in function.all(ast.Call):
            given = parts_of(module, call)
            if given is not None:
                replace_parts(edits, given, address)

    def _users(self, source: Source) -> list[tuple[Module, Function]]:
        """Return the fixtures and tests with a parameter for a fixture."""
        found = []
        for module in self._modules:
            collected = pytest_items.of(module)
            fixture = collected.find_fixture(source.name)
            if fixture is not None and fixture.function is not source.function:
                continue  # another one of that name
            users = [*(one.function for one in collected.fixtures.values()), *collected.tests]
            for user in users:
                if user is not source.function and any(
                    parameter.arg == source.name for parameter in user.parameters
                ):
                    found.append((module, user))
        return found

    def _renamed(self, source: Source) -> None:
        """Give the users of a fixture that is gone the address instead."""
        for module, user in self._users(source):
            edits = self._edits[module.path]
            parameter = next(one for one in user.parameters if one.arg == source.name)
            address = self._address(user)
            edits.replace(parameter, address)
            self._replace_uses(module, user, source.name, address, source)
            for opened in user.all(ast.With):
                if last_name(opened.items[0].context_expr) == "DatabaseJanitor":
                    edits.unwrap(opened)
        self._check_names(source)

    def _check_names(self, source: Source) -> None:
        """Refuse if a fixture that is gone is named in a string."""
        for module in self._modules:
            for call in module.calls("usefixtures", "getfixturevalue"):
                for given in call.args:
                    if isinstance(given, ast.Constant) and given.value == source.name:
                        what = f"the name of the fixture `{source.name}` in a string"
                        raise self._refused(module, given, what, "The rewrite removes the fixture.")

    def _replace_uses(
        self, module: Module, user: Function, name: str, address: str, source: Source
    ) -> None:
        """Replace what is done with a container or a process by attributes of an address."""
        edits = self._edits[module.path]
        parts = _parts(user, name)
        done: set[ast.AST] = set()
        for text in user.all(ast.JoinedStr):
            first = str(getattr(text.values[0], "value", "")) if text.values else ""
            match = self._target.url.match(first)
            names = {node.id for node in ast.walk(text) if isinstance(node, ast.Name)}
            if match is not None and names & {name, *parts}:
                edits.replace(text, self._target.url_at(address, match["driver"] or ""))
                done.update(ast.walk(text))
        for call in user.all(ast.Call):
            given = parts_of(module, call)
            if given is not None and {name, *parts} & {
                node.id for node in ast.walk(call) if isinstance(node, ast.Name)
            }:
                replace_parts(edits, given, address)
                done.update(inner for part in given.values() for inner in ast.walk(part))
            if last_name(call) == "DatabaseJanitor":
                done.update(ast.walk(call))
            elif (module.qualified(call.func) or "").endswith("URL.create") and any(
                is_name(root_of(given), name) for given in _values(call)
            ):
                driver = keywords_of(call).get("drivername", call.args[0] if call.args else None)
                drivername = str(getattr(driver, "value", self._target.scheme))
                url = self._target.url_at(address, drivername.partition("+")[2])
                edits.replace(call, f"make_url({url})")
                edits.add_import("from sqlalchemy.engine import make_url")
                done.update(ast.walk(call))
        for assign in user.own(ast.Assign) if done else ():
            part = getattr(assign.targets[0], "id", "")
            if is_name(root_of(assign.value), name) and done.issuperset(user.reads(part)):
                edits.remove(assign)
                done.update(ast.walk(assign))
        for node in user.reads(name):
            if node not in done:
                self._replace_use(module, node, address, source)

    def _replace_url(
        self, module: Module, call: ast.Call, address: str, drivers: Sequence[str]
    ) -> None:
        """Replace a call that returns a URL, and what is done to the text afterwards.

        Args:
            module: the file.
            call: the call.
            address: the fixture with the address.
            drivers: those that the URL may have, the likeliest first.
        """
        edits = self._edits[module.path]
        made = [url_made(self._target, module, call, driver) for driver in drivers]
        # What replaces a part of the text that is not there was written for another URL.
        node, driver, uses = next((one for one in made if one[1] not in drivers), made[0])
        for use, name in uses:
            edits.replace(use, name)
        edits.replace(node, self._target.url_at(address, driver))

    def _replace_use(self, module: Module, node: ast.Name, address: str, source: Source) -> None:
        edits = self._edits[module.path]
        above = module.parents.get(node)
        if not isinstance(above, ast.Attribute):
            if node.id != address:
                edits.replace(node, address)
            return
        call = module.parents.get(above)
        is_called = isinstance(call, ast.Call) and call.func is above
        if above.attr == _URL_METHOD and isinstance(call, ast.Call) and is_called:
            given = keywords_of(call).get("driver")
            drivers = source.drivers
            if isinstance(given, ast.Constant):
                drivers = [str(given.value or "")]
            self._replace_url(module, call, address, drivers)
        elif above.attr in _ATTRIBUTES:
            edits.replace(
                call if isinstance(call, ast.Call) and is_called else above,
                f"{address}.{_ATTRIBUTES[above.attr]}",
            )
        elif above.attr == "version" and source.kind == self._target.plugin:
            return  # an argument of DatabaseJanitor
        elif not LIFE.match(above.attr):
            raise self._refused(
                module,
                node,
                f"`{ast.unparse(above)}`",
                f"An address of {self._target.real} has no such attribute.",
            )

    def _refused(
        self, module: Module, node: ast.expr | ast.arg, what: str, why: str
    ) -> NotRewritten:
        place = Place(module.path, node.lineno, what)
        instead = (
            "Use `.dsn`, `.host`, `.port`, `.user`, `.password` and `.database` of"
            f" {self._target.real}."
        )
        return NotRewritten(Refusal(place, why, instead))


def _parts(user: Function, name: str) -> set[str]:
    """Return the variables of a function that hold an attribute of the server."""
    return {
        target.id
        for assign in user.own(ast.Assign)
        for target in assign.targets
        if isinstance(target, ast.Name) and is_name(root_of(assign.value), name)
    }


def _values(call: ast.Call) -> list[ast.expr]:
    return [*call.args, *(keyword.value for keyword in call.keywords)]
