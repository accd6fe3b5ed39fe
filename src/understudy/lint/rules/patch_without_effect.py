"""UND035: a patch of a name that the code under test does not look up there."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from understudy.lint.class_mocks import called
from understudy.lint.patches import Patch, calls_under, patches
from understudy.lint.rule import Found, Rule
from understudy.project.call_resolution import keywords_of, root_of
from understudy.project.scopes import Function
from understudy.project.sources import Module, home_of

# A module with one of these may have names that do not stand in it.
_DYNAMIC = re.compile(r"__getattr__|globals\(\)|setattr\(|exec\(|sys\.modules|vars\(\)|locals\(\)")


def check(module: Module) -> Iterator[Found]:
    """Yield patches of missing names, and of names that the code has copied by its import."""
    found = list(patches(module))
    replaced = {patch.dotted for patch in found}
    imports_again = "reload(" in module.text or "sys.modules" in module.text
    for patch in found:
        owner = _owner(module, patch)
        if owner is None:
            continue
        if (
            _is_missing(owner, patch.name)
            and not _is_named_elsewhere(module, patch)
            and not _is_a_guard(patch)
            and not _is_imported_twice(module, patch)
        ):
            yield Found(
                patch.call, f"{owner.name} has no {patch.name}: this patch replaces nothing"
            )
        elif not imports_again:
            copy = _copy(module, patch, owner, replaced)
            if copy is not None:
                function, name = copy
                home = home_of(function)
                yield Found(
                    patch.call,
                    f"{function.path} does not get this mock: {home.name} has imported {name};"
                    f" patch {home.name}.{name}",
                )


def _owner(module: Module, patch: Patch) -> Module | None:
    """Return the project's module that has the replaced name."""
    dotted = (patch.dotted or "").rpartition(".")[0]
    owner = module.project.find(dotted, module)
    if not isinstance(owner, Module) or owner is module or owner.name != dotted:
        return None
    package, _, last = dotted.rpartition(".")
    around = module.project.find(package, module)
    # `from app.db import db` in app/__init__.py: the same name for something else.
    if isinstance(around, Module) and {last} & {*around.defined, *around.imports}:
        return None
    return owner


def _is_missing(owner: Module, name: str) -> bool:
    if name.startswith("__") or name in owner.words:
        return False
    if owner.stars or _DYNAMIC.search(owner.text):
        return False
    inside = owner.path.parent / name
    is_package = owner.path.name == "__init__.py"
    return not (is_package and (inside.is_dir() or inside.with_suffix(".py").exists()))


def _is_a_guard(patch: Patch) -> bool:
    """Whether a patch only makes sure that the name, if it comes back, is not called."""
    effect = keywords_of(patch.call).get("side_effect")
    return isinstance(effect, ast.Name) and effect.id == "AssertionError"


def _is_imported_twice(module: Module, patch: Patch) -> bool:
    """Whether two tests import different modules by the name that is patched."""
    target = root_of(patch.call.args[0])
    return (
        target is not None
        and len(
            {
                (node.module, alias.name)
                for node in module.scope.all(ast.ImportFrom)
                for alias in node.names
                if (alias.asname or alias.name) == target.id
            }
        )
        > 1
    )


def _is_named_elsewhere(module: Module, patch: Patch) -> bool:
    """Whether the file has the whole name in another string: the code may import it by that."""
    target = patch.call.args[0]
    return any(
        node is not target and isinstance(node.value, str) and str(patch.dotted) in node.value
        for node in module.scope.all(ast.Constant)
    )


def _copy(
    module: Module, patch: Patch, owner: Module, replaced: set[str | None]
) -> tuple[Function, str] | None:
    """Return a function that the test calls and that uses a copy of the name, with that name."""
    place = calls_under(module, patch)
    if place is None or place[0].own(ast.alias):
        return None  # a module that is imported in the test may get the mock
    target = f"{owner.name}.{patch.name}"
    if _is_used_in(owner, patch.name):
        return None
    for call in place[1]:
        function = called(module, call)
        home = None if function is None else home_of(function)
        if function is None or home is None or home is owner:
            continue
        for name in _copies(home, target):
            if (
                _uses(home, function, name)
                and not function.binds(name)
                and f"{home.name}.{name}" not in replaced
                and not _looks_it_up(home, owner, patch.name)
            ):
                return function, name
    return None


def _copies(home: Module, target: str) -> Iterator[str]:
    """Yield the names that a module has for the replaced object, by an import at its top."""
    for statement in home.scope.own(ast.ImportFrom):
        if any(isinstance(node, ast.If) for node in home.above(statement)):
            continue  # TYPE_CHECKING: the import that counts is elsewhere
        for alias in statement.names:
            name = alias.asname or alias.name
            if home.imports.get(name) == target:
                yield name


def _uses(home: Module, function: Function, name: str) -> bool:
    """Whether a function looks a name up when it runs: not in an annotation."""
    inside = {function.node, *(inner.node for inner in function.nested())}
    for node in function.reads(name):
        around = next(
            above
            for above in home.above(node)
            if above in inside or isinstance(above, ast.arg | ast.AnnAssign)
        )
        if around in inside and node is not getattr(around, "returns", None):
            return True
    return False


def _is_used_in(owner: Module, name: str) -> bool:
    """Whether the module's own functions look the name up, so that the patch may be for them."""
    used: set[str] | None = owner.memory.get("used in functions")
    if used is None:
        used = owner.memory["used in functions"] = {
            node.id
            for function in owner.functions
            for node in function.own(ast.Name)
            if isinstance(node.ctx, ast.Load)
        }
    return name in used


def _looks_it_up(home: Module, owner: Module, name: str) -> bool:
    return any(
        node.attr == name and home.qualified(node.value) == owner.name
        for node in home.scope.all(ast.Attribute)
    )


RULE = Rule(
    code="UND035",
    name="patch-without-effect",
    group="bugs",
    why=(
        "`from app.mail import send` copies the name when it is imported. A patch of app.mail.send"
        " does not change the copy, so the real function runs."
    ),
    instead="Patch the name in the module that uses it: app.users.send.",
    wrong="""
from unittest.mock import patch

from app.users import invite


def test_invite():
    with patch("app.mail.send") as send:  # UND035
        invite("ana@example.com")

    assert not send.called
""",
    right="""
from unittest.mock import patch

from app.users import invite


def test_invite():
    with patch("app.users.send") as send:
        invite("ana@example.com")

    assert send.called
""",
    files={
        "app/mail.py": """
def send(address, text): ...
""",
        "app/users.py": """
from app.mail import send


def invite(address):
    send(address, "Welcome")
""",
    },
    check=check,
)
