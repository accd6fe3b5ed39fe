"""The settings of a project, in ``[tool.understudy.lint]``."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from understudy.lint.discovery import is_excluded
from understudy.lint.finding import LintError, UnknownRule
from understudy.lint.output import shown
from understudy.lint.registry import codes_of
from understudy.lint.rule import DEFAULT_GROUPS

KEYS = ("exclude", "ignore", "per-file-ignores", "select")


@dataclass(frozen=True)
class LintSettings:
    """The rules that are on, and for which files.

    Attributes:
        select: the codes that are on; none for the default ones.
        ignore: the codes that are off.
        exclude: patterns of files that are not checked.
        per_file_ignores: patterns of files, each with the codes that do not count there.
    """

    select: frozenset[str] = frozenset()
    ignore: frozenset[str] = frozenset()
    exclude: tuple[str, ...] = ()
    per_file_ignores: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def ignored_in(self, path: Path, code: str, base: Path) -> bool:
        """Whether a rule is ignored in a file."""
        return any(
            code in codes and is_excluded(path, [pattern], base)
            for pattern, codes in self.per_file_ignores.items()
        )


def nearest(folder: Path) -> tuple[Path, LintSettings]:
    """Return the folder of the nearest pyproject.toml, and the settings in it.

    Raises:
        LintError: The file cannot be read, or a key or a value is not valid.
    """
    for parent in (folder, *folder.parents):
        if (parent / "pyproject.toml").is_file():
            return parent, _read(parent / "pyproject.toml")
    return folder, LintSettings()


def _read(file: Path) -> LintSettings:
    # `plugin.settings` is not used: importing pytest takes longer than a check with no changes.
    name = shown(str(file))
    try:
        document = tomllib.loads(file.read_bytes().decode())
    except OSError as error:
        raise LintError(f"{name} cannot be read: {error.strerror or ''}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise LintError(f"{name}: not valid TOML: {error}.") from error
    table: object = document
    for key in ("tool", "understudy", "lint"):
        table = table.get(key, {}) if isinstance(table, Mapping) else {}
    if not isinstance(table, Mapping):
        raise _not_a_table("lint", f"[tool.understudy] of {name}", table)
    return parse(table, f"[tool.understudy.lint] of {name}")


def parse(table: Mapping[str, object], place: str) -> LintSettings:
    """Read the table.

    Args:
        table: its content.
        place: the name of the table and its file, for messages.

    Raises:
        LintError: A key or a value is not valid.
    """
    for key in table:
        if key not in KEYS:
            near = difflib.get_close_matches(key, KEYS, n=1)
            meant = f" Did you mean `{near[0]}`?" if near else ""
            raise LintError(
                f"`{key}` in {place}: there is no such key.{meant}\nValid keys: {', '.join(KEYS)}."
            )
    per_file = table.get("per-file-ignores", {})
    if not isinstance(per_file, Mapping):
        raise _not_a_table("per-file-ignores", place, per_file)
    return LintSettings(
        select=_codes_in(table.get("select", []), "select", place),
        ignore=_codes_in(table.get("ignore", []), "ignore", place),
        exclude=_texts(table.get("exclude", []), "exclude", place),
        per_file_ignores={
            pattern: _codes_in(value, pattern, place) for pattern, value in per_file.items()
        },
    )


def _not_a_table(key: str, place: str, value: object) -> LintError:
    return LintError(f"`{key}` in {place}: expected a table, not {value!r}.")


def _texts(value: object, key: str, place: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise LintError(f"`{key}` in {place}: expected a list of strings, not {value!r}.")
    return tuple(value)


def _codes_in(value: object, key: str, place: str) -> frozenset[str]:
    return _codes(_texts(value, key, place), f"`{key}` in {place}")


def _codes(selectors: Iterable[str], place: str) -> frozenset[str]:
    """Return the selected codes, or raise a LintError that names ``place``."""
    try:
        return frozenset(code for selector in selectors for code in codes_of(selector))
    except UnknownRule as error:
        raise LintError(f"{place}: {error}") from error


def codes_on(settings: LintSettings, select: str | None, ignore: str | None) -> Sequence[str]:
    """Return the codes of the rules that are on.

    Args:
        settings: the settings of the project.
        select: the argument of --select, which replaces the project's selection.
        ignore: the argument of --ignore, which is added to what the project ignores.

    Raises:
        LintError: A selector selects nothing.
    """
    selected = settings.select if select is None else _codes(_listed(select), "--select")
    selected = selected or _codes(DEFAULT_GROUPS, "the default groups")
    return tuple(sorted(selected - settings.ignore - _codes(_listed(ignore or ""), "--ignore")))


def _listed(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]
