"""A pytest plugin that asks a project about itself, in a child process.

`project_copy.py` loads it into the project's pytest, so that pytest's configuration and what
conftest.py sets up apply. It announces each question before it asks it: the last one shows what
a process that did not end was doing.
"""

from __future__ import annotations

import functools
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from understudy.init.project_copy import SCHEMA
from understudy.project import import_cycles, pytest_process
from understudy.script.formatting import first_line_of, python_literal

_VERBS = {"GET", "POST", "PUT", "PATCH", "DELETE"}
# Any statement but those that drivers and SQLAlchemy send by themselves, which are answered already
_STATEMENTS = re.compile(
    r"(?is)^(select|insert|replace|update|delete|with)\b(?!\s+@@)"
    r"(?!.*\b(pg_\w+|to_regtype|current_schema|version)\b)(?!.*\bdatabase\(\))"
)
_PLAIN = (int, float, str, type(None))


@pytest.hookimpl(tryfirst=True)
def pytest_collection(session: pytest.Session) -> None:
    """Ask after every conftest.py is imported, and before any test module is."""
    request = pytest_process.requested()
    for path in reversed(request["path"]):
        sys.path.insert(0, path)
    for target in request["apps"]:
        pytest_process.answer({"kind": "begin", "what": target})
        answer = _app(target, Path(request["path"][0]))
        pytest_process.answer(answer)
        if answer["error"] is None:
            break
    for module, name in request["models"]:
        pytest_process.answer({"kind": "begin", "what": module})
        pytest_process.answer(_model(module, name))
    for key in ("schema", "mysql_schema"):
        if request.get(key):
            pytest_process.answer({"kind": "begin", "what": SCHEMA})
            root = Path(request["path"][0])
            pytest_process.answer(_schema(request[key], root, is_mysql=key == "mysql_schema"))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Report how each test ended, and what failed."""
    if report.when == "setup" and report.passed:
        pytest_process.answer({"kind": "begin", "what": report.nodeid})
    if report.when == "call" or not report.passed:
        pytest_process.answer(
            {
                "kind": "test",
                "file": report.nodeid.partition("::")[0],
                "passed": report.when == "call" and report.passed,
                "error": _what_happened(report),
            }
        )


@pytest.hookimpl(tryfirst=True)
def pytest_collectreport(report: pytest.CollectReport) -> None:
    """Report what could not be collected."""
    if report.failed:
        file = report.nodeid.partition("::")[0]
        line = _what_happened(report)
        pytest_process.answer({"kind": "test", "file": file, "passed": False, "error": line})


@dataclass
class Recorded:
    """What a recorded method returned."""

    answer: object = None


@contextmanager
def recording(fake: Any, number: int) -> Iterator[Recorded]:
    """Report what is sent to a scripted server, which answers everything without rows.

    An exception is reported as well, and not passed on.
    """
    fake.on(_STATEMENTS).optional()
    record = Recorded()
    raised = None
    try:
        yield record
    except Exception as error:  # noqa: BLE001 - it is the project's own: reported
        raised = (type(error).__module__, type(error).__qualname__, first_line_of(error))
    calls = [
        (call.scripted, [_source(parameter) for parameter in call.parameters or ()])
        for call in fake.calls
    ]
    answer = repr(record.answer)
    sent = {"kind": "sent", "number": number, "calls": calls, "answer": answer, "raised": raised}
    pytest_process.answer(sent)


def _source(value: object) -> str:
    """Return the source of a parameter: a plain value, or ANY."""
    from uuid import UUID

    if isinstance(value, UUID):
        return f"UUID(int={value.int})"
    if isinstance(value, str):
        return python_literal(value)
    return repr(value) if isinstance(value, _PLAIN) else "ANY"


def _what_happened(report: pytest.TestReport | pytest.CollectReport) -> str:
    """Return the exception of a report, and the last line of the project that it passed."""
    text = report.longreprtext
    lines = [line for line in text.splitlines() if line.strip()]
    errors = pytest_process.error_lines(lines)
    entries = getattr(getattr(report.longrepr, "reprtraceback", None), "reprentries", [])
    places = [entry.reprfileloc for entry in entries if getattr(entry, "reprfileloc", None)]
    own = [place for place in places if "site-packages" not in place.path]
    shown = (errors or lines or [""])[0].strip()
    return f"{shown} (at {own[-1].path}:{own[-1].lineno})" if own else shown


def _app(target: str, root: Path) -> dict[str, Any]:
    from understudy.asgi import load_app
    from understudy.asgi.app_routes import routes_with_endpoint

    answer: dict[str, Any] = {"kind": "app", "target": target, "error": None, "routes": []}
    try:
        app = load_app(target, root)
        if not hasattr(app, "openapi"):
            answer["error"] = "the app is not FastAPI's: there is no OpenAPI description to test"
            return answer
        described = app.openapi()["paths"]
        for route in routes_with_endpoint(app.routes):
            answer["routes"] += _described(route, described)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - it is the project's own: reported
        answer["error"] = str(error).strip() or first_line_of(error)
    return answer


def _described(route: Any, described: Mapping[str, Any]) -> Any:
    for verb in sorted(_VERBS & set(route.methods)):
        method = verb.lower()
        operation = described.get(route.path, {}).get(method, {})
        parameters = operation.get("parameters", [])
        yield {
            "path": route.path,
            "method": method,
            "module": route.endpoint.__module__,
            "function": route.endpoint.__name__,
            "needs": sorted(parameter["name"] for parameter in parameters if parameter["required"]),
            "responses": [code for code in operation.get("responses", {}) if code != "422"],
        }


def _schema(setting: Sequence[str], root: Path, *, is_mysql: bool) -> dict[str, Any]:
    """Load the schema into a separate PostgreSQL, MySQL or MariaDB."""
    from understudy.embedded import PostgresError, TestDatabases

    kind: Any = TestDatabases
    if is_mysql:
        from understudy.mysql_server.databases import MysqlDatabases

        kind = MysqlDatabases
    databases = kind(setting, root)
    try:
        databases.start()
        databases.stop()
    except PostgresError as error:
        return {"kind": "schema", "error": str(error)}
    return {"kind": "schema", "error": None}


def _model(module: str, name: str) -> dict[str, Any]:
    answer: dict[str, Any] = {"kind": "model", "module": module, "name": name, "error": None}
    try:
        home, answer["first"] = import_cycles.imported(module)
        model: Any = functools.reduce(getattr, name.split("."), home)
        answer |= _rejection(model)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - it is the project's own: reported
        answer["error"] = first_line_of(error)
    return answer


def _rejection(model: Any) -> dict[str, Any]:
    """Validate input in which one value is invalid and all others are missing."""
    from pydantic import ValidationError

    is_new = hasattr(model, "model_validate")
    method = "model_validate" if is_new else "parse_obj"
    schema = model.model_json_schema() if is_new else model.schema()
    bad, constrained = _bad_value(schema.get("properties", {}))
    rejected: dict[str, str] = {}
    try:
        getattr(model, method)(bad)
    except ValidationError as error:
        for problem in error.errors():
            field = str(problem["loc"][0]) if problem["loc"] else ""
            rejected.setdefault(field, problem["type"])
    return {"method": method, "bad": bad, "constrained": constrained, "rejected": rejected}


def _bad_value(properties: Mapping[str, Any]) -> tuple[dict[str, Any], bool]:
    """Return a value that a property should reject, and whether a constraint says so."""
    for wanted in (True, False):
        for name, schema in properties.items():
            value, constrained = _bad_for(schema)
            if value is not None and constrained is wanted:
                return {name: value}, constrained
    return {}, False


def _bad_for(schema: Mapping[str, Any]) -> tuple[Any, bool]:
    kind = schema.get("type")
    for item in schema.get("anyOf", []):
        if kind is None and item.get("type") != "null":
            return _bad_for(item)
    if kind == "string" and schema.get("minLength"):
        return "", True
    if kind == "string" and schema.get("format") in ("email", "uuid", "date", "date-time", "uri"):
        return f"no {schema['format']}", True
    if kind in ("integer", "number"):
        lowest = schema.get("minimum", schema.get("exclusiveMinimum"))
        return ("no number", False) if lowest is None else (lowest - 1, True)
    return None, False
