"""The pages of the site: Markdown that GitHub shows as it is, put together by Sphinx.

docs/index.md is the only list of the pages. Each of its sections becomes a part of the navigation,
and the same list, with links to the Markdown, is llms.txt.
"""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path

from docutils.io import StringOutput
from sphinx.application import Sphinx
from sphinx.builders.text import TextBuilder
from sphinx.writers.text import TextWriter

from understudy.cli import skill_folders

ROOT = Path(__file__).parents[1]
INDEX = "index"
_SECTION = re.compile(r"^## (.+)\n\n((?:- .+\n(?: {2}.+\n)*)+)", re.M)
_ENTRY = re.compile(r"^- \[([^\]]+)\]\(([\w./-]+)\.md\)", re.M)
_LINK = re.compile(r"\[([^\]]*)\]\((\.\.?/[^)\s#]+)\)")


def navigation(index: str) -> str:
    """Return the toctrees for the sections of the index: hidden, since their links are shown."""
    trees = []
    for caption, entries in _SECTION.findall(index):
        lines = [f"{title} <{page}>" for title, page in _ENTRY.findall(entries)]
        trees.append("\n".join(["```{toctree}", ":hidden:", f":caption: {caption}", *lines, "```"]))
    return "\n\n".join(trees)


def listed(index: str) -> list[str]:
    """Return the pages that the index lists, in order."""
    return [page for _, entries in _SECTION.findall(index) for _, page in _ENTRY.findall(entries)]


def with_outside_links(text: str, page: Path) -> str:
    """Lead links out of the documentation's folder to the repository, or make them plain text."""

    def replaced(match: re.Match[str]) -> str:
        label, target = match.groups()
        path = os.path.normpath(page.parent / target)
        if Path(path).is_relative_to(ROOT / "docs"):
            return match[0]
        url = _repository()
        return (
            f"[{label}]({url}/tree/HEAD/{Path(path).relative_to(ROOT).as_posix()})"
            if url
            else label
        )

    return _LINK.sub(replaced, text)


def _repository() -> str | None:
    """Return the URL of the repository, if pyproject.toml has one."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    url: str | None = project.get("urls", {}).get("Repository")
    return url


def read(app: Sphinx, docname: str, source: list[str]) -> None:
    """Change the Markdown of a page before it is parsed."""
    text = with_outside_links(source[0], Path(app.env.doc2path(docname)))
    if docname == INDEX:
        text += f"\n{navigation(text)}\n"
    elif docname == "lint":
        text += "\n```{toctree}\n:hidden:\n:glob:\nrules/*\n```\n"
    source[0] = text


def write_for_programs(app: Sphinx, exception: Exception | None) -> None:
    """Write llms.txt and llms-full.txt, and the text of generated pages as their source."""
    if exception is not None or app.builder.name != "html":
        return
    out = Path(app.outdir)
    sources = out / "_sources"
    for docname in app.env.found_docs:
        if docname.startswith("reference/"):
            (sources / f"{docname}.md").write_text(_as_text(app, docname), encoding="utf-8")
    index = (sources / f"{INDEX}.md").read_text(encoding="utf-8")
    short = re.sub(r"^!\[[^\]]*\]\([^)]*\)\n\n", "", index, flags=re.M)
    short = _ENTRY.sub(r"- [\1](_sources/\2.md)", short)
    for name, content in skill_folders.sources().items():
        (out / "skill" / name).parent.mkdir(parents=True, exist_ok=True)
        (out / "skill" / name).write_bytes(content)
    short += "\n## For coding agents\n\n- [The skill](skill/SKILL.md): how to write tests with it\n"
    (out / "llms.txt").write_text(short, encoding="utf-8")
    rules = sorted(page for page in app.env.found_docs if page.startswith("rules/"))
    texts = [
        (sources / f"{page}.md").read_text(encoding="utf-8") for page in [*listed(index), *rules]
    ]
    (out / "llms-full.txt").write_text("\n\n".join([short, *texts]), encoding="utf-8")


def _as_text(app: Sphinx, docname: str) -> str:
    """Return a page as Sphinx's text builder writes it."""
    builder = TextBuilder(app, app.env)
    builder.init()
    output = StringOutput(encoding="unicode")
    TextWriter(builder).write(
        app.env.get_and_resolve_doctree(docname, builder, tags=app.tags), output
    )
    return str(output.destination)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.connect("source-read", read)
    app.connect("build-finished", write_for_programs)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
