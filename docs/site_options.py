"""The keys of `[tool.understudy]` and the flags of pytest, with what docs/configuration.md says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from docs.site_markdown import directive, sentence
from understudy import plugin
from understudy.lint.settings import KEYS as LINT_KEYS
from understudy.plugin.settings import KEYS, flag

CONFIGURATION = Path(__file__).parent / "configuration.md"
_KEYS_HEADER = "| key | value | effect |"


def rows(header: str) -> Iterator[list[str]]:
    """Yield the rows of a table in docs/configuration.md, as lists of their cells."""
    table = CONFIGURATION.read_text(encoding="utf-8").split(f"\n{header}\n")[1]
    for line in table.splitlines()[1:]:
        if not line.startswith("|"):
            return
        yield [_moved(cell.strip()) for cell in line.strip("|").split(" | ")]


def _moved(cell: str) -> str:
    """Lead the links of a cell to their pages from a folder below."""
    cell = re.sub(r"\]\(#", f"](../{CONFIGURATION.name}#", cell)
    return re.sub(r"\]\((?!\.\./|https?:)", "](../", cell)


def explained_keys() -> dict[str, tuple[str, str]]:
    """Return what docs/configuration.md says of each key: its values and its effect."""
    return {
        key: (value, effect)
        for names, value, effect in _complete(rows(_KEYS_HEADER))
        for key in re.findall(r"`(\w+)`", names)
    }


def _complete(cells: Iterator[list[str]]) -> Iterator[list[str]]:
    """Yield the rows, with `the same` replaced by what it refers to."""
    before = ""
    for names, value, effect in cells:
        full = re.sub(r"^the same\b", before, value)
        before = full.partition("; the marker")[0]
        yield [names, full, effect]


def explained_flags() -> dict[str, str]:
    """Return what docs/configuration.md says of each flag without a key."""
    return {
        name: effect
        for names, effect in rows("| flag | effect |")
        for name in re.findall(r"`(--[\w-]+)`", names)
    }


class Flag(NamedTuple):
    """A flag of pytest, as the plugin adds it."""

    name: str
    metavar: str
    text: str


def flags() -> dict[str, Flag]:
    """Return the flags that the plugin adds to pytest."""
    parser = pytest.Parser(_ispytest=True)
    plugin.pytest_addoption(parser)
    found = {}
    for option in parser.getgroup("understudy").options:
        attributes = option.attrs()
        metavar = attributes.get("metavar") or ""
        is_optional = attributes.get("nargs") == "?"
        name = option.names()[0]
        shown = f"[={metavar}]" if is_optional else f" {metavar}" if metavar else ""
        found[name] = Flag(name, shown, sentence(str(attributes["help"])))
    return found


def option_list() -> str:
    """Return the keys with their flags, and the flags without a key."""
    known = flags()
    explained = explained_keys()
    if missing := [key for key in KEYS if key not in explained]:
        raise LookupError(
            f"{CONFIGURATION.name} has no row for {', '.join(missing)}: add one to the table that "
            f"begins with {_KEYS_HEADER!r}."
        )
    text = "## Keys of `[tool.understudy]`\n\n"
    for key in KEYS:
        value, effect = explained[key]
        name = flag(key)
        body = f"{sentence(effect)}\n\n{_option(known.pop(name))}"
        text += directive("confval", key, f"Value: {value}\n\n{body}")
    text += "## Keys of `[tool.understudy.lint]`\n\n"
    for key in LINT_KEYS:
        text += directive(
            "confval", f"lint.{key}", "See [choosing rules](../lint.md#choosing-rules)."
        )
    text += "## Flags without a key\n\n"
    return text + "".join(map(_option, known.values()))


def _option(option: Flag) -> str:
    return directive("option", f"{option.name}{option.metavar}", option.text)
