"""The files that configure the tests: pyproject.toml, conftest.py, fakes.py, schema.py."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from packaging.version import Version

from understudy.init import scaffold
from understudy.init.findings import Findings
from understudy.init.questions import LOOP_SCOPES, Decisions, Question
from understudy.init.toml_edits import checked, with_lines, with_table
from understudy.project.pytest_config import mode_in

UNDERSTUDY = "[tool.understudy]"
_PYTEST = "[tool.pytest.ini_options]"
_AUTO_MODE = 'asyncio_mode = "auto"'
_FUNCTION_SCOPE = 'asyncio_default_fixture_loop_scope = "function"'
_WIDTH = 100  # characters of a line in pyproject.toml
_EXAMPLES = {
    "app": "app.main:create_app",
    "schema": "db/schema.sql",
    "mysql_schema": "db/schema.sql",
    "driver": "asyncpg",
}


@dataclass(frozen=True)
class NewFile:
    """The content to write to a file, whose path is relative to the project."""

    path: Path
    text: str


@dataclass(frozen=True)
class Configuration:
    """The files that configure the tests.

    Attributes:
        files: the files, including those that already have this content.
        kept: the existing files that stay unchanged, each with the reason.
        fakes: the module to import the fakes from.
    """

    files: Sequence[NewFile]
    kept: Sequence[tuple[Path, str]]
    fakes: str


def configuration(findings: Findings, decisions: Decisions) -> Configuration:
    """Return every file but the tests.

    Raises:
        InitError: An existing file cannot be extended.
    """
    files: list[NewFile] = []
    kept: list[tuple[Path, str]] = []
    tests = findings.configured.tests
    root = findings.root
    is_package = not (root / tests).exists() or (root / tests / "__init__.py").exists()
    own = f"{tests.as_posix()}.fakes"
    fakes = own if is_package and len(tests.parts) == 1 else "understudy"
    there = _there(root / tests / "fakes.py")
    text = scaffold.fakes_module(findings.database)
    if there is None or there == text:
        files.append(NewFile(tests / "fakes.py", text))
    else:
        fakes = fakes if "understudy" in there else "understudy"
        kept.append(
            (
                root / tests / "fakes.py",
                "is yours; FakeConnection and the other fakes come from understudy",
            )
        )
    if not (root / tests).exists():
        files.append(NewFile(tests / "__init__.py", '"""The tests."""\n'))
    text = scaffold.conftest(decisions.driver, fakes, findings.database)
    if _there(root / tests / "conftest.py") in (None, text):
        files.append(NewFile(tests / "conftest.py", text))
    else:
        kept.append(
            (root / tests / "conftest.py", "is yours; Understudy's fixtures are there without it")
        )
    if decisions.schema is not None and decisions.schema.metadata is not None:
        path = tests / "schema.py"
        if not (root / path).exists():
            [setting] = decisions.schema.setting
            text = scaffold.schema_module(decisions.schema.metadata, setting, findings.database)
            files.append(NewFile(path, text))
    if decisions.ruff:
        above = os.path.relpath(root / findings.configured.ruff_file, root / tests)
        ruff = scaffold.ruff_file(Path(above).as_posix(), decisions.ruff)
        files.append(NewFile(tests / "ruff.toml", ruff))
    files += _settings(findings, decisions)
    file = findings.configured.pytest.file
    if decisions.loop_scope and file and LOOP_SCOPES & set(findings.configured.pytest.options):
        kept.append((root / file, "has scopes of event loops, which stay"))
    return Configuration(files, kept, fakes)


def _there(path: Path) -> str | None:
    """Return the content of a file, or None if it does not exist."""
    return path.read_text(encoding="utf-8", errors="replace") if path.exists() else None


def _settings(findings: Findings, decisions: Decisions) -> list[NewFile]:
    """Return pyproject.toml with [tool.understudy], and the file with pytest's options."""
    configured = findings.configured
    path = findings.root / "pyproject.toml"
    text = configured.pyproject
    lines = _lines(findings, decisions, configured.understudy or {})
    if configured.understudy is None:
        questions = [line for question in decisions.questions for line in _todo(question)]
        text = with_table(text, UNDERSTUDY, [*lines, *questions])
    elif lines:
        assert text is not None, "it has a table, so it is there"
        text = with_lines(path, text, UNDERSTUDY, lines)
    pytest, added = configured.pytest, []
    base = findings.base.as_posix()
    loops = _loops(findings, decisions)
    if pytest.file is None:
        paths = ["."] if base == "." else [base, "."]
        text = with_table(
            text,
            _PYTEST,
            [
                f"testpaths = {json.dumps([configured.tests.as_posix()])}",
                f"pythonpath = {json.dumps(paths)}",
                _AUTO_MODE,
                *(loops or [_FUNCTION_SCOPE]),
            ],
        )
    else:
        if base != "." and "pythonpath" not in pytest.options:
            added = [f"pythonpath = {json.dumps([base, '.'])}"]
        added += _asyncio(findings, loops)
    assert text is not None, "[tool.understudy] is in it"
    files = []
    if added and pytest.file == "pyproject.toml":
        text = with_lines(path, text, pytest.section, added)
    elif added:
        assert pytest.file is not None, "there are lines to add to it"
        own = findings.root / pytest.file
        if own.suffix != ".toml":
            added = [line.replace('"', "") for line in added]
            added = [f"pythonpath = {base} ." if "pythonpath" in line else line for line in added]
        before = own.read_bytes().decode()
        files.append(NewFile(Path(pytest.file), with_lines(own, before, pytest.section, added)))
    if text != configured.pyproject:
        files.append(NewFile(Path("pyproject.toml"), checked(path, text, lines)))
    return files


