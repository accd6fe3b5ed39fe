"""The page in a real browser: what it shows, by keyboard, with axe-core, under its policy."""

from __future__ import annotations

import dataclasses
import json
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.run_report import sample_run
from tests.run_report.chromium import Page, PageError, chromium, program
from understudy.run_report import page as report
from understudy.run_report.page_data import document
from understudy.run_report.records import Record, Statement, Test

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(program() is None, reason="Chromium is not installed"),
]

FAILING = "#/test/tests%2Ftest_users.py%3A%3Atest_a_taken_address_is_a_conflict"
ROUTES = (
    FAILING,
    "#/test/tests%2Ftest_orders.py%3A%3Atest_orders_of_a_user",
    "#/tests",
    "#/statements",
    "#/statement/1",
    "#/statement/4",
    "#/tables",
    "#/table/users",
    "#/summary",
    "#/test/no%20such%20test",
)
# The elements that a person can come to with Tab; the buttons of a radio group count as one.
STOPS = """[...document.querySelectorAll("a[href], button, input, summary, [tabindex='0']")]
    .filter((one) => one.checkVisibility() && (one.type !== "radio" || one.checked))"""


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with chromium(tmp_path_factory.mktemp("profile")) as page:
        yield page


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("small") / "report.html"
    report.write(path, sample_run.small())
    return path


@pytest.fixture
def page(browser: Page) -> Iterator[Page]:
    """The browser at desktop size; nothing that a test does may raise a problem in the page."""
    browser.look()
    browser.problems.clear()
    yield browser
    assert browser.problems == []


def text(page: Page, selector: str) -> list[str]:
    found: list[str] = page.run(
        f"[...document.querySelectorAll({json.dumps(selector)})]"
        ".map((one) => one.textContent.trim())"
    )
    return found


def selected(page: Page) -> list[str]:
    return text(page, "#list [aria-current] .name")


class TestFirstLook:
    def test_the_failing_test_is_open_with_its_reason(self, page: Page, small: Path) -> None:
        page.open(small)

        assert page.run("location.hash") == FAILING
        assert text(page, "#detail h2") == ["test_a_taken_address_is_a_conflict failed"]
        assert text(page, ".headline") == [document(sample_run.small())["tests"][0]["headline"]]

    def test_the_first_error_is_open_and_in_view(self, page: Page, small: Path) -> None:
        page.open(small)

        panel = page.run("document.querySelector('.panel:not([hidden])').innerText")
        assert "23505 duplicate key value violates unique constraint" in panel
        assert "ana@example.com" in panel
        assert "app/dao/users.py:21" in panel
        place = page.run(
            "document.querySelector('.event.statement.bad').getBoundingClientRect().top"
        )
        assert place < 800

    def test_a_run_without_failures_begins_with_the_summary(
        self, page: Page, tmp_path: Path
    ) -> None:
        passed = Test("t.py::test_one", "passed", 0.1, "t.py:1")
        report.write(tmp_path / "r.html", [sample_run.run(), passed, sample_run.summary()])

        page.open(tmp_path / "r.html")

        assert page.run("location.hash") == "#/summary"

    def test_tests_that_failed_in_the_same_way_are_listed(self, page: Page, tmp_path: Path) -> None:
        failed = sample_run.failing_test()
        other = dataclasses.replace(failed, id="t.py::test_other")
        third = dataclasses.replace(failed, id="t.py::test_third", failure="another reason")
        records = [sample_run.run(), *sample_run.users(), failed, other, third]
        report.write(tmp_path / "r.html", [*records, sample_run.summary()])

        page.open(tmp_path / "r.html")

        alike = "1 other test failed in the same way"
        assert text(page, ".failure summary") == ["The whole failure", alike]
        assert text(page, ".failure .links a") == ["t.py::test_other"]

    def test_the_timeline_has_each_event_in_order(self, page: Page, small: Path) -> None:
        page.open(small, FAILING)

        assert text(page, ".event > .row .what") == [
            "CONNECT",
            "INSERT INTO users (email, name) VALUES ($1, $2) RETURNING id",
            "GET /health",
            "POST /users",
            "BEGIN, in transaction 1",
            "SELECT id, email, name, created_at FROM users WHERE email = $1, in transaction 1",
            "INSERT INTO users (email, name) VALUES ($1, $2) RETURNING id, in transaction 1",
            "ROLLBACK, in transaction 1",
            "BEGIN, in transaction 2",
            "faultINSERT INTO audit (event, details) VALUES ('signup', $1), in transaction 2",
            "COMMIT, in transaction 2",
            "ROLLBACK",
        ]
        assert text(page, ".bar.rollback") == ["ROLLBACK"]
        assert text(page, ".bar.commit") == ["COMMIT"]

    def test_the_summary_has_the_lines_and_figures_of_the_terminal(
        self, page: Page, small: Path
    ) -> None:
        summary = sample_run.summary()
        page.open(small, "#/summary")

        assert text(page, ".terminal") == ["\n".join(summary.lines)]
        assert text(page, ".outcomes div") == [
            f"{name}{count}" for name, count in summary.outcomes.items()
        ]
        assert text(page, "h1") == [
            "Understudy: 1 failed, 1 error, 1 passed, 1 skipped, 1 xfailed in 0.73 s"
        ]


