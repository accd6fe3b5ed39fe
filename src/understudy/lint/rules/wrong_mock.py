"""UND014: AsyncMock where the original is sync, or the other way round."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from understudy.lint.class_mocks import ClassMock, bound, class_mocks, is_asked
from understudy.lint.doubles import mock_class
from understudy.lint.library_classes import kind_of
from understudy.lint.patches import Patch, original, patches
from understudy.lint.rule import Found, Rule
from understudy.project.call_resolution import is_plain, keywords_of
from understudy.project.scopes import Class, Function
from understudy.project.sources import Module, home_of

_AWAITABLE = (
    *("Awaitable", "Coroutine", "Future", "Task", "Any", "Generator", "Callable", "Async"),
)


def check(module: Module) -> Iterator[Found]:
    """Yield mocks that are awaited where the original is not, and the other way round."""
    for patch in patches(module):
        kind = _kind(module, patch)
        if kind is None:
            continue
        function = original(module, patch)
        if not isinstance(function, Function) or not is_plain(function):
            continue
        if _takes_both(module, patch):
            continue
        if kind == "async" and _is_sync(function):
            yield Found(
                patch.call,
                f"{patch.name} is not async: an AsyncMock in its place returns a coroutine",
            )
        elif kind == "sync" and function.is_async and not function.is_generator:
            yield Found(
                patch.call, f"{patch.name} is async: what takes its place cannot be awaited"
            )

    for mock in class_mocks(module):
        yield from _of_class(module, mock)


def _of_class(module: Module, mock: ClassMock) -> Iterator[Found]:
    """Yield the methods that a mock of a whole class has in the wrong kind."""
    replaced = {name for node, name in mock.asked if isinstance(node.ctx, ast.Store)}
    told: set[str] = set()
    for node, name in mock.asked:
        if name in replaced | told or not _is_configured(module, node):
            continue
        kind = _kind_of_method(module, mock.stands_for, name)
        owner = mock.stands_for.rpartition(".")[2]
        if kind == "sync" and mock.kind == "AsyncMock":
            told.add(name)
            yield Found(
                node, f"{owner}.{name} is not async: this AsyncMock returns a coroutine for it"
            )
        elif kind == "async" and mock.kind in ("Mock", "MagicMock") and _is_plain(module, node):
            told.add(name)
            yield Found(node, f"{owner}.{name} is async: what this mock returns cannot be awaited")


def _is_configured(module: Module, node: ast.Attribute) -> bool:
    above = module.parents.get(node)
    return is_asked(module, node) and getattr(above, "attr", "") != "assert_not_called"


def _is_plain(module: Module, node: ast.Attribute) -> bool:
    """Whether `mock.method.return_value` is set to a value that cannot be awaited."""
    above = module.parents.get(node)
    assign = module.parents.get(above) if above is not None else None
    if not isinstance(above, ast.Attribute) or above.attr != "return_value":
        return False
    plain = ast.Constant | ast.Dict | ast.List | ast.Tuple
    return isinstance(assign, ast.Assign) and isinstance(assign.value, plain)


def _kind_of_method(module: Module, stands_for: str, name: str) -> str | None:
    cls = module.project.find(stands_for, module)
    if not isinstance(cls, Class):
        return kind_of(stands_for, name)
    method = module.project.member(home_of(cls), cls, name)
    if method is None or not is_plain(method):
        return None
    if method.is_async:
        return None if method.is_generator else "async"
    return "sync" if _is_sync(method) else None


def _takes_both(module: Module, patch: Patch) -> bool:
    """Whether the module checks if there is something to await."""
    home = module.project.find((patch.dotted or "").rpartition(".")[0], module)
    if not isinstance(home, Module):
        home = home_of(home) if isinstance(home, Function | Class) else None
    return home is not None and re.search(r"isawaitable|iscoroutine", home.text) is not None


def _kind(module: Module, patch: Patch) -> str | None:
    if patch.maker is not None:
        name = (module.qualified(patch.maker) or "").rpartition(".")[2]
        if name != "AsyncMock" and _is_configured_later(module, patch):
            return None
    else:
        name = mock_class(module, patch.value) or ""
    if name == "AsyncMock":
        return "async"
    if name in ("Mock", "MagicMock"):
        return "sync" if _answers_plainly(patch) else None
    if isinstance(patch.value, ast.Lambda):
        body = patch.value.body
        plain = ast.Constant | ast.Dict | ast.List | ast.Tuple | ast.Set
        return "sync" if isinstance(body, plain) else None
    return None


def _is_configured_later(module: Module, patch: Patch) -> bool:
    """Whether the test sets what the mock of a patch returns: that may be something to await."""
    above = module.parents.get(patch.call)
    if isinstance(above, ast.withitem) and above.optional_vars is None:
        return False
    place = bound(module, patch, {other.call: other for other in patches(module)})
    return place is None or any(
        node.attr in ("return_value", "side_effect")
        and isinstance(node.value, ast.Name)
        and node.value.id == place[1]
        for node in place[0].all(ast.Attribute)
    )


def _answers_plainly(patch: Patch) -> bool:
    """Whether a mock returns a plain value: a side effect or a future may be awaited."""
    given = patch.call if patch.maker is not None else patch.value
    if not isinstance(given, ast.Call):
        return False
    options = keywords_of(given)
    if "side_effect" in options or "wraps" in options or None in options:
        return False
    answer = options.get("return_value")
    return answer is None or isinstance(answer, ast.Constant | ast.Dict | ast.List | ast.Tuple)


def _is_sync(function: Function) -> bool:
    """Whether a function returns nothing that can be awaited, as far as the source shows."""
    if function.is_async or function.is_generator:
        return False
    outer = function.outer
    if outer is not None and sum(other.name == function.name for other in outer.functions) > 1:
        return False  # an overload may be async
    annotation = function.node.returns
    if annotation is not None:
        text = ast.unparse(annotation)
        return not any(word in text for word in _AWAITABLE)
    plain = ast.Constant | ast.Dict | ast.List | ast.Tuple | ast.JoinedStr | ast.BinOp | ast.Compare
    return all(
        returned.value is None or isinstance(returned.value, plain)
        for returned in function.own(ast.Return)
    )


RULE = Rule(
    code="UND014",
    name="wrong-mock",
    group="bugs",
    why=(
        "The code under test gets a coroutine instead of a value, or an object that it cannot"
        " await."
    ),
    instead=(
        "Let patch(...) choose the kind of mock from the original, or give the mock a spec:"
        " create_autospec(original)."
    ),
    wrong="""
from unittest.mock import AsyncMock, Mock

from app import users


def test_hash(monkeypatch, client):
    monkeypatch.setattr(users, "hashed", AsyncMock(return_value="x"))  # UND014
    assert client.post("/users").status_code == 201


def test_fetch(monkeypatch, client):
    monkeypatch.setattr("app.users.fetch", Mock(return_value=None))  # UND014
    assert client.get("/users/7").status_code == 404
""",
    right="""
from unittest.mock import AsyncMock, Mock

from app import users


def test_hash(monkeypatch, client):
    monkeypatch.setattr(users, "hashed", Mock(return_value="x"))
    assert client.post("/users").status_code == 201


def test_fetch(monkeypatch, client):
    monkeypatch.setattr("app.users.fetch", AsyncMock(return_value=None))
    assert client.get("/users/7").status_code == 404
""",
    files={
        "app/users.py": """
def hashed(password: str) -> str:
    return password[::-1]


async def fetch(conn, user_id):
    return await conn.fetch_row("SELECT * FROM users WHERE id = $1", [user_id])
"""
    },
    check=check,
)
