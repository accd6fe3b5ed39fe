"""Pieces of Markdown for the generated pages."""

from __future__ import annotations

import re


def directive(name: str, argument: str, body: str) -> str:
    """Return a directive of MyST."""
    longest = max((len(fence) for fence in re.findall("`{3,}", body)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}{{{name}}} {argument}\n\n{body.strip()}\n{fence}\n\n"


def sentence(text: str) -> str:
    """Return a text with a capital at the beginning and a full stop."""
    text = escaped(text)
    return f"{text[0].upper()}{text[1:]}{'' if text.endswith('.') else '.'}"


def escaped(text: str) -> str:
    """Escape what Markdown would take for markup; backticks stay."""
    return re.sub(r"([*<>])", r"\\\1", text)


def as_markdown(docstring: str) -> str:
    """Return a Google docstring as Markdown: a section becomes a list."""
    text = re.sub(r"``([^`]+)``", r"`\1`", docstring)
    text = re.sub(r"^(Args|Raises|Returns):\n", r"\1:\n\n", text, flags=re.M)
    return re.sub(r"^    (\S)", r"- \1", text, flags=re.M)