RUN = """
from understudy import FakeConnection


def test_one():
    pass


async def test_names():
    conn = FakeConnection()
    conn.on("SELECT name FROM users WHERE boss = $1", 7).rows({"name": "Ana"})
    rows = await conn.fetch("SELECT name FROM users WHERE boss = $1", [7])
    assert rows.result() == []
"""


def test_a_real_run_shows_what_the_terminal_shows(page: Page, pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_it=RUN)
    lines = pytester.runpytest_subprocess(
        "-p", "no:randomly", "-o", "asyncio_mode=auto", "--understudy-html=report.html"
    ).outlines

    page.open(pytester.path / "report.html")
    assert page.run("location.hash") == "#/test/test_it.py%3A%3Atest_names"
    assert text(page, ".headline")[0].splitlines()[:2] == [
        "> assert rows.result() == []",
        "AssertionError: assert [{'name': 'Ana'}] == []",
    ]
    assert text(page, ".event .what") == ["SELECT name FROM users WHERE boss = $1"]
    assert text(page, "h1")[0].startswith("Understudy: 1 failed, 1 passed in ")
    assert "1 failed, 1 passed" in lines[-1]

    page.run("location.hash = '#/summary'; show()")
    begin = next(number for number, line in enumerate(lines) if " understudy " in line) + 1
    end = next(number for number, line in enumerate(lines) if "short test summary" in line)
    assert text(page, ".terminal") == ["\n".join(lines[begin:end])]


class TestKeyboard:
    def test_j_and_k_open_the_next_and_the_previous_test(self, page: Page, small: Path) -> None:
        page.open(small)

        page.press("j")
        page.press("j")
        assert selected(page) == ["TestTotals::test_sums[eur]"]
        page.press("k")
        assert selected(page) == ["test_orders_of_a_user"]

    def test_slash_goes_to_the_filter_and_j_follows_it(self, page: Page, small: Path) -> None:
        page.open(small)

        page.press("/")
        for letter in "later":
            page.press(letter)
        assert text(page, "#list li:not([hidden]) .name") == ["test_later"]
        page.press("Escape", 27)
        page.press("j")
        assert selected(page) == ["test_later"]

    def test_the_keys_can_be_switched_off(self, page: Page, small: Path) -> None:
        page.open(small)
        page.run("document.getElementById('shortcuts').click()")

        page.press("j")

        assert selected(page) == ["test_a_taken_address_is_a_conflict"]

    @pytest.mark.parametrize("route", [FAILING, "#/statement/1", "#/table/users", "#/summary"])
    def test_tab_comes_to_everything_and_the_focus_is_seen(
        self, page: Page, small: Path, route: str
    ) -> None:
        page.open(small, route)
        stops = page.run(
            f"{STOPS}.forEach((one, index) => one.dataset.stop = index), {STOPS}.length"
        )

        reached = []
        for _ in range(stops):
            page.press("Tab", 9)
            reached.append(
                page.run(
                    """(() => {
                        const one = document.activeElement;
                        const mark = one.type === "radio" ? one.nextElementSibling : one;
                        return [Number(one.dataset.stop), getComputedStyle(mark).outlineStyle];
                    })()"""
                )
            )

        assert reached == [[number, "solid"] for number in range(stops)]

    def test_enter_opens_an_event_and_closes_it(self, page: Page, small: Path) -> None:
        page.open(small, FAILING)
        page.run("document.querySelectorAll('button.row')[1].focus()")
        opened = "document.activeElement.getAttribute('aria-expanded')"
        shown = "document.activeElement.nextElementSibling.checkVisibility()"

        before = page.run(opened), page.run(shown)
        page.press("Enter", 13)
        after = page.run(opened), page.run(shown)

        assert (before, after) == (("false", False), ("true", True))


