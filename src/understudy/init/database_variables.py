"""The environment variables from which an app reads the address of its database."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from understudy.init.modules import Modules
from understudy.init.sources import Sources
from understudy.project.files import Place
from understudy.project.sources import Module

_NOT_THE_APP = {"tests", "test", "migrations", "alembic", "examples", "docs"}
_SETTINGS = {
    "pydantic.BaseSettings",
    "pydantic.v1.BaseSettings",
    "pydantic_settings.BaseSettings",
    "pydantic_settings.main.BaseSettings",
}
# Functions and classes whose first argument is the name of a variable.
_READERS = {"os.getenv", "os.environ.get", "os.environ.setdefault"}
_CONFIGS = {"starlette.config.Config", "environs.Env", "decouple.config", "decouple.Config"}
_DATABASE = r"(?:DATABASE|DB|POSTGRES|POSTGRESQL|PG|SQLALCHEMY|ASYNCPG|PSYCOPG|SQL)"
_URL = re.compile(rf"(?!TEST)(?:\w+_)?{_DATABASE}_?(?:\w+_)?(?:URL|DSN|URI)")
_PART = re.compile(
    r"(?!TEST)(?:\w+_)?(?:DATABASE|DB|POSTGRES|POSTGRESQL|PG)_?"
    r"(HOST|SERVER|HOSTNAME|PORT|USER|USERNAME|PASSWORD|PASS|PWD|DB|NAME|DATABASE|DBNAME)"
)
_PARTS = {
    "HOST": "{host}", "SERVER": "{host}", "HOSTNAME": "{host}", "PORT": "{port}",
    "USER": "{user}", "USERNAME": "{user}",
    "PASSWORD": "{password}", "PASS": "{password}", "PWD": "{password}",
    "DB": "{database}", "NAME": "{database}", "DATABASE": "{database}", "DBNAME": "{database}",
}  # fmt: skip
_NEEDED = {"{host}", "{user}", "{password}", "{database}"}
_SCHEME = r"[\"']?(?:postgres(?:ql)?)(\+\w+)?://"


@dataclass(frozen=True)
class DatabaseVariables:
    """What tells an app the address of its database.

    Attributes:
        values: the value of each variable, as `real_postgres_env` takes it: "{dsn:asyncpg}".
        place: where the first of them is read.
    """

    values: Mapping[str, str]
    place: Place


@dataclass(frozen=True)
class _Variable:
    name: str
    default: str
    place: Place


def find_variables(
    modules: Modules, sources: Sources, driver: str | None
) -> DatabaseVariables | None:
    """Return the variables that the app reads, or None if none is certain.

    Args:
        modules: the project's modules.
        sources: its files, of which some set the variables.
        driver: the driver, for a URL whose own is not known.
    """
    found: dict[str, _Variable] = {}
    for module in modules:
        if not _NOT_THE_APP & set(module.file.parts):
            for variable in _variables(modules, module):
                found.setdefault(variable.name, variable)
    values: dict[str, str] = {}
    for name, variable in found.items():
        if _URL.fullmatch(name.upper()) and (value := _url(variable, sources, driver)):
            values[name] = value
    parts = {name: _PARTS[match[1]] for name in found if (match := _PART.fullmatch(name.upper()))}
    # Several databases, or a part that something else needs: then nothing is certain.
    if set(parts.values()) >= _NEEDED and len(set(parts.values())) == len(parts):
        values |= parts
    if not values:
        return None
    return DatabaseVariables(values, found[next(iter(values))].place)


def _variables(modules: Modules, module: Module) -> Iterator[_Variable]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ClassDef):
            if not _SETTINGS.isdisjoint(modules.bases(module, node)):
                yield from _fields(module, node)
        elif isinstance(node, ast.Subscript):
            if module.qualified(node.value) == "os.environ":
                yield from _named(module, node.slice, ())
        elif isinstance(node, ast.Call) and node.args and _reads(module, node.func):
            defaults = [*node.args[1:], *(keyword.value for keyword in node.keywords)]
            yield from _named(module, node.args[0], defaults)


def _reads(module: Module, function: ast.expr) -> bool:
    """Return whether a call reads the variable that its first argument names."""
    if module.qualified(function) in _READERS | _CONFIGS:
        return True
    owner = function.value if isinstance(function, ast.Attribute) else function  # env.str("X")
    made = module.defined.get(owner.id) if isinstance(owner, ast.Name) else None
    return isinstance(made, ast.Call) and module.qualified(made.func) in _CONFIGS


def _named(module: Module, name: ast.expr, defaults: Sequence[ast.expr]) -> Iterator[_Variable]:
    if isinstance(name, ast.Constant) and isinstance(name.value, str):
        yield _Variable(name.value, _text(defaults), module.place(name))


def _text(nodes: Sequence[ast.expr | None]) -> str:
    """Return the constant texts in some expressions, such as the beginning of an f-string."""
    return " ".join(
        part.value
        for node in nodes
        if node is not None
        for part in ast.walk(node)
        if isinstance(part, ast.Constant) and isinstance(part.value, str)
    )


# Settings of pydantic ----------------------------------------------------------------------------


def _fields(module: Module, node: ast.ClassDef) -> Iterator[_Variable]:
    """Yield the variables of the fields, unless the prefix of their names is unknown."""
    options = _options(node)
    prefix = options.get("env_prefix", "")
    if prefix is None:
        return
    is_exact = options.get("case_sensitive") is True
    for field in node.body:
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
            name = f"{prefix}{field.target.id}"
            name = _alias(field.value, name if is_exact else name.upper())
            yield _Variable(name, _text([field.value]), module.place(field))


def _alias(value: ast.expr | None, default: str) -> str:
    """Return the name that `Field(alias=...)` gives to a variable; "" for one that is unknown."""
    for keyword in value.keywords if isinstance(value, ast.Call) else ():
        if keyword.arg in ("validation_alias", "alias", "env"):
            return str(_constant(keyword.value) or "")
    return default


def _options(node: ast.ClassDef) -> dict[str, object]:
    """Return the options of a class of settings; None for a value that is no constant."""
    found: dict[str, object] = {}
    for statement in node.body:
        if isinstance(statement, ast.ClassDef) and statement.name == "Config":
            for line in statement.body:
                if isinstance(line, ast.Assign) and isinstance(line.targets[0], ast.Name):
                    found[line.targets[0].id] = _constant(line.value)
        elif isinstance(statement, ast.Assign | ast.AnnAssign):
            target = statement.targets[0] if isinstance(statement, ast.Assign) else statement.target
            if isinstance(target, ast.Name) and target.id == "model_config":
                found |= _entries(statement.value)
    return found


def _entries(value: ast.expr | None) -> dict[str, object]:
    if isinstance(value, ast.Call):
        return {keyword.arg: _constant(keyword.value) for keyword in value.keywords if keyword.arg}
    if isinstance(value, ast.Dict):
        return {
            str(key.value): _constant(entry)
            for key, entry in zip(value.keys, value.values, strict=True)
            if isinstance(key, ast.Constant)
        }
    return {}


def _constant(node: ast.expr) -> object:
    return node.value if isinstance(node, ast.Constant) else None


# The driver in a URL -----------------------------------------------------------------------------


def _url(variable: _Variable, sources: Sources, driver: str | None) -> str | None:
    """Return the value of a URL, with the driver that the project's own values name.

    None if nothing says that it is the address of a PostgreSQL.
    """
    own = re.search(_SCHEME, variable.default)
    if own is None:
        pattern = re.compile(rf"\b{re.escape(variable.name)}\b\s*[:=]\s*{_SCHEME}")
        texts = (sources.text(file) for file in sources.files if file.suffix != ".py")
        own = next(filter(None, map(pattern.search, texts)), None)
    if own is not None:
        return _dsn((own[1] or "").removeprefix("+"))
    if driver is None:
        return None
    uses_sqlalchemy = any("create_async_engine" in sources.text(file) for file in sources.trees)
    return _dsn(driver if uses_sqlalchemy else "")


def _dsn(driver: str) -> str:
    return f"{{dsn:{driver}}}" if driver else "{dsn}"
