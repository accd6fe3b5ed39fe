"""What the source of a function reaches beyond the database, and whether it ever ends."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import partial

from understudy.init.modules import Modules, own_nodes
from understudy.project import parsing
from understudy.project.call_resolution import callee
from understudy.project.scopes import Class, Function
from understudy.project.sources import Module, home_of

_DEPTH = 3  # calls that are followed
# Functions that reach the network, another process, or delete files.
_NETWORK = re.compile(
    r"(requests|httpx|aiohttp|urllib3|urllib\.request|http\.client|smtplib|aiosmtplib|ftplib|imaplib"
    r"|poplib|socket|boto3|aioboto3|aiobotocore|redis|pymongo|motor|kafka|aiokafka|pika|aio_pika"
    r"|stripe|openai|anthropic|sendgrid|fastapi_mail|paramiko|elasticsearch|minio|twilio"
    r"|firebase_admin|grpc|google\.cloud|celery|xmlrpc)\b"
)
_PROCESSES = re.compile(
    r"subprocess\.|os\.(system|popen|exec\w+|spawn\w+|fork|kill)$|asyncio\.create_subprocess_\w+$"
)
_FILES = re.compile(
    r"os\.(remove|unlink|rmdir|removedirs|rename|replace)$|shutil\.(rmtree|move)$"
    r"|aiofiles\.os\.(remove|rmdir|unlink)$"
)
_WAYS = (
    (_NETWORK, "calls the network"),
    (_PROCESSES, "starts a process"),
    (_FILES, "deletes files"),
)
# Calls of a library whose classes only describe something.
_HARMLESS = re.compile(
    r"\.(\w*(Error|Exception|Timeout|Limits|Headers|URL|Request|Config\w*)|status)$"
)


def hazard(function: Function) -> str | None:
    """Return why a function must not be called for a test, as the end of a sentence, or None."""
    return _hazard(function, _DEPTH, set()) or _endless(function)


def is_remote(modules: Modules, cls: type) -> bool:
    """Whether a class of the project reaches more than the database in any of its methods."""
    module = modules.by_name.get(cls.__module__)
    found = None if module is None else module.defined.get(cls.__name__)
    if not isinstance(found, Class):
        return False
    if any(_hazard(method, _DEPTH, set()) for method in found.functions):
        return True
    # A client that it is given: `client: httpx.AsyncClient`.
    init = found.method("__init__")
    assert module is not None
    return init is not None and any(
        _NETWORK.match(module.qualified(argument.annotation) or "") for argument in init.parameters
    )


def _hazard(function: Function, depth: int, seen: set[Function]) -> str | None:
    seen.add(function)
    module = home_of(function)
    calls = list(_certain_calls(function.node.body))
    for call in calls:
        name = module.qualified(call.func)
        what = None if name is None else _way(name)
        if what is None and isinstance(call.func, ast.Attribute) and call.func.attr == "unlink":
            name, what = ast.unparse(call.func), "deletes files"
        if what is not None:
            return f"{what}: {name} in line {call.lineno} of {module.file.as_posix()}"
    if depth:
        for one in filter(None, map(partial(callee, module), calls)):
            if one not in seen:
                found = _hazard(one, depth - 1, seen)
                if found is not None:
                    return found
    return None


def _certain_calls(body: list[ast.stmt]) -> Iterator[ast.Call]:
    """Yield the calls that every run makes: those before the first branch that may leave.

    The others are refused when they happen, by the guard of the process.
    """
    for statement in body:
        if isinstance(statement, ast.With | ast.AsyncWith):
            for item in statement.items:
                yield from _calls_in(item)
            yield from _certain_calls(statement.body)
        elif isinstance(statement, ast.Try):
            yield from _certain_calls(statement.body)
        elif not hasattr(statement, "body"):
            yield from _calls_in(statement)
        if any(isinstance(node, ast.Return | ast.Raise) for node in own_nodes(statement)):
            return


def _calls_in(node: ast.AST) -> Iterator[ast.Call]:
    return (inner for inner in (node, *own_nodes(node)) if isinstance(inner, ast.Call))


def _way(name: str) -> str | None:
    if _HARMLESS.search(name):
        return None
    return next((what for pattern, what in _WAYS if pattern.match(name)), None)


def _endless(function: Function) -> str | None:
    for loop in function.own(ast.While):
        if isinstance(loop.test, ast.Constant) and loop.test.value and not _leaves(loop):
            return f"never returns: the loop in line {loop.lineno} has no end"
    return None


def _leaves(loop: ast.While) -> bool:
    return any(
        isinstance(node, ast.Break | ast.Return | ast.Raise | ast.Yield) for node in own_nodes(loop)
    )


_ENDS = {"commit", "rollback", "begin", "transaction"}
_WRITES = {"add", "add_all", "delete", "merge", "flush", "insert", "update", "bulk_save_objects"}
_WRITING_SQL = re.compile(r"(?i)\b(insert\s+into|update\s+\w+\s+set|delete\s+from)\b")


def commits(function: Function) -> bool:
    """Whether a function ends transactions itself: commit, rollback or begin, in what it calls."""
    return any(
        isinstance(call.func, ast.Attribute) and call.func.attr in _ENDS
        for reached in called(function)
        for call in reached.own(ast.Call)
    )


def writes(function: Function) -> bool:
    """Whether a function, or what it calls, looks as if it changes rows."""
    for reached in called(function):
        for call in reached.own(ast.Call):
            if parsing.last_name(call) in _WRITES:
                return True
        for text in reached.own(ast.Constant):
            if isinstance(text.value, str) and _WRITING_SQL.search(text.value):
                return True
    return False


def selects(function: Function) -> bool:
    """Whether a function itself reads rows, by SQL or a query of SQLAlchemy."""
    return any(
        parsing.last_name(call) in {"select", "query", "filter_by", "get", "update", "delete"}
        for call in function.own(ast.Call)
    )


def called(function: Function) -> Iterator[Function]:
    """Yield a function and those of the project that it calls, as far as the source shows."""
    return _called(function, _DEPTH, set())


def _called(function: Function, depth: int, seen: set[Function]) -> Iterator[Function]:
    """Yield a function and those that it calls; of an object not known, all methods of the name."""
    seen.add(function)
    yield function
    module = home_of(function)
    for call in function.own(ast.Call) if depth else ():
        known = callee(module, call)
        found = [known] if known is not None else _methods(module, call)
        for one in found:
            if one not in seen:
                yield from _called(one, depth - 1, seen)


def _methods(module: Module, call: ast.Call) -> list[Function]:
    """Return the project's methods that `self.repository.add()` may call, by their name."""
    if not isinstance(call.func, ast.Attribute) or not isinstance(call.func.value, ast.Attribute):
        return []
    name = call.func.attr
    known = [one for one in module.project._modules.values() if one is not None]
    return [one for other in known for one in other.named(name) if one.in_class is not None]
