"""The documentation's site has every page, lists that are those of the code, no broken link."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from docs import site_commands, site_options, site_pages, site_reference

import understudy
from tests.backend_copy import ROOT
from understudy.lint.registry import all_rules
from understudy.lint.settings import KEYS as LINT_KEYS
from understudy.plugin.settings import KEYS, flag

DOCS = ROOT / "docs"
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "google-chrome", "chrome"))), None)


def build(source: Path, out: Path) -> subprocess.CompletedProcess[str]:
    """Build Markdown with the site's configuration."""
    options = ("--fail-on-warning", "--nitpicky", "--keep-going", "--quiet", "-c", DOCS)
    return subprocess.run(
        [sys.executable, "-m", "sphinx", *options, "-d", out / "doctrees", source, out / "html"],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("site")
    built = build(DOCS, out)
    assert (built.returncode, built.stderr) == (0, "")
    return out / "html"


@pytest.fixture(scope="module")
def objects(site: Path) -> dict[str, set[str]]:
    """What others can link to: names by the type of the object."""
    from sphinx.util.inventory import InventoryFile

    inventory: Any = InventoryFile.loads((site / "objects.inv").read_bytes(), uri="")
    return {kind: set(entries) for kind, entries in inventory.data.items()}


def pages() -> set[str]:
    """Every page but the index."""
    found = {file.relative_to(DOCS).with_suffix("").as_posix() for file in DOCS.rglob("*.md")}
    return found - {"index"}


# What the code has, and docs/configuration.md ------------------------------------------------


def test_each_key_is_explained() -> None:
    assert sorted(site_options.explained_keys()) == sorted(KEYS)


def test_each_flag_without_a_key_is_explained() -> None:
    own = site_options.flags().keys() - {flag(key) for key in KEYS}

    assert sorted(site_options.explained_flags()) == sorted(own)


def test_each_fixture_is_explained_with_its_scope() -> None:
    text = site_options.CONFIGURATION.read_text(encoding="utf-8")
    explained = re.findall(r"^\| `(\w+)` \| (session|function) \|", text, flags=re.M)

    assert sorted(explained) == [(each.name, each.scope) for each in site_reference.fixtures()]


def test_each_page_is_in_the_index() -> None:
    """docs/index.md is the navigation: a page needs a line there."""
    listed = site_pages.listed((DOCS / "index.md").read_text(encoding="utf-8"))

    assert sorted(listed) == sorted(page for page in pages() if not page.startswith("rules/"))


# The lists -----------------------------------------------------------------------------------


def test_the_lists_show_values_conditions_and_effects() -> None:
    assert (
        "{fixture} async_client\n\nScope: function. Value: `httpx.AsyncClient`."
        " It exists if `app` is configured.\n" in site_reference.fixture_list()
    )
    assert (
        "{fixture} fake_postgres\n\nScope: function. Value: {py:class}`~understudy.FakePostgres`.\n"
        in site_reference.fixture_list()
    )
    assert (
        "{confval} real_postgres_env\n\nValue: a table of variables,"
        ' `{DATABASE_URL = "{dsn}"}`; as a flag, `NAME={dsn}`, repeatable\n\n'
        "Sets environment variables that point the app at [real_postgres](../real_postgres.md).\n"
        in site_options.option_list()
    )


def test_the_lists_show_options_and_exit_codes() -> None:
    text = site_commands.command_list()

    assert "{option} -v, --verbose\n" in text
    assert (
        "| `understudy lint` | nothing found | something found |"
        " a file or a setting could not be read |  |\n" in text
    )


def test_the_list_of_failures_leads_to_pages_that_show_them() -> None:
    pages = site_reference.pages_with("WrongEventLoop: ")
    assert pages["loops.md"] == "Use one engine or pool in many tests"
    assert (
        ".. autoexception:: understudy.WrongEventLoop\n   :show-inheritance:\n\n````\n\n"
        "Shown in: " in site_reference.failure_list()
    )


def test_verbs_are_listed_once() -> None:
    lists = [site_reference.verbs(rule) for rule in site_reference._RULES.values()]

    assert {"__call__", "delay", "drops", "optional", "row", "then", "value"} < set(lists[0])
    assert lists[1:3] == [["raises"], ["real"]]
    assert "filled_rows" in lists[3]  # refused there
    assert "returns" in lists[4]


def test_links_out_of_the_folder_are_plain_without_a_repository() -> None:
    text = "the [example](../examples/backend), [a page](lint.md) and [rule](../lint.md)"
    page = DOCS / "rules" / "UND001.md"

    assert site_pages.with_outside_links(text, DOCS / "a.md").startswith("the example, [a page]")
    assert site_pages.with_outside_links("[rule](../lint.md)", page) == "[rule](../lint.md)"


def test_links_out_of_the_folder_lead_to_the_repository(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(site_pages, "_repository", lambda: "https://example.org/understudy")

    assert site_pages.with_outside_links("[it](../examples/backend)", DOCS / "a.md") == (
        "[it](https://example.org/understudy/tree/HEAD/examples/backend)"
    )


# The site ------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_navigation_leads_to_every_page(site: Path) -> None:
    sidebar = (site / "alembic.html").read_text(encoding="utf-8").partition('role="main"')[0]
    linked = set(re.findall(r'href="([\w/-]+)\.html"', sidebar))

    assert pages() - linked - {"alembic"} == set()


@pytest.mark.slow
def test_every_link_leads_to_an_anchor(site: Path) -> None:
    texts = {file: file.read_text(encoding="utf-8") for file in site.rglob("*.html")}
    anchors = {file: set(re.findall(r'\bid="([^"]+)"', text)) for file, text in texts.items()}
    links = [
        (file, *link.partition("#")[::2])
        for file, text in texts.items()
        for link in re.findall(r'\bhref="([^"]*)"', text)
        if "://" not in link
    ]
    broken = []
    for file, path, anchor in links:
        target = (file.parent / path.partition("?")[0]).resolve() if path else file
        if not target.exists() or (anchor and anchor not in anchors[target]):
            broken.append(f"{file.relative_to(site)}: {path}#{anchor}")

    assert len(links) > 5000
    assert broken == []


@pytest.mark.slow
def test_others_can_link_to_what_users_name(objects: dict[str, set[str]]) -> None:
    rules = {name for rule in all_rules().values() for name in (rule.code, rule.name)}
    names = set().union(*(found for kind, found in objects.items() if kind.startswith("py:")))

    assert objects["std:fixture"] == {each.name for each in site_reference.fixtures()}
    assert objects["std:marker"] == {"integration", "understudy"}
    assert objects["std:confval"] == {*KEYS, *(f"lint.{key}" for key in LINT_KEYS)}
    assert objects["std:cmdoption"] >= site_options.flags().keys()
    assert "understudy-lint.--fix" in objects["std:cmdoption"]
    assert objects["std:command"] == site_commands.commands().keys()
    assert objects["std:lint-rule"] == rules
    assert {f"understudy.{name}" for name in understudy.__all__ if name != "ANY"} - names == set()
    assert "understudy.script.statement_rules.StatementRule.filled_row" in names


@pytest.mark.slow
def test_programs_get_every_page_as_markdown(site: Path) -> None:
    short = (site / "llms.txt").read_text(encoding="utf-8")
    full = (site / "llms-full.txt").read_text(encoding="utf-8")
    listed = re.findall(r"\]\((_sources/[\w/-]+\.md)\)", short)

    assert short.startswith("# Understudy\n\n")
    assert set(listed) == {f"_sources/{page}.md" for page in pages() if "rules/" not in page}
    for link in listed:
        assert (site / link).read_text(encoding="utf-8") in full
    assert "- [The skill](skill/SKILL.md)" in short
    assert (site / "skill" / "references" / "faults.md").is_file()
    assert "--understudy-keep-databases\n" in full
    assert "# UND001: missing-marker\n" in full


@pytest.mark.slow
@pytest.mark.parametrize(
    ("link", "warning"),
    [
        ("other.md#nowhere", "local id not found in doc 'other': 'nowhere'"),
        ("missing.md", "cross-reference target not found: 'missing.md'"),
    ],
)
def test_a_broken_link_fails_the_build(tmp_path: Path, link: str, warning: str) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "index.md").write_text(
        f"# A\n\n## Guides\n\n- [B](other.md): [it]({link})\n"
    )
    (tmp_path / "docs" / "other.md").write_text("# B\n\n## Here\n")

    built = build(tmp_path / "docs", tmp_path / "out")

    assert built.returncode == 1
    assert warning in built.stderr


@pytest.mark.slow
def test_a_page_that_is_not_in_the_index_fails_the_build(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "index.md").write_text("# A\n")
    (tmp_path / "docs" / "other.md").write_text("# B\n")

    built = build(tmp_path / "docs", tmp_path / "out")

    assert built.returncode == 1
    assert "other.md: WARNING: document isn't included in any toctree" in built.stderr


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="searching takes a browser: Chromium or Chrome")
def test_search_works_from_files(site: Path, tmp_path: Path) -> None:
    assert CHROMIUM is not None
    options = ("--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=5000")
    page = f"{(site / 'search.html').as_uri()}?q=fake_postgres_env"
    command = [CHROMIUM, *options, f"--user-data-dir={tmp_path}", "--dump-dom", page]
    found = subprocess.run(command, capture_output=True, encoding="utf-8", check=True).stdout

    assert 'href="reference/options.html#confval-fake_postgres_env' in found
    assert 'href="configuration.html' in found