class TestPhone:
    def test_a_test_takes_the_place_of_the_list_and_the_focus(
        self, page: Page, small: Path
    ) -> None:
        page.look(width=390, height=844)
        page.open(small, "#/tests")
        seen = "['#side', '#detail'].map((one) => document.querySelector(one).checkVisibility())"
        before = page.run(seen)

        page.run("document.querySelectorAll('#list a')[1].focus()")
        page.press("Enter", 13)
        page.wait_for("document.body.dataset.pane === 'detail'")

        assert (before, page.run(seen)) == ([True, False], [False, True])
        assert page.run("document.activeElement.id") == "detail"


class TestFilters:
    def test_an_outcome_leaves_its_tests(self, page: Page, small: Path) -> None:
        page.open(small, "#/tests")

        page.run("document.querySelector('#choices input[value=skipped]').click()")

        assert text(page, "#list li:not([hidden]) .name") == ["test_smtp"]

    def test_no_match_is_said(self, page: Page, small: Path) -> None:
        page.open(small, "#/statements")
        page.run("document.getElementById('text').focus()")

        for letter in "zzz":
            page.press(letter)

        assert text(page, "#matches") == ["0 of 4 shown"]

    def test_a_list_of_many_tests_opens_on_request(self, page: Page, tmp_path: Path) -> None:
        path = tmp_path / "report.html"
        records = sample_run.large(tests=400)
        report.write(path, records)
        page.open(path, "#/statement/1")
        senders = next(one for one in document(records)["statements"] if one["id"] == 1)["tests"]
        assert len(senders) > 20

        assert len(text(page, ".links li")) == 20
        page.run("document.querySelector('.links + button').click()")

        assert len(text(page, ".links li")) == len(senders)


def axe() -> str:
    """The source of axe-core."""
    import axe_core_python

    return Path(axe_core_python.__file__).with_name("axe.min.js").read_text(encoding="utf-8")


class TestAccessibility:
    @pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
    @pytest.mark.parametrize("width", [1280, 390])
    def test_axe_finds_nothing(self, page: Page, small: Path, width: int, dark: bool) -> None:
        page.look(width=width, dark=dark)
        source = axe()
        found = []
        for route in ROUTES:
            page.open(small, route)
            page.run(f"{source}; 0")
            page.run("document.querySelectorAll('details').forEach((one) => (one.open = true))")
            found += page.run(
                "axe.run().then(({ violations }) => violations.map(({ id, impact, nodes }) =>"
                "  [location.hash, impact, id, nodes[0].html]))"
            )

        assert found == []

    def test_axe_finds_what_is_wrong(self, page: Page, small: Path) -> None:
        page.open(small)
        page.run(f"{axe()}; document.documentElement.removeAttribute('lang')")

        found = page.run("axe.run().then(({ violations }) => violations.map(({ id }) => id))")

        assert found == ["html-has-lang"]

    @pytest.mark.parametrize("route", ROUTES)
    def test_nothing_is_wider_than_a_phone(self, page: Page, small: Path, route: str) -> None:
        page.look(width=390, height=844)
        page.open(small, route)

        assert page.run("document.documentElement.scrollWidth") == 390

    def test_a_long_statement_is_cut_at_the_end_of_its_column(
        self, page: Page, tmp_path: Path
    ) -> None:
        records = [
            dataclasses.replace(record, sql=record.sql + " AND name <> ''" * 100)
            if isinstance(record, Statement)
            else record
            for record in sample_run.small()
        ]
        report.write(tmp_path / "report.html", records)
        page.open(tmp_path / "report.html", FAILING)

        wider = "(one) => one.scrollWidth - one.clientWidth"
        assert page.run(f"[document.querySelector('#detail')].map({wider})") == [0]

    def test_print_shows_the_test_without_the_frame(self, page: Page, small: Path) -> None:
        page.open(small, FAILING)
        page.look(media="print")

        seen = "(selector) => document.querySelector(selector).checkVisibility()"
        assert page.run(f"['#side', '#views', 'footer'].map({seen})") == [False] * 3
        assert page.run(f"['h1', '.headline', '.chart', '.events'].map({seen})") == [True] * 4


