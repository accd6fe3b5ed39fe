"""The lists of the reference, made from the code: fixtures, verbs, keys, flags, commands, names.

A page of docs/reference has a place for its list, `<!-- generated: fixtures -->` to `<!-- end -->`.
What is between them, GitHub shows; the site has the list instead.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NamedTuple

import understudy
from docs.site_commands import command_list
from docs.site_markdown import as_markdown, directive, escaped
from docs.site_options import option_list
from understudy.fake_postgres.scripted_rules import ServerRule
from understudy.fakes.dummy_methods import MethodRule
from understudy.lint.registry import all_rules
from understudy.plugin import markers
from understudy.plugin.registration import INTEGRATION, register_fixtures
from understudy.plugin.settings import Settings
from understudy.real_postgres.mixed_rules import RealRule
from understudy.real_sqlite.fixture import SqliteRule
from understudy.script.rules import Rule
from understudy.script.statement_rules import StatementRule

if TYPE_CHECKING:
    from docutils import nodes
    from sphinx.application import Sphinx

FOLDER = Path(__file__).parent
_PLACE = re.compile(r"<!-- generated: (\w+) -->.*?<!-- end -->", re.S)
# The rules that `on` returns. One that is a kind of an earlier one shows only its own verbs.
_RULES: dict[str, type[Rule]] = {
    "Rules for statements": StatementRule,
    "On fake_postgres and real_postgres": ServerRule,
    "On real_postgres": RealRule,
    "On real_sqlite": SqliteRule,
    "Rules for the methods of a dummy": MethodRule,
}
# What tests make themselves: only of these is the constructor shown.
_MADE = ("FakeConnection", "FakePool", "FakeRecord", "JsonText")
# What fixtures and fakes hand out, besides public names.
_HANDED_OUT = (
    "understudy.real_postgres.fixture.RealPostgres",
    "understudy.real_postgres.fixture.ClonedPostgres",
    "understudy.real_sqlite.fixture.RealSqlite",
    "understudy.fake_postgres.fixture.Address",
    "understudy.fake_postgres.connectors.Asyncpg",
    "understudy.fake_postgres.connectors.Psycopg",
    "understudy.fake_postgres.connectors.Psqlpy",
    "understudy.fake_postgres.connectors.Sqlalchemy",
    "understudy.fakes.Dummy",
    "understudy.fakes.FakeCursor",
    "understudy.fakes.FakePreparedStatement",
    "understudy.rows.row.Row",
    "understudy.script.call_log.CallLog",
    "understudy.script.calls.Call",
    "understudy.script.calls.Transaction",
)
_MEMBERS = """\
:members:
:inherited-members: FakePostgres, list, Mapping
:exclude-members: assert_matching, end, fail, facts, failure_if_unmet, line, spot, unread
"""


# Fixtures and markers --------------------------------------------------------------------------


class Fixture(NamedTuple):
    """A fixture, as its plugin registers it."""

    name: str
    scope: str
    value: str
    text: str
    needs_app: bool


def fixtures() -> list[Fixture]:
    """Return the fixtures of a project with an app, in the order of their names."""
    without = {fixture.name for fixture in _registered(None)}
    found = _registered("app.main:app")
    return [fixture._replace(needs_app=fixture.name not in without) for fixture in found]


def _registered(app: str | None) -> list[Fixture]:
    """Return what `register_fixtures` gives to the plugin manager."""
    plugins: list[object] = []
    manager = SimpleNamespace(
        register=lambda module, name: plugins.append(module),
        get_plugin=lambda name: None,
        has_plugin=lambda name: False,
    )
    config: Any = SimpleNamespace(pluginmanager=manager)
    register_fixtures(config, Settings(root=Path(), app=app))
    found = []
    for module in plugins:
        for name, value in inspect.getmembers(module):
            marker = getattr(value, "_fixture_function_marker", None)
            if marker is not None and not name.startswith("_"):
                function = value._get_wrapped_function()
                annotation = str(inspect.signature(function).return_annotation)
                kind = re.sub(r"^Iterator\[(.*)\]$", r"\1", annotation)
                text = inspect.getdoc(function) or ""
                found.append(Fixture(name, str(marker.scope), kind, text, needs_app=False))
    return sorted(found)


def fixture_list() -> str:
    """Return the fixtures and the markers."""
    text = ""
    for fixture in fixtures():
        condition = " It exists if `app` is configured." if fixture.needs_app else ""
        value = " or ".join(map(_linked, fixture.value.split(" | ")))
        scope = f"Scope: {fixture.scope}. Value: {value}.{condition}"
        text += directive("fixture", fixture.name, f"{scope}\n\n{as_markdown(fixture.text)}")
    return f"## Fixtures\n\n{text}## Markers\n\n{_markers()}"


def _linked(kind: str) -> str:
    """Return a type as a link to its description, or as code."""
    for name in (*(f"understudy.{name}" for name in understudy.__all__), *_HANDED_OUT):
        if name.rpartition(".")[2] == kind:
            return f"{{py:class}}`~{name}`"
    return f"`{kind}`"


def _markers() -> str:
    text = ""
    for description in (markers.DESCRIPTION, INTEGRATION):
        signature, _, explanation = description.partition(": ")
        items = "".join(f"- {escaped(item)}\n" for item in explanation.split("; "))
        body = f"`@pytest.mark.{signature}`\n\n{items}"
        text += directive("marker", signature.partition("(")[0], body)
    return text


# Python ----------------------------------------------------------------------------------------


def failures() -> list[str]:
    """Return the public exceptions and warnings, the bases first."""
    found = [name for name in understudy.__all__ if _is_exception(name)]
    return sorted(found, key=lambda name: (len(getattr(understudy, name).__mro__), name))


def _is_exception(name: str) -> bool:
    value = getattr(understudy, name)
    return isinstance(value, type) and issubclass(value, BaseException)


def failure_list() -> str:
    """Return the public exceptions and warnings, each with the pages that show its messages."""
    text = ""
    for name in [*(f"understudy.{name}" for name in failures()), "understudy.rows.RowsError"]:
        text += _autodoc("autoexception", [name], ":show-inheritance:")
        if shown := pages_with(f"{name.rpartition('.')[2]}: "):
            links = (f"[{title}](../{page})" for page, title in shown.items())
            text += f"Shown in: {', '.join(links)}.\n\n"
    return text


def pages_with(beginning: str) -> dict[str, str]:
    """Return the titles of the pages that show a message with this beginning, by their files."""
    texts = {file.name: file.read_text(encoding="utf-8") for file in sorted(FOLDER.glob("*.md"))}
    return {
        file: text.partition("\n")[0].removeprefix("# ")
        for file, text in texts.items()
        if re.search(rf"\b{beginning}", text)
    }


def verb_list() -> str:
    """Return the rules with their verbs."""
    text = ""
    for title, rule in _RULES.items():
        members = f":members: {', '.join(verbs(rule))}"
        text += f"## {title}\n\n"
        text += _autodoc("autoclass", [f"{rule.__module__}.{rule.__name__}"], members)
    return text


def verbs(rule: type[Rule]) -> list[str]:
    """Return the verbs of a rule: what returns the rule again, and the decorator."""
    known = [base for base in _RULES.values() if base is not rule and issubclass(rule, base)]
    found = ["__call__"] if "__call__" in vars(rule) else []
    for name, member in inspect.getmembers(rule):
        function = member.fget if isinstance(member, property) else member
        returned = getattr(function, "__annotations__", {}).get("return")
        is_own = all(getattr(base, name, None) is not member for base in known)
        if returned == "Self" and is_own and not name.startswith("_"):
            found.append(name)
    return found


def name_list() -> str:
    """Return the public names but the exceptions, and what they hand out."""
    text = "## Public names\n\n"
    for name in understudy.__all__:
        if not _is_exception(name) and name != "ANY":
            is_class = isinstance(getattr(understudy, name), type)
            kind = "autoclass" if is_class else "autofunction"
            text += _autodoc(kind, [f"understudy.{name}"], _MEMBERS if is_class else "")
    text += "`ANY` is `unittest.mock.ANY`.\n\n## What fixtures and fakes hand out\n\n"
    others = [name for name in _HANDED_OUT if name.rpartition(".")[2] not in understudy.__all__]
    return text + _autodoc("autoclass", others, _MEMBERS)


def _autodoc(kind: str, names: Iterable[str], options: str) -> str:
    options = "".join(f"   {line}\n" for line in options.splitlines())
    lines = "".join(f".. {kind}:: {name}\n{options}\n" for name in names)
    return f"````{{eval-rst}}\n{lines}````\n\n"


GENERATORS: dict[str, Callable[[], str]] = {
    "commands": command_list,
    "failures": failure_list,
    "fixtures": fixture_list,
    "options": option_list,
    "python": name_list,
    "verbs": verb_list,
}


def read(app: Sphinx, docname: str, source: list[str]) -> None:
    """Put the list of a page in its place."""
    source[0] = _PLACE.sub(lambda place: GENERATORS[place[1]](), source[0])


def shorten(
    app: Sphinx, what: str, name: str, value: object, options: object, arguments: str, result: str
) -> tuple[str, str] | None:
    """Show no private arguments, and none of a class that a test gets and does not make."""
    if what != "class":
        return None
    is_made = name.rpartition(".")[2] in _MADE
    return (re.sub(r", _\w+: [^,)]+", "", arguments) if is_made else ""), result


def note_rule(app: Sphinx, document: nodes.document) -> None:
    """Make the page of a lint rule the target of its code and its name."""
    folder, _, code = app.env.docname.rpartition("/")
    if folder == "rules":
        section = document.children[0]
        for name in (code, all_rules()[code].name):
            app.env.domains.standard_domain.note_object("lint-rule", name, section["ids"][0])


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    for kind in ("fixture", "marker", "command", "lint-rule"):
        app.add_object_type(
            kind, kind, objname=kind.replace("-", " "), indextemplate=f"pair: %s; {kind}"
        )
    app.connect("source-read", read)
    app.connect("doctree-read", note_rule)
    app.connect("autodoc-process-signature", shorten)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
