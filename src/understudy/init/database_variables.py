"""The environment variables from which an app reads the address of its database."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from understudy.init.database_kind import DatabaseKind
from understudy.init.modules import Modules
from understudy.init.sources import Sources
from understudy.project.call_resolution import variable_read
from understudy.project.files import Place
from understudy.project.sources import Module

_NOT_THE_APP = {"tests", "test", "migrations", "alembic", "examples", "docs"}
_SETTINGS = {
    "pydantic.BaseSettings",
    "pydantic.v1.BaseSettings",
    "pydantic_settings.BaseSettings",
    "pydantic_settings.main.BaseSettings",
}
# Functions and classes of libraries whose first argument is the name of a variable.
_CONFIGS = {"starlette.config.Config", "environs.Env", "decouple.config", "decouple.Config"}
_PARTS = {
    "HOST": "{host}", "SERVER": "{host}", "HOSTNAME": "{host}", "ADDRESS": "{host}",
    "PORT": "{port}",
    "USER": "{user}", "USERNAME": "{user}",
    "PASSWORD": "{password}", "PASS": "{password}", "PWD": "{password}",
    "DB": "{database}", "NAME": "{database}", "DATABASE": "{database}", "DBNAME": "{database}",
}  # fmt: skip
# What connects with the keywords host, user, password and database.
_CONNECTS = {
    "asyncpg.connect", "asyncpg.create_pool", "asyncpg.connection.connect",
    "asyncpg.pool.create_pool", "psycopg.connect", "psycopg.Connection.connect",
    "psycopg.AsyncConnection.connect", "psycopg2.connect",
}  # fmt: skip
_ALL_PARTS = set(_PARTS.values())
_PART = "|".join(_PARTS)
# For a key that is too short, libraries raise or warn.
_SECRET = "a-secret-for-tests-alone-of-32-bytes"
_VALUES = {
    "int": "1", "PositiveInt": "1", "NonNegativeInt": "1", "float": "1", "bool": "false",
    "EmailStr": "test@example.com", "HttpUrl": "http://localhost", "AnyHttpUrl": "http://localhost",
    "AnyUrl": "http://localhost", "RedisDsn": "redis://localhost", "Path": ".",
}  # fmt: skip
# Files that show how to set the variables.
_EXAMPLES = (
    *(".env.example", ".env.sample", ".env.template", ".env.dist", ".env-example", ".env_example"),
    *("env.example", "example.env", ".example.env", "sample.env"),
)
_PLAIN_VALUE = re.compile(r"\w+(\.\d+)?")
_PLACES = (
    "HOST|SERVER|HOSTNAME|ADDRESS|PORT|USER|USERNAME|PASSWORD|PASS|PWD|DB|NAME|DATABASE|DBNAME"
)


# SQLAlchemy's names of drivers, where they differ.
_DIALECTS = {"mysqlclient": "mysqldb", "mysql-connector": "mysqlconnector"}


@dataclass(frozen=True)
class DatabaseVariables:
    """What tells an app the address of its database.

    Attributes:
        values: the value of each variable, as `real_postgres_env` and `real_mysql_env` take it:
            "{dsn:asyncpg}".
        place: where the first of them is read.
        required: values for the other variables without which the app cannot be imported, and
            which are set nowhere.
    """

    values: Mapping[str, str]
    place: Place
    required: Mapping[str, str]


class _Names:
    """The names of variables with the address of one kind of database."""

    def __init__(self, kind: DatabaseKind) -> None:
        others = rf"(?!TEST|\w*(?:{kind.others}))(?:\w+_)?(?:{kind.names})"
        self.url = re.compile(rf"{others}_?(?:\w+_)?(?:URL|DSN|URI)")
        self.part = re.compile(rf"{others}_*({_PART})")
        self.scheme = rf"[\"']?{kind.scheme}(\+\w+)?://"


@dataclass(frozen=True)
class _Variable:
    name: str
    default: str | None  # the texts in it; None if it has none, so that the variable is required
    place: Place
    annotation: ast.expr | None = None


def find_variables(
    modules: Modules, sources: Sources, driver: str | None, kind: DatabaseKind
) -> DatabaseVariables | None:
    """Return the variables that the app reads, or None if none is certain.

    Args:
        modules: the project's modules.
        sources: its files, of which some set the variables.
        driver: the driver, for a URL whose own is not known.
        kind: the kind of the database.
    """
    names = _Names(kind)
    found: dict[str, _Variable] = {}
    for module in modules:
        if not _NOT_THE_APP & set(module.file.parts):
            for variable in _variables(modules, module):
                found.setdefault(variable.name, variable)
    parts = {
        name: _PARTS[match[1]] for name in found if (match := names.part.fullmatch(name.upper()))
    }
    own_port = _ALL_PARTS - set(parts.values()) == {"{port}"} and len(parts) == len(_ALL_PARTS) - 1
    if own_port and _leaves_the_port(modules):
        parts["PGPORT"] = "{port}"
    # With fewer, a request may reach another server; with more, there are several databases.
    if set(parts.values()) != _ALL_PARTS or len(parts) != len(_ALL_PARTS):
        parts = {}
    values = {**parts}
    for name, variable in found.items():
        # A whole address that has a default is made of the parts, if there are any.
        if names.url.fullmatch(name.upper()) and not (parts and variable.default is not None):
            value = _url(variable, sources, driver, names.scheme)
            values |= {} if value is None else {name: value}
    if not values:
        return None
    required = _required(found.values(), sources)
    others = {name: value for name, value in required.items() if name not in values}
    return DatabaseVariables(values, found[next(iter(values))].place, others)


def _leaves_the_port(modules: Modules) -> bool:
    """Whether every connection has a host and no port: drivers then take the one in PGPORT."""
    calls = [
        node
        for module in modules
        if not _NOT_THE_APP & set(module.file.parts)
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call) and module.qualified(node.func) in _CONNECTS
    ]
    return bool(calls) and all(
        not call.args
        and "host" in (names := {keyword.arg for keyword in call.keywords})
        and not names & {"port", "dsn", "conninfo", None}
        for call in calls
    )


def _variables(modules: Modules, module: Module) -> Iterator[_Variable]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ClassDef):
            if not _SETTINGS.isdisjoint(modules.bases(module, node)):
                yield from _fields(modules, module, node)
        elif isinstance(node, ast.Call) and node.args:
            if variable_read(module, node) is not None or _is_of_config(module, node.func):
                defaults = [*node.args[1:], *(keyword.value for keyword in node.keywords)]
                yield from _named(module, node.args[0], defaults)
        elif (name := variable_read(module, node)) is not None:
            yield from _named(module, name, ())


def _is_of_config(module: Module, function: ast.expr) -> bool:
    """Whether a function of a library reads the variable that its first argument names."""
    if module.qualified(function) in _CONFIGS:
        return True
    owner = function.value if isinstance(function, ast.Attribute) else function  # env.str("X")
    made = module.defined.get(owner.id) if isinstance(owner, ast.Name) else None
    return isinstance(made, ast.Call) and module.qualified(made.func) in _CONFIGS


def _named(module: Module, name: ast.expr, defaults: Sequence[ast.expr]) -> Iterator[_Variable]:
    if isinstance(name, ast.Constant) and isinstance(name.value, str):
        yield _Variable(name.value, _text(defaults), module.place(name))


def _text(nodes: Sequence[ast.expr]) -> str | None:
    """Return the constant texts in the default of a variable, or None if it has none."""
    if not nodes:
        return None
    return " ".join(
        part.value
        for node in nodes
        for part in ast.walk(node)
        if isinstance(part, ast.Constant) and isinstance(part.value, str)
    )


# Settings of pydantic ----------------------------------------------------------------------------


def _fields(modules: Modules, module: Module, node: ast.ClassDef) -> Iterator[_Variable]:
    """Yield the variables of the fields, unless the prefix of their names is unknown."""
    options = _options(node)
    prefix, delimiter = options.get("env_prefix", ""), options.get("env_nested_delimiter")
    if prefix is None:
        return
    is_exact = options.get("case_sensitive") is True
    for own, field in _annotated(node):
        name = _alias(field.value, f"{prefix}{own}")
        inner = modules.find(module.qualified(field.annotation)) if delimiter else None
        if inner is not None and isinstance(inner[1], ast.ClassDef):
            for part, nested in _annotated(inner[1]):
                full = f"{name}{delimiter}{_alias(nested.value, part)}"
                yield _variable(inner[0], nested, full if is_exact else full.upper())
        else:
            yield _variable(module, field, name if is_exact else name.upper())


def _annotated(node: ast.ClassDef) -> Iterator[tuple[str, ast.AnnAssign]]:
    """Yield the fields of a class, each with its name."""
    for field in node.body:
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name):
            yield field.target.id, field


def _variable(module: Module, field: ast.AnnAssign, name: str) -> _Variable:
    value = field.value
    if isinstance(value, ast.Call):  # Field(..., validation_alias="X")
        given = {keyword.arg: keyword.value for keyword in value.keywords}
        made = given.get("default_factory")
        value = value.args[0] if value.args else given.get("default", made)
    is_required = isinstance(value, ast.Constant) and value.value is ...
    defaults = [] if value is None or is_required else [value]
    return _Variable(name, _text(defaults), module.place(field), field.annotation)


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


def _url(variable: _Variable, sources: Sources, driver: str | None, scheme: str) -> str | None:
    """Return the value of a URL, with the driver that the project's own values name.

    None if nothing says that it is the address of that kind of database.
    """
    own = re.search(scheme, variable.default or "")
    if own is None:
        pattern = re.compile(rf"\b{re.escape(variable.name)}\b\s*[:=]\s*{scheme}")
        texts = (sources.text(file) for file in sources.files if file.suffix != ".py")
        own = next(filter(None, map(pattern.search, texts)), None)
    if own is not None:
        return dsn((own[1] or "").removeprefix("+"))
    if driver is None:
        return None
    uses_sqlalchemy = any("create_async_engine" in sources.text(file) for file in sources.trees)
    return dsn(_DIALECTS.get(driver, driver) if uses_sqlalchemy else "")


def dsn(driver: str) -> str:
    """Return the value for a URL with SQLAlchemy's name of a driver, or with none."""
    return f"{{dsn:{driver}}}" if driver else "{dsn}"


