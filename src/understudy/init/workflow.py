"""The workflow for GitHub Actions: the project's Python, its lock file and its own services."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from understudy.init.database_kind import MYSQL, POSTGRES, DatabaseKind
from understudy.init.findings import Findings
from understudy.init.scaffold import commands, extras

_PYTHONS = ("3.11", "3.12", "3.13", "3.14")
_DEFAULT = "3.12"
_COMPOSE = ("compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml")
# Understudy brings the database, or starts the server that is installed.
_DATABASES = {
    POSTGRES: ("postgres", "postgis", "timescale", "pgvector", "pgbouncer", "pgadmin", "adminer"),
    MYSQL: ("mysql", "mariadb", "percona", "phpmyadmin", "adminer"),
}
_SERVER = "sudo apt-get update && sudo apt-get install --yes mariadb-server-core"


def text(findings: Findings, inside: str, driver: str | None) -> str:
    """Return the workflow's text.

    Args:
        findings: what was found in the project.
        inside: the project's folder, relative to the repository's; "" if they are the same.
        driver: the database driver, if known.
    """
    root, document = findings.root, findings.configured.document
    names = sorted(path.name for path in root.iterdir() if path.is_file())
    prefix, install = _installing(names, document)
    lines = [*install, *_adding(prefix, _lacking(findings, driver))]
    if findings.database is MYSQL:
        lines.append(_SERVER)
    if services := list(_services(root, findings.database)):
        lines.append(f"docker compose up --detach --wait {' '.join(services)}")
    lines += [f"{prefix}{command}" for command in commands(findings.package)]
    steps = "".join(f"      - run: {line}\n" for line in lines)
    defaults = f"    defaults:\n      run:\n        working-directory: {inside}\n" if inside else ""
    coverage = f"{inside}/htmlcov" if inside else "htmlcov"
    return f"""\
name: tests

on:
  push:
  pull_request:

jobs:
  tests:
    runs-on: ubuntu-latest
{defaults}    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-python@v5
        with:
          python-version: "{_python(root, document)}"
{steps}      - uses: actions/upload-artifact@v4
        if: always()
        with:
          name: coverage
          path: {coverage}
"""


def _lacking(findings: Findings, driver: str | None) -> list[str]:
    """Return the packages that the commands need and the project does not depend on."""
    wanted = {"understudy": f'"{extras(findings.web_extra, driver, findings.database)}"'}
    wanted |= {name: name for name in ("pytest-asyncio", "pytest-cov")}
    return [package for name, package in wanted.items() if name not in findings.dependencies]


def _adding(prefix: str, packages: Sequence[str]) -> list[str]:
    add = {"uv run --no-sync ": "uv pip install"}.get(prefix, f"{prefix}pip install")
    return [f"{add} {' '.join(packages)}"] if packages else []


def _installing(names: Sequence[str], document: Mapping[str, Any]) -> tuple[str, list[str]]:
    """Return the prefix of commands, and the commands that install the project as locked."""
    tool = document.get("tool", {})
    if "uv.lock" in names or "uv" in tool:
        locked = "--locked " if "uv.lock" in names else ""
        return "uv run --no-sync ", ["pip install uv", f"uv sync {locked}--all-groups --all-extras"]
    if "poetry.lock" in names or "poetry" in tool:
        return "poetry run ", ["pip install poetry", "poetry install"]
    if "pdm.lock" in names or "pdm" in tool:
        sync = "pdm sync" if "pdm.lock" in names else "pdm install"
        return "pdm run ", ["pip install pdm", "pdm config venv.with_pip true", sync]
    if "Pipfile" in names:
        sync = "pipenv sync --dev" if "Pipfile.lock" in names else "pipenv install --dev"
        return "pipenv run ", ["pip install pipenv", sync]
    files = [name for name in names if re.fullmatch(r"[\w.-]*requirements[\w.-]*\.txt", name)]
    if files:
        return "", [f"pip install {' '.join(f'-r {name}' for name in sorted(files))}"]
    if "project" not in document:
        return "", []
    wanted = ("dev", "test", "tests", "testing")
    extras_ = [
        item for item in document["project"].get("optional-dependencies", {}) if item in wanted
    ]
    groups = [item for item in document.get("dependency-groups", {}) if item in wanted]
    lines = [f'pip install -e ".[{",".join(extras_)}]"' if extras_ else "pip install -e ."]
    lines += [f"pip install --group {group}" for group in groups]
    return "", lines


def _python(root: Path, document: Mapping[str, Any]) -> str:
    """Return the Python version of .python-version, or the project's oldest that is supported."""
    try:
        pinned = (root / ".python-version").read_bytes().decode().strip()
    except (OSError, UnicodeDecodeError):
        pinned = ""
    if pinned.startswith(_PYTHONS):
        return pinned
    poetry = document.get("tool", {}).get("poetry", {}).get("dependencies", {})
    wanted = document.get("project", {}).get("requires-python") or poetry.get("python", "")
    try:
        # Poetry's "^3.11" and "~3.11" are a lower bound for this.
        allowed = SpecifierSet(re.sub(r"(^|,\s*)[\^~](?=\d)", r"\1>=", str(wanted)))
    except InvalidSpecifier:
        return _DEFAULT
    supported = [
        version
        for version in _PYTHONS
        if any(allowed.contains(f"{version}.{patch}") for patch in (0, 99))
    ]
    return supported[0] if wanted and supported else _DEFAULT


def _services(root: Path, database: DatabaseKind) -> Iterator[str]:
    """Yield the services of the compose file that run an image other than that database.

    Read with patterns: init does not need a YAML parser for anything else. What is written in
    another style, such as `services: {...}`, is not found.
    """
    file = next((root / name for name in _COMPOSE if (root / name).is_file()), None)
    content = "" if file is None else file.read_bytes().decode(errors="replace")
    block = re.search(r"^services:[^\S\n]*\n((?:[^\S\n].*\n|#.*\n|\n)*)", f"{content}\n", re.M)
    first = None if block is None else re.search(r"^( +)[\w.-]+:", block[1], re.M)
    if block is None or first is None:
        return
    for service in re.split(rf"^(?={first[1]}[\w.-]+:)", block[1], flags=re.M):
        image = re.search(r"^\s+image:\s*[\"']?(\S+)", service, re.M)
        if image is None or re.search(r"^\s+build:", service, re.M):
            continue
        if not any(word in image[1] for word in _DATABASES[database]):
            yield service.strip().partition(":")[0]
