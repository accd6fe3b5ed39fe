"""What a project says in ``[tool.understudy.lint]``."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from understudy.lint import messages
from understudy.lint.discovery import is_excluded
from understudy.lint.registry import UnknownRule, codes_of

KEYS = ("exclude", "ignore", "per-file-ignores", "select")


class LintSettingsError(ValueError):
    """A setting is not valid; the text is the whole message."""


@dataclass(frozen=True)
class LintSettings:
    """The rules that are on, and for which files.

    Attributes:
        select: selectors of rules; None where nothing is selected.
        ignore: selectors of rules that are off.
        exclude: patterns of files that are not checked.
        per_file_ignores: patterns of files, each with the codes that do not count there.
    """

    select: tuple[str, ...] | None = None
    ignore: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    per_file_ignores: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def ignored_in(self, path: Path, code: str, base: Path) -> bool:
        """Whether a code does not count in a file."""
        return any(
            code in codes and is_excluded(path, [pattern], base)
            for pattern, codes in self.per_file_ignores.items()
        )


def read(file: Path, shown: str) -> LintSettings:
    """Read the table of a pyproject.toml, which need not exist.

    This does not ask `plugin.settings`: its package imports pytest, which takes longer than the
    check of a suite in which nothing has changed.

    Args:
        file: the pyproject.toml.
        shown: its path, for messages.

    Raises:
        LintSettingsError: the file cannot be read, or a key or a value is not valid.
    """
    try:
        document = tomllib.loads(file.read_bytes().decode())
    except (FileNotFoundError, NotADirectoryError):
        return LintSettings()
    except OSError as error:
        raise LintSettingsError(messages.unreadable(shown, error.strerror or "")) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise LintSettingsError(messages.broken_toml(shown, error)) from error
    table: object = document
    for key in ("tool", "understudy", "lint"):
        table = table.get(key, {}) if isinstance(table, Mapping) else {}
    if not isinstance(table, Mapping):
        raise LintSettingsError(
            messages.not_a_table("lint", f"[tool.understudy] of {shown}", table)
        )
    return parse(table, f"[tool.understudy.lint] of {shown}")


def parse(table: Mapping[str, object], place: str) -> LintSettings:
    """Read the table.

    Args:
        table: its content.
        place: where it stands, for messages.

    Raises:
        LintSettingsError: a key or a value is not valid.
    """
    for key in table:
        if key not in KEYS:
            raise LintSettingsError(messages.unknown_key(key, place, KEYS))
    per_file = table.get("per-file-ignores", {})
    if not isinstance(per_file, Mapping):
        raise LintSettingsError(messages.not_a_table("per-file-ignores", place, per_file))
    return LintSettings(
        select=_selectors(table["select"], "select", place) if "select" in table else None,
        ignore=_selectors(table.get("ignore", []), "ignore", place),
        exclude=_texts(table.get("exclude", []), "exclude", place),
        per_file_ignores={
            pattern: frozenset(
                code
                for selector in _selectors(value, pattern, place)
                for code in codes_of(selector)
            )
            for pattern, value in per_file.items()
        },
    )


def _texts(value: object, key: str, place: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise LintSettingsError(messages.not_texts(key, place, value))
    return tuple(value)


def _selectors(value: object, key: str, place: str) -> tuple[str, ...]:
    found = _texts(value, key, place)
    check_selectors(found, f"`{key}` in {place}")
    return found


def check_selectors(selectors: Iterable[str], place: str) -> Sequence[str]:
    """Return the selectors, each of which stands for something.

    Raises:
        LintSettingsError: one does not.
    """
    given = list(selectors)
    for selector in given:
        try:
            codes_of(selector)
        except UnknownRule as error:
            raise LintSettingsError(messages.in_place(place, str(error))) from error
    return given