# What else must be set ---------------------------------------------------------------------------


def _required(variables: Iterable[_Variable], sources: Sources) -> dict[str, str]:
    """Return values for the variables that have no default and are set nowhere."""
    there = {*_set_in(sources, sources.files, [".env"]), *(name.upper() for name in os.environ)}
    shown = _set_in(sources, [*sources.files, *_above(sources.folder)], _EXAMPLES)
    found: dict[str, str] = {}
    for variable in variables:
        name = variable.name.upper()
        if variable.default is None and name and name not in there:
            value = _value(variable, shown.get(name, ""))
            found |= {} if value is None else {variable.name: value}
    return found


def _above(folder: Path) -> list[Path]:
    """Return what the folders around a project may show how to set, within its repository."""
    around = [folder, *folder.parents]
    end = next((n for n, parent in enumerate(around) if (parent / ".git").exists()), 0)
    return [parent / name for parent in around[1 : end + 1] for name in _EXAMPLES]


def _set_in(sources: Sources, files: Iterable[Path], names: Sequence[str]) -> dict[str, str]:
    """Return what the files of some names set, by the names of the variables in upper case."""
    found: dict[str, str] = {}
    for file in files:
        for line in sources.text(file).splitlines() if file.name in names else ():
            name, _, value = line.partition("=")
            found[name.removeprefix("export ").strip().upper()] = value.partition(" #")[0].strip()
    return found


def _value(variable: _Variable, shown: str) -> str | None:
    """Return a value of a variable's type, or None if none is known.

    Args:
        variable: the variable.
        shown: its value in a file that shows how to set it; "" without one. Only a number or a
            choice is taken: a text may be the address of a server.
    """
    name, annotation = variable.name.upper(), variable.annotation
    kind = "str" if annotation is None else ast.unparse(annotation).partition(" |")[0]
    kind = kind.removeprefix("Optional[").rstrip("]").rpartition(".")[2]
    if re.search("DRV|DRIVER|DIALECT|SCHEME|ENGINE", name):
        return None  # a wrong one would not be noticed before a test fails
    if kind in ("str", "SecretStr"):
        if "ALGORITHM" in name:
            return "HS256"
        return _SECRET if re.search("SECRET|KEY|TOKEN|SALT", name) else "test"
    if "ROUNDS" in name:
        return "4"  # the fewest that bcrypt takes
    if _VALUES.get(kind, "1") in ("1", "false") and _PLAIN_VALUE.fullmatch(shown):
        return shown
    return _VALUES.get(kind)