def _asyncio(findings: Findings, loops: list[str]) -> list[str]:
    """Return the lines for pytest-asyncio that the present configuration of pytest lacks."""
    pytest = findings.configured.pytest
    lines = [] if LOOP_SCOPES & set(pytest.options) else loops
    if not _knows_loop_scopes():
        return lines
    if not LOOP_SCOPES & set(pytest.options):
        # Without a scope pytest-asyncio warns, which stops a run that turns warnings into errors.
        lines = lines or [_FUNCTION_SCOPE]
    # Where there are tests, another mode would change how they run.
    has_mode = "asyncio_mode" in pytest.options or mode_in(pytest.addopts)
    has_tests = (findings.root / findings.configured.tests).exists()
    return lines if has_mode or has_tests else [_AUTO_MODE, *lines]


def _knows_loop_scopes() -> bool:
    """Return whether pytest-asyncio is installed, in a version with a scope for event loops."""
    try:
        installed = version("pytest-asyncio")
    except PackageNotFoundError:
        return False
    return Version(installed) >= Version("0.24")


def _loops(findings: Findings, decisions: Decisions) -> list[str]:
    """Return the lines that let all tests share an event loop, if they are to, with the reason."""
    if decisions.loop_scope != "session":
        return []
    bound = findings.loop_bound
    lines = [f'{key} = "session"' for key in sorted(LOOP_SCOPES)]
    if bound is None:
        return lines
    file = Path(os.path.relpath(findings.folder / bound.place.file, findings.root)).as_posix()
    place = f"{file}:{bound.place.line}"
    return [f"# The {bound.kind} {bound.name} ({place}) belongs to an event loop.", *lines]


def _lines(findings: Findings, decisions: Decisions, there: object) -> list[str]:
    """Return the lines of the settings that are known and missing."""
    assert isinstance(there, dict)
    lines = []
    if decisions.app is not None and "app" not in there:
        lines.append(f"app = {json.dumps(decisions.app.target)}")
    kind = findings.database
    if decisions.schema is not None and kind.schema not in there:
        setting = list(decisions.schema.setting)
        value = setting[0] if setting[0] == "alembic" or ":" in setting[0] else setting
        lines.append(f"{kind.schema} = {json.dumps(value)}")
    if decisions.driver is not None and "driver" not in there:
        lines.append(f"driver = {json.dumps(decisions.driver)}")
    if findings.variables is not None and not kind.environments & set(there):
        values = {**findings.variables.values, **findings.variables.required}
        for key in sorted(kind.environments):
            lines += environment_lines(key, values)
    return lines


def environment_lines(key: str, values: Mapping[str, str]) -> list[str]:
    """Return a table of variables on one line, or on one for each if that is too long."""
    pairs = [f"{name} = {json.dumps(value)}" for name, value in values.items()]
    line = f"{key} = {{{', '.join(pairs)}}}"
    return [line] if len(line) <= _WIDTH else [f"{key}.{pair}" for pair in pairs]


def _todo(question: Question) -> list[str]:
    """Return an undecided setting as comments: the reason, and lines to complete."""
    lines = [f"# {line}" for line in f"TODO {question.key}: {question.reason}".splitlines()]
    values = [option.value for option in question.options] or [_EXAMPLES[question.key]]
    return [*lines, *(f"# {question.key} = {value}" for value in map(_shown, values))]


def _shown(value: str) -> str:
    return value if value.startswith("[") else json.dumps(value)
