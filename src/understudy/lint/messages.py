"""What `understudy lint` says of itself and of files. What a rule says stands with the rule."""

from __future__ import annotations

import difflib
from collections.abc import Sequence


def unknown_rule(word: str, nearest: str | None) -> str:
    """A selector stands for nothing."""
    meant = f" Did you mean {nearest}?" if nearest else ""
    return f"There is no rule or group called {word!r}.{meant}\n`understudy explain` lists them."


def cannot_read(reason: str) -> str:
    """The system refuses to open it."""
    return f"not checked: {reason}"


def internal_error(code: str, error: Exception, place: str) -> str:
    """A rule of ours fails on a file."""
    return (
        f"not checked for {code}: a mistake of ours, at {place}: {type(error).__name__}: {error};"
        " please report it, with the file if you can"
    )


def worker_died() -> str:
    """A process was ended from outside."""
    return (
        "A process that checked files died, perhaps for lack of memory.\n"
        "`understudy lint --jobs 1` checks in one process, file after file."
    )


def interrupted() -> str:
    """Ctrl-C; each file is written as a whole, so none is half mended."""
    return "\nInterrupted. No file is left half-written."


def unreadable(file: str, reason: str) -> str:
    """The configuration cannot be read."""
    return f"{file} cannot be read: {reason}."


def broken_toml(file: str, error: Exception) -> str:
    """The configuration is no TOML."""
    return f"{file}: not valid TOML: {error}."


def unknown_key(key: str, place: str, known: Sequence[str]) -> str:
    """A key that the table does not have."""
    near = difflib.get_close_matches(key, known, n=1)
    meant = f" Did you mean `{near[0]}`?" if near else ""
    return f"`{key}` in {place}: there is no such key.{meant}\nValid keys: {', '.join(known)}."


def not_a_table(key: str, place: str, value: object) -> str:
    """Something else stands where a table should."""
    return f"`{key}` in {place}: expected a table, not {value!r}."


def not_texts(key: str, place: str, value: object) -> str:
    """Something else stands where a list of strings should."""
    return f"`{key}` in {place}: expected a list of strings, not {value!r}."


def in_place(place: str, text: str) -> str:
    """A message, with where it comes from."""
    return f"{place}: {text}"


def nothing_to_check(paths: Sequence[str]) -> str:
    """There is no Python file at all."""
    return f"There is no Python file below {', '.join(paths)}, so nothing was checked."


def cache_not_written(reason: str) -> str:
    """The cache cannot be kept; the check itself was done."""
    return f"The cache cannot be written ({reason}), so the next run checks every file again."


def clean(files: int) -> str:
    """Nothing was found."""
    return f"{_counted(files, 'file')} checked, nothing found."


def found(findings: int, files: int, fixable: int) -> str:
    """Something was found."""
    text = f"Found {_counted(findings, 'problem')} in {_counted(files, 'file')}."
    if fixable:
        text += f" --fix can mend {fixable}; --diff shows how."
    return text


def explain_hint(codes: Sequence[str]) -> str:
    """How to learn more."""
    return f"Why, and what to do instead: understudy explain {codes[0]}"


def not_checked(count: int) -> str:
    """Some files could not be checked."""
    return f"{_counted(count, 'file')} could not be checked."


def progress(done: int, total: int) -> str:
    """How far the check is."""
    return f"{done} of {_counted(total, 'file')} checked"


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def no_libcst() -> str:
    """The extra for --fix is not installed."""
    return (
        "--fix and --diff rewrite files with LibCST, which is not installed:\n"
        '  pip install "understudy[lint]"'
    )


def cannot_mend(reason: str) -> str:
    """A file cannot be rewritten."""
    return f"not mended, nothing was changed: {reason}"


def cannot_write(reason: str) -> str:
    """The system refuses to write a file."""
    return f"not mended, the file cannot be written: {reason}"


def mended(fixed: int, files: int) -> str:
    """What --fix did."""
    return f"Mended {_counted(fixed, 'problem')} in {_counted(files, 'file')}."


def would_mend(fixed: int, files: int) -> str:
    """What --fix would do."""
    return f"--fix would mend {_counted(fixed, 'problem')} in {_counted(files, 'file')}."
