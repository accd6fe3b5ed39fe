"""The lists of the reference, made from the code: fixtures, verbs, keys, flags, commands, names.

A page of docs/reference has a place for its list, `<!-- generated: fixtures -->` to `<!-- end -->`.
What is between them, GitHub shows; the site has the list instead. The explanations of keys and
flags are those of the tables in docs/configuration.md.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NamedTuple

import click
import pytest

import understudy
from understudy import plugin
from understudy.cli import main
from understudy.fake_postgres.scripted_rules import ServerRule
from understudy.fakes.dummy_methods import MethodRule
from understudy.lint.registry import all_rules
from understudy.lint.settings import KEYS as LINT_KEYS
from understudy.plugin import markers
from understudy.plugin.registration import INTEGRATION, register_fixtures
from understudy.plugin.settings import KEYS, Settings, flag
from understudy.real_postgres.mixed_rules import RealRule
from understudy.script.rules import Rule, StatementRule

if TYPE_CHECKING:
    from docutils import nodes
    from sphinx.application import Sphinx

_KEYS_HEADER = "| key | value | effect |"
FOLDER = Path(__file__).parent
CONFIGURATION = FOLDER / "configuration.md"
_PLACE = re.compile(r"<!-- generated: (\w+) -->.*?<!-- end -->", re.S)
# The rules that `on` returns. One that is a kind of an earlier one shows only its own verbs.
_RULES: dict[str, type[Rule]] = {
    "Rules for statements": StatementRule,
    "On fake_postgres and real_postgres": ServerRule,
    "On real_postgres": RealRule,
    "Rules for the methods of a dummy": MethodRule,
}
# What tests make themselves: only of these is the constructor shown.
_MADE = ("FakeConnection", "FakePool", "FakeRecord", "JsonText")
# What fixtures and fakes hand out, besides public names.
_HANDED_OUT = (
    "understudy.real_postgres.fixture.RealPostgres",
    "understudy.real_postgres.fixture.ClonedPostgres",
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


def directive(name: str, argument: str, body: str) -> str:
    """Return a directive of MyST."""
    longest = max((len(fence) for fence in re.findall("`{3,}", body)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}{{{name}}} {argument}\n\n{body.strip()}\n{fence}\n\n"


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
        scope = f"Scope: {fixture.scope}. Value: `{fixture.value}`.{condition}"
        text += directive("fixture", fixture.name, f"{scope}\n\n{_as_markdown(fixture.text)}")
    return f"## Fixtures\n\n{text}## Markers\n\n{_markers()}"


def _markers() -> str:
    text = ""
    for description in (markers.DESCRIPTION, INTEGRATION):
        signature, _, explanation = description.partition(": ")
        items = "".join(f"- {_escaped(item)}\n" for item in explanation.split("; "))
        body = f"`@pytest.mark.{signature}`\n\n{items}"
        text += directive("marker", signature.partition("(")[0], body)
    return text


# Keys and flags --------------------------------------------------------------------------------


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
        found[name] = Flag(name, shown, _sentence(str(attributes["help"])))
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
        body = f"{_sentence(effect)}\n\n{_option(known.pop(name))}"
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


# Commands --------------------------------------------------------------------------------------


def commands() -> dict[str, tuple[click.Command, click.Context]]:
    """Return every command of `understudy` by its full name."""
    return dict(_commands(main, click.Context(main, info_name="understudy")))


def _commands(
    group: click.Group, context: click.Context
) -> Iterator[tuple[str, tuple[click.Command, click.Context]]]:
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None, name
        own = click.Context(command, info_name=name, parent=context)
        if isinstance(command, click.Group):
            yield from _commands(command, own)
        else:
            yield own.command_path, (command, own)


def exit_codes(command: click.Command) -> dict[str, str]:
    """Return the exit codes of a command, as its help tells them."""
    told = re.search(r"Exit code: (.*?)\.(?:\s|$)", command.epilog or "", re.S)
    text = " ".join(told[1].split()) if told else ""
    return dict(re.findall(r"(\d+) (.+?)(?=, \d+ |$)", text))


def command_list() -> str:
    """Return the commands with their options, and their exit codes."""
    text = ""
    codes = {}
    for name, (command, context) in commands().items():
        if told := exit_codes(command):
            codes[name] = told
        text += f"## {name}\n\n{_command(name, command, context)}"
    columns = sorted(set().union(*codes.values()), key=int)
    text += "## Exit codes\n\n"
    text += f"| command | {' | '.join(columns)} |\n|{'---|' * (len(columns) + 1)}\n"
    for name, told in codes.items():
        cells = [told.get(code, "") for code in columns]
        text += f"| `{name}` | {' | '.join(cells)} |\n"
    return text


def _command(name: str, command: click.Command, context: click.Context) -> str:
    text = directive("command", name, _as_markdown(inspect.cleandoc(command.help or "")))
    pieces = " ".join(command.collect_usage_pieces(context))
    text += f"```console\n$ {name} {pieces}\n```\n\n````{{program}} {name}\n````\n\n"
    for parameter in command.params:
        record = parameter.get_help_record(context)
        if isinstance(parameter, click.Option) and record is not None:
            names, explanation = record
            text += directive("option", names.replace(" / ", ", "), _escaped(explanation))
    for paragraph in re.split(r"\n\n(?:\x08\n)?", (command.epilog or "").removeprefix("\b\n")):
        lines = paragraph.splitlines()
        if lines[:1] == ["Examples:"]:
            text += _examples(lines[1:])
        elif not paragraph.startswith("Exit code: "):
            text += f"{_escaped(' '.join(lines))}\n\n"
    return text


def _examples(lines: list[str]) -> str:
    text = "| example | |\n|---|---|\n"
    for line in lines:
        example, *explanation = re.split(r" {2,}", line.strip().replace("|", r"\|"))
        text += f"| `{example}` | {_escaped(' '.join(explanation))} |\n"
    return f"{text}\n"


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
        if shown := pages_with(name.rpartition(".")[2]):
            links = (f"[{title}](../{page})" for page, title in shown.items())
            text += f"Shown in: {', '.join(links)}.\n\n"
    return text


def pages_with(word: str) -> dict[str, str]:
    """Return the titles of the pages that have a word, by their files."""
    texts = {file.name: file.read_text(encoding="utf-8") for file in sorted(FOLDER.glob("*.md"))}
    return {
        file: text.partition("\n")[0].removeprefix("# ")
        for file, text in texts.items()
        if re.search(rf"\b{word}\b", text)
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


# Texts -----------------------------------------------------------------------------------------


def _sentence(text: str) -> str:
    text = _escaped(text)
    return f"{text[0].upper()}{text[1:]}{'' if text.endswith('.') else '.'}"


def _escaped(text: str) -> str:
    """Escape what Markdown would take for markup; backticks stay."""
    return re.sub(r"([*<>])", r"\\\1", text)


def _as_markdown(docstring: str) -> str:
    """Return a Google docstring as Markdown: a section becomes a list."""
    text = re.sub(r"``([^`]+)``", r"`\1`", docstring)
    text = re.sub(r"^(Args|Raises|Returns):\n", r"\1:\n\n", text, flags=re.M)
    return re.sub(r"^    (\S)", r"- \1", text, flags=re.M)


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
        app.add_object_type(kind, kind, objname=kind, indextemplate=f"pair: %s; {kind}")
    app.connect("source-read", read)
    app.connect("doctree-read", note_rule)
    app.connect("autodoc-process-signature", shorten)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