HOSTILE = (
    "<img src=x onerror='hacked=1'></script><script>hacked=1</script><!-- \"'&amp;${1}\u2028\ud800"
)


def hostile(value: Any, path: str, known: dict[str, None]) -> Any:
    """A record in which each free text is hostile, and has the name of its field in it."""
    if isinstance(value, str):
        known[path] = None
        return f"{HOSTILE}{path}."
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        hints = typing.get_type_hints(type(value))
        name = type(value).__name__
        changed = {
            field.name: hostile(getattr(value, field.name), f"{name}.{field.name}", known)
            for field in dataclasses.fields(value)
            if "Literal" not in str(hints[field.name])
        }
        return dataclasses.replace(value, **changed)
    if isinstance(value, (list, tuple)):
        return [hostile(one, path, known) for one in value]
    if isinstance(value, dict):
        # A state has a meaning, and the statement of a mutant is the text of a Statement.
        return {
            key: one
            if key in ("state", "status")
            else hostile(one, "Statement.sql" if key == "statement" else f"{path}.{key}", known)
            for key, one in value.items()
        }
    return value


OPEN_ALL = "document.querySelectorAll('.row[aria-expanded=false]').forEach((one) => one.click())"


class TestHostileTexts:
    def test_each_text_of_the_records_is_shown_as_it_is(self, page: Page, tmp_path: Path) -> None:
        known: dict[str, None] = {}
        records: list[Record] = [hostile(one, "", known) for one in sample_run.small()]
        report.write(tmp_path / "report.html", records)
        page.open(tmp_path / "report.html")
        page.run("document.getElementById('data').remove()")
        shown = ""
        for view in ("tests", "statements", "tables", "summary"):
            page.run(f"location.hash = '#/{view}'; show()")
            shown += page.run("document.body.textContent")
            for _ in text(page, "#list li"):
                page.run(OPEN_ALL)
                shown += page.run("document.getElementById('detail').textContent")
                page.press("j")

        assert page.run("typeof hacked") == "undefined"
        assert page.run("document.querySelectorAll('img, body script:not(#data)').length") == 1
        missing = {name for name in known if f"{name}." not in shown}
        checklist, mutants = "Summary.checklist", "Summary.mutants.files.app/dao/users.py.mutants"
        # The texts of these are shown, not their codes.
        codes = [f"{checklist}.{name}" for name in ("items.item", "items.stage")]
        codes += [f"{checklist}.{name}" for name in ("opinions.item", "opinions.stage")]
        # What is fulfilled needs no evidence, and an opinion is a text with places.
        assert missing == {*codes, f"{mutants}.mutatorName"}


class TestPolicy:
    def test_html_cannot_be_written(self, browser: Page, small: Path) -> None:
        browser.open(small)

        with pytest.raises(PageError, match="TrustedHTML"):
            browser.run("document.body.innerHTML = '<p>'")

    def test_nothing_is_loaded(self, browser: Page, small: Path) -> None:
        browser.open(small)

        with pytest.raises(PageError, match="Failed to fetch"):
            browser.run("fetch('http://127.0.0.1:9/')")

    def test_no_other_script_can_be_added(self, browser: Page, small: Path) -> None:
        browser.open(small)

        with pytest.raises(PageError, match="TrustedScript"):
            browser.run("document.createElement('script').textContent = 'hacked = 1'")
