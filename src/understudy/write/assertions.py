"""What a written test asserts: what was the same each time that its trial ran."""

from __future__ import annotations

import re
import traceback
import types
from collections.abc import Iterable
from dataclasses import replace

from understudy.script.formatting import python_literal
from understudy.write import rendering, web_assertions
from understudy.write.change_lines import ChangeLines
from understudy.write.guard import limited
from understudy.write.raised import raised_class, raised_lines
from understudy.write.spelling import imported
from understudy.write.suspicions import suspect
from understudy.write.trials import Expression, Kept
from understudy.write.value_lines import ValueLines

# Classes that anything may raise, so that ruff asks for a part of the message.
_BROAD = (Exception, ValueError, OSError)
_SPECIAL = re.compile(r"[.^$*+?{}\[\]\\|()]")


def asserted(kept: Kept) -> Kept:
    """Return a kept trial with the lines that assert what was the same in all observations."""
    suspected = suspect(kept)
    if suspected is not None:
        reason, lines, imports = suspected
        return replace(kept, suspicion=reason, assertions=lines, imports=imports)
    proposed, known = _lines(kept)
    if kept.observed[0].raised is not None and _match(kept):
        proposed = [line for line in proposed if not line.startswith("assert str(raised.value)")]
    holding = tuple(line for line in proposed if _holds(kept, line, known))
    used = " ".join(holding)
    needed = tuple(line for line in known if is_used(line, used))
    return replace(kept, assertions=holding, imports=needed)


def asserts(kept: Kept) -> bool:
    """Return whether a test can fail: it asserts something, or expects an exception."""
    is_scripted = any(fixture != "real_postgres" for fixture, _ in kept.trial.target.fixtures)
    raises = kept.observed[0].raised is not None
    return bool(kept.assertions or kept.suspicion or raises or is_scripted or kept.trial.script)


def _lines(kept: Kept) -> tuple[list[str], list[str]]:
    """Return all lines that may assert what was observed, and the imports that they need."""
    values = ValueLines(kept)
    changes = ChangeLines(kept.observed, values)
    first = kept.observed[0]
    lines: list[str] = []
    imports: list[str] = []
    if first.raised is not None:
        found = raised_lines([one.raised for one in kept.observed])
    elif kept.trial.target.layer == "router":
        found = web_assertions.lines(kept)
    else:
        found = (tuple(values.lines(changes.repeated)), ())
        if isinstance(first.answer, Exception):
            lines += found[0]
            found = raised_lines([one.answer for one in kept.observed], "result")
    lines += found[0]
    is_worth_a_line = not lines and first.raised is None
    lines += changes.lines(is_only=is_worth_a_line or web_assertions.refuses_to_write(kept))
    imports += [*found[1], *values.imports]
    return lines, imports


def act(kept: Kept) -> list[str]:
    """Return the lines that make the call of a kept trial, for its assertions."""
    asserts = "\n".join(kept.assertions)
    name = "response" if kept.trial.target.layer == "router" else "result"
    raised = _raises(kept)
    is_named = raised is None and _mentions(asserts, name)
    lines = rendering.act(kept.trial, name if is_named else "")
    if raised is None or _is_raised_after(kept):
        lines += kept.trial.target.after
    managers = ["real_postgres.changes() as changes"] if _mentions(asserts, "changes") else []
    if raised is not None:
        variable = " as raised" if _mentions(asserts, "raised") else ""
        managers.append(f"pytest.raises({raised.text}{_match(kept)}){variable}")
    if not managers:
        return lines
    return [f"with {', '.join(managers)}:", *(f"    {line}" for line in lines)]


def _is_raised_after(kept: Kept) -> bool:
    """Return whether what follows the call has raised, such as the COMMIT of a session."""
    error = kept.observed[0].raised
    frames = traceback.walk_tb(error.__traceback__ if error is not None else None)
    files = [frame.f_code.co_filename for frame, _ in frames]
    return bool(files) and kept.trial.target.file not in files


def imports_of_act(kept: Kept) -> set[str]:
    """Return the import lines that the call needs, besides those of its trial."""
    raised = _raises(kept)
    imports = set() if raised is None else {"import pytest", *raised.imports}
    return imports | {"import re"} if raised and "re.escape(" in _match(kept) else imports


def _match(kept: Kept) -> str:
    """Return the argument that tells an exception of a broad class by its message; "" if none."""
    errors = [one.raised for one in kept.observed]
    messages = {str(error) for error in errors}
    text = messages.pop()
    if type(errors[0]) not in _BROAD or messages or not text or "\n" in text:
        return ""
    source = python_literal(text)
    return f", match=re.escape({source})" if _SPECIAL.search(text) else f", match={source}"


def _raises(kept: Kept) -> Expression | None:
    """Return the class of the exception that the written test expects; None if none."""
    raised = kept.observed[0].raised if kept.observed else None
    if kept.suspicion and not kept.assertions:
        return Expression("Exception") if raised is None else None
    if raised is None or (kept.suspicion and kept.trial.target.layer == "router"):
        return None
    return raised_class(raised)


def _mentions(text: str, name: str) -> bool:
    return re.search(rf"\b{name}\b", text) is not None


def is_used(line: str, text: str) -> bool:
    """Return whether a text uses a name that an import line binds."""
    if "# noqa: F401" in line:  # a module is imported for what that does, see mapped_classes
        return True
    names = line.rpartition("import ")[2].split(", ")
    return any(_mentions(text, name.partition(" as ")[2] or name) for name in names)


def _holds(kept: Kept, line: str, imports: Iterable[str]) -> bool:
    """Return whether an assertion holds for all observations."""
    namespace = imported([*rendering.imports(kept.trial), *imports])
    for one in kept.observed:
        known = {
            "result": one.answer,
            "response": one.answer,
            "changes": one.changes,
            "raised": types.SimpleNamespace(value=one.raised),
        }
        try:
            with limited():
                exec(line, namespace | known)
        except Exception:  # noqa: BLE001 - then it is not written
            return False
    return True
