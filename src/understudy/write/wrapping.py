"""Long lines of Python, broken at their brackets as Black and ruff do."""

from __future__ import annotations

import io
import re
import tokenize

from understudy.project.ruff import WIDTH

_STEP = "    "
_OPEN, _CLOSE = "([{", ")]}"
# A text without escapes, alone or as the value of a keyword or of a key.
_TEXT = re.compile(r'( *)((?:\w+=|"[^"\\]*": )?)"([^"\\]*)"(,?)')


def wrapped(line: str, width: int = WIDTH) -> list[str]:
    """Return a logical line on several lines if it is longer than `width`.

    What cannot be broken, such as a long string, stays long.
    """
    if len(line) <= width and "\n" not in line:
        return [line]
    margin = line[: len(line) - len(line.lstrip())]
    body = line[len(margin) :]
    if managers := _managers(body):
        inner = [part for one in managers for part in _item(margin, one, width)]
        return [f"{margin}{body.partition('with ')[0]}with (", *inner, f"{margin}):"]
    brackets = _brackets(body)
    # A comprehension is broken if nothing else can be.
    simple = [(a, b) for a, b in brackets if not _is_comprehension(body[a + 1 : b])]
    for opening, closing in dict.fromkeys([*simple, *brackets]):
        head, tail = body[: opening + 1], body[closing:]
        if len(margin) + max(len(head), len(tail)) > width or "\n" in head:
            continue
        if middle := _inside(margin, body[:opening], body[opening + 1 : closing], width):
            return [f"{margin}{head}", *middle, f"{margin}{tail}"]
    for opening, closing in reversed(brackets):  # the first one, and then what follows it
        head, rest = body[: opening + 1], wrapped(f"{margin}{body[closing:]}", width)
        middle = _inside(margin, body[:opening], body[opening + 1 : closing], width)
        if middle and len(rest) > 1 and len(margin) + len(head) <= width and "\n" not in head:
            return [f"{margin}{head}", *middle, *rest]
    return line.split("\n") if "\n" in line else _broken_text(line, width)


def _inside(margin: str, before: str, inside: str, width: int) -> list[str]:
    """Return what stands in brackets on lines of its own; nothing if they are empty.

    Args:
        margin: the margin of the line with the brackets.
        before: what stands before them.
        inside: what stands in them.
        width: how long a line may be.
    """
    items = _items(inside)
    whole = f"{margin}{_STEP}{inside.strip()}"
    if not inside.strip():
        return []
    if _is_comprehension(inside):
        clauses = re.split(r" (?=for |if )", inside, maxsplit=1)
        lines = (f"{margin}{_STEP}{clause}" for clause in clauses)
        return [part for one in lines for part in wrapped(one, width)]
    if len(items) == 1 and _TEXT.fullmatch(whole) and len(whole) > width:
        return _broken_text(whole, width)
    if len(items) == 1 and re.match(r"(async )?def ", before):
        return _item(margin, items[0], width)
    if len(items) == 1 or _is_call_of_one_line(before, whole, width):
        return wrapped(whole, width)
    return [part for item in items for part in _item(margin, item, width)]


def _item(margin: str, item: str, width: int) -> list[str]:
    """Return an element of a collection on lines of its own, with a comma."""
    lines = wrapped(f"{margin}{_STEP}{item.strip()}", width - 1)
    if len(lines) == 1 and len(lines[0]) >= width:
        lines = _broken_text(lines[0], width)
    return [*lines[:-1], f"{lines[-1]},"]


def _broken_text(line: str, width: int) -> list[str]:
    """Return a line that is one long text as texts of several lines, broken at spaces."""
    literal = _TEXT.fullmatch(line)
    if literal is None:
        return [line]
    margin, before, text, comma = literal.groups()
    if before.endswith(": "):
        inner = _broken_text(f'{margin}{_STEP}"{text}"', width)
        return [f"{margin}{before}(", *inner, f"{margin}){comma}"]
    room = width - len(margin) - len(before) - len('"",')
    parts = [""]
    for word in re.split(r"(?<= )", text):
        if len(parts[-1]) + len(word) > room and parts[-1]:
            parts.append("")
            room = width - len(margin) - len('"",')
        parts[-1] += word
    first, *others = (f'"{part}"' for part in parts)
    lines = [f"{margin}{before}{first}", *(f"{margin}{other}" for other in others)]
    return [*lines[:-1], f"{lines[-1]}{comma}"]


def _is_call_of_one_line(before: str, line: str, width: int) -> bool:
    """Whether the arguments of a call fit on one line; a display has one element a line."""
    return before[-1:].isidentifier() and len(line) <= width


def _managers(body: str) -> list[str]:
    """Return the context managers of a `with` that has several."""
    found = re.fullmatch(r"(?:async )?with (.*):", body, re.DOTALL)
    items = _items(found[1]) if found else []
    return items if len(items) > 1 else []


def _is_comprehension(inside: str) -> bool:
    return len(_items(inside)) == 1 and " for " in inside


def _brackets(text: str) -> list[tuple[int, int]]:
    """Return the outermost pairs of brackets, the last one first."""
    found, stack = [], []
    for kind, at in _operators(text):
        if kind in _OPEN:
            stack.append(at)
        elif kind in _CLOSE and stack:
            start = stack.pop()
            if not stack:
                found.append((start, at))
    return found[::-1]


def _items(inside: str) -> list[str]:
    """Return what commas separate at the outermost level."""
    depth, start, found = 0, 0, []
    for kind, at in _operators(inside):
        depth += (kind in _OPEN) - (kind in _CLOSE)
        if kind == "," and depth == 0:
            found.append(inside[start:at])
            start = at + 1
    return [item for item in [*found, inside[start:]] if item.strip()]


def _operators(text: str) -> list[tuple[str, int]]:
    """Return the brackets and commas outside of strings, with their places."""
    starts = [0]
    for part in text.splitlines(keepends=True):
        starts.append(starts[-1] + len(part))
    found = []
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.OP and token.string in "()[]{},":
                found.append((token.string, starts[token.start[0] - 1] + token.start[1]))
    except (tokenize.TokenError, IndentationError):  # the text is a part of a statement
        pass
    return found
