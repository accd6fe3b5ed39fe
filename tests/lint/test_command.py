"""`understudy lint` and `understudy explain` as they are called."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.cli.conftest import understudy
from understudy.cli import lint as command
from understudy.cli import main
from understudy.lint import check, fixer
from understudy.lint.finding import LintError
from understudy.lint.registry import all_rules
from understudy.lint.rule import GROUPS

from .projects import write

BAD = "async def test_it():\n    assert 1\n"
FIXED = "import pytest\n@pytest.mark.asyncio\nasync def test_it():\n    assert 1\n"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with one finding and one file that does not parse."""
    write(
        tmp_path,
        {
            "pyproject.toml": "[tool.pytest.ini_options]\ntestpaths = ['tests']\n",
            "tests/test_a.py": BAD,
            "tests/test_good.py": "def test_it():\n    assert 1\n",
        },
    )
    monkeypatch.chdir(tmp_path)
    return tmp_path


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments, prog_name="understudy")


FINDING = (
    "tests/test_a.py:1:1: UND001 no plugin runs test_it: it is async and has no asyncio marker\n"
)
HINT = "Why, and what to do instead: understudy explain UND001\n"


def test_findings_are_listed(project: Path) -> None:
    result = invoke("lint")

    assert result.exit_code == 1
    assert result.stdout == (
        f"{FINDING}\nFound 1 problem in 1 file. --fix can fix 1; --diff shows how.\n{HINT}"
    )


def test_a_clean_suite(project: Path) -> None:
    result = invoke("lint", "tests/test_good.py")

    assert (result.exit_code, result.stdout) == (0, "1 file checked, nothing found.\n")


def test_a_file_that_cannot_be_checked(project: Path) -> None:
    (project / "tests/test_b.py").write_text("x = (")

    result = invoke("lint")

    assert result.exit_code == 2
    assert result.stdout == (
        f"{FINDING}"
        "tests/test_b.py: not checked: line 1 is not valid Python: '(' was never closed\n\n"
        f"Found 1 problem in 1 file. --fix can fix 1; --diff shows how.\n{HINT}\n"
        "1 file could not be checked.\n"
    )


def test_nothing_to_check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    result = invoke("lint")

    assert result.exit_code == 2
    assert result.stderr == "Error: There is no Python file below ., so nothing was checked.\n"


def test_a_file_of_the_app_is_not_checked(project: Path) -> None:
    (project / "app.py").write_text("x = 1\n")

    assert invoke("lint", "app.py").exit_code == 0


def test_json(project: Path) -> None:
    result = invoke("lint", "--format", "json", "tests", "nowhere.py")

    assert json.loads(result.stdout) == {
        "files": 2,
        "findings": [
            {
                "path": "tests/test_a.py",
                "line": 1,
                "column": 1,
                "code": "UND001",
                "name": "missing-marker",
                "message": "no plugin runs test_it: it is async and has no asyncio marker",
                "fixable": True,
            }
        ],
        "problems": [
            {"path": "nowhere.py", "reason": "not checked: there is no such file or folder"}
        ],
    }


def test_github(project: Path) -> None:
    (project / "tests/test_b,c.py").write_text("x = (")

    result = invoke("lint", "--format", "github")

    assert result.stdout == (
        "::error file=tests/test_a.py,line=1,col=1,title=UND001 missing-marker::"
        "no plugin runs test_it: it is async and has no asyncio marker\n"
        "::error file=tests/test_b%2Cc.py,title=understudy lint::"
        "not checked: line 1 is not valid Python: '(' was never closed\n"
    )


def test_sarif(project: Path) -> None:
    (project / "tests/test_b.py").write_text("x = (")

    [one] = json.loads(invoke("lint", "--format", "sarif").stdout)["runs"]

    [rule] = one["tool"]["driver"]["rules"]
    assert (rule["id"], rule["shortDescription"]) == ("UND001", {"text": all_rules()["UND001"].why})
    assert one["results"] == [
        {
            "ruleId": "UND001",
            "level": "error",
            "message": {"text": "no plugin runs test_it: it is async and has no asyncio marker"},
            "locations": [
                {
                    "physicalLocation": {
                        "artifactLocation": {"uri": "tests/test_a.py"},
                        "region": {"startLine": 1, "startColumn": 1},
                    }
                }
            ],
        }
    ]
    [invocation] = one["invocations"]
    assert not invocation["executionSuccessful"]
    assert [note["message"]["text"] for note in invocation["toolExecutionNotifications"]] == [
        "not checked: line 1 is not valid Python: '(' was never closed"
    ]


def test_fix_writes_and_checks_again(project: Path) -> None:
    result = invoke("lint", "--fix")

    assert (result.exit_code, result.stderr) == (0, "Fixed 1 problem in 1 file.\n")
    assert result.stdout == "2 files checked, nothing found.\n"
    text = (project / "tests/test_a.py").read_text()
    assert text.replace("\n\n", "\n") == FIXED
    assert invoke("lint", "--fix").stderr == ""
    assert (project / "tests/test_a.py").read_text() == text


def test_diff_changes_nothing(project: Path) -> None:
    result = invoke("lint", "--diff")

    assert (result.exit_code, result.stderr) == (1, "--fix would fix 1 problem in 1 file.\n")
    assert result.stdout.startswith("--- tests/test_a.py\n+++ tests/test_a.py\n@@ -1,2 +1,")
    assert "\n+@pytest.mark.asyncio\n async def test_it():\n" in result.stdout
    assert result.stdout.endswith(f"\n{FINDING}\nFound 1 problem in 1 file.\n{HINT}")
    assert (project / "tests/test_a.py").read_text() == BAD


def test_a_diff_leaves_stdout_to_json(project: Path) -> None:
    result = invoke("lint", "--diff", "--format", "json")

    assert json.loads(result.stdout)["files"] == 2
    assert result.stderr.startswith("--- tests/test_a.py\n")


def test_what_is_ignored_is_not_fixed(project: Path) -> None:
    with (project / "pyproject.toml").open("a") as file:
        file.write("[tool.understudy.lint.per-file-ignores]\n'tests/test_a.py' = ['UND001']\n")

    result = invoke("lint", "--fix")

    assert (result.exit_code, result.stderr) == (0, "")
    assert (project / "tests/test_a.py").read_text() == BAD


def test_a_file_that_cannot_be_written(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(files: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(fixer, "write_files", refuse)

    result = invoke("lint", "--fix")

    assert result.exit_code == 2
    assert (
        "tests/test_a.py: not fixed, the file cannot be written: Permission denied\n"
        in result.stdout
    )
    assert (project / "tests/test_a.py").read_text() == BAD


def test_a_file_that_libcst_cannot_read(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from understudy.lint import rewrites

    def refuse(source: bytes, findings: object) -> bytes:
        raise rewrites.CannotFix("Syntax Error @ 1:1.")

    monkeypatch.setattr(rewrites, "fixed_source", refuse)

    result = invoke("lint", "--fix")

    assert result.exit_code == 2
    assert "tests/test_a.py: not fixed, nothing was changed: Syntax Error @ 1:1.\n" in result.stdout


def test_fix_without_libcst(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fixer.importlib.util, "find_spec", lambda name: None)

    result = invoke("lint", "--fix")

    assert result.exit_code == 2
    assert result.stderr == (
        "Error: --fix and --diff rewrite files with LibCST, which is not installed:\n"
        '  pip install "understudy[lint]"\n'
    )


def test_a_check_imports_no_libcst(project: Path) -> None:
    done = understudy("lint", "tests/test_good.py", cwd=project)

    assert (done.returncode, done.stdout) == (0, "1 file checked, nothing found.\n")
    code = (
        "import sys; from understudy.cli import main\n"
        "try: main(['lint', 'tests'])\n"
        "except SystemExit: print('libcst' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", code], cwd=project, capture_output=True, text=True)
    assert ran.stdout.endswith("\nFalse\n"), ran.stdout + ran.stderr


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        (["--select", "style"], ["UND301", "UND301", "UND302", "UND302"]),
        (["--select", "bugs,UND302"], ["UND001", "UND302", "UND302"]),
        (["--select", "ALL", "--ignore", "style"], ["UND001"]),
        (["--ignore", "UND001"], []),
    ],
)
def test_rules_are_selected_and_ignored(
    arguments: list[str], found: list[str], project: Path
) -> None:
    result = invoke("lint", "--format", "json", *arguments)

    codes = sorted(finding["code"] for finding in json.loads(result.stdout)["findings"])
    assert codes == found


def test_the_project_selects_too(project: Path) -> None:
    with (project / "pyproject.toml").open("a") as file:
        file.write(
            "[tool.understudy.lint]\nselect = ['bugs', 'vague-name']\nignore = ['UND001']\n"
            "exclude = ['tests/test_good.py']\n"
        )

    result = invoke("lint", "--format", "json")

    document = json.loads(result.stdout)
    assert (document["files"], [finding["code"] for finding in document["findings"]]) == (
        1,
        ["UND302"],
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "[tool.understudy.lint]\nslect = []",
            "`slect` in [tool.understudy.lint] of pyproject.toml: there is no such key."
            " Did you mean `select`?\nValid keys: exclude, ignore, per-file-ignores, select.",
        ),
        (
            "[tool.understudy.lint]\nother = []",
            "`other` in [tool.understudy.lint] of pyproject.toml: there is no such key.\n"
            "Valid keys: exclude, ignore, per-file-ignores, select.",
        ),
        (
            "[tool.understudy.lint]\nselect = 'bugs'",
            "`select` in [tool.understudy.lint] of pyproject.toml:"
            " expected a list of strings, not 'bugs'.",
        ),
        (
            "[tool.understudy.lint]\nignore = ['bgs']",
            "`ignore` in [tool.understudy.lint] of pyproject.toml:"
            " There is no rule or group called 'bgs'. Did you mean bugs?\n"
            "`understudy explain` lists them.",
        ),
        (
            "[tool.understudy.lint]\nper-file-ignores = []",
            "`per-file-ignores` in [tool.understudy.lint] of pyproject.toml:"
            " expected a table, not [].",
        ),
        (
            "[tool.understudy]\nlint = 3",
            "`lint` in [tool.understudy] of pyproject.toml: expected a table, not 3.",
        ),
        (
            "[tool.understudy",
            "pyproject.toml: not valid TOML: Expected ']' at the end of a table declaration"
            " (at end of document).",
        ),
    ],
)
def test_bad_settings(text: str, message: str, project: Path) -> None:
    (project / "pyproject.toml").write_text(text)

    result = invoke("lint")

    assert result.exit_code == 2
    assert result.stderr.replace(f"{project}/", "") == f"Error: {message}\n"


def test_a_bad_selector_on_the_command_line(project: Path) -> None:
    result = invoke("lint", "--select", "bgs")

    assert result.exit_code == 2
    assert result.stderr == (
        "Error: --select: There is no rule or group called 'bgs'. Did you mean bugs?\n"
        "`understudy explain` lists them.\n"
    )


def test_settings_are_found_from_a_folder_below(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (project / "pyproject.toml").open("a") as file:
        file.write("[tool.understudy.lint]\nignore = ['UND001']\n")
    monkeypatch.chdir(project / "tests")

    result = invoke("lint")

    assert (result.exit_code, result.stdout) == (0, "2 files checked, nothing found.\n")
    assert (project / ".understudy_cache/lint.json").is_file()


def test_no_cache(project: Path) -> None:
    invoke("lint", "--no-cache")

    assert not (project / ".understudy_cache").exists()


def test_a_cache_that_cannot_be_written(project: Path) -> None:
    (project / ".understudy_cache").touch()

    result = invoke("lint")

    assert result.exit_code == 1
    assert result.stderr.startswith("The cache cannot be written (")
    assert result.stderr.endswith("), so the next run checks every file again.\n")


def test_a_process_that_dies(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def die(*arguments: object, **options: object) -> None:
        raise LintError("dead")

    monkeypatch.setattr(check, "run", die)

    result = invoke("lint")

    assert (result.exit_code, result.stderr) == (2, "Error: dead\n")


def test_an_interrupted_check(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*arguments: object, **options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(check, "run", interrupt)

    result = invoke("lint")

    assert result.exit_code == 130
    assert result.stderr == "\nInterrupted. No file is left half-written.\n"


def test_progress_shows_on_a_terminal_after_a_while(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = 0.0
    monkeypatch.setattr("understudy.cli.lint.time.monotonic", lambda: now)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    show = command._progress()
    assert show is not None

    show(1, 3)
    now = 2.5
    show(2, 3)
    show(3, 3)

    assert capsys.readouterr().err == "\r2 of 3 files checked\r3 of 3 files checked\n"


def test_progress_is_for_terminals() -> None:
    assert command._progress() is None


def test_explain_a_rule() -> None:
    result = invoke("explain", "missing-marker")

    assert result.exit_code == 0
    assert result.stdout.startswith(
        "UND001 missing-marker (group bugs, on by default; --fix fixes it)\n\n"
        f"{all_rules()['UND001'].why}\n"
    )
    assert "\n    async def test_names_are_unique():  # UND001\n" in result.stdout
    assert result.stdout.endswith("\nTo silence one line: # noqa: UND001\n")


def test_explain_a_rule_that_is_off() -> None:
    result = invoke("explain", "UND302")

    assert result.stdout.startswith(
        "UND302 vague-name (group style, switch on: --select style)\n\n"
    )


def test_explain_lists_every_rule() -> None:
    result = invoke("explain")

    assert result.exit_code == 0
    for rule in all_rules().values():
        assert f"  {rule.code}  {rule.name}\n          {rule.why}\n" in result.stdout
    for group, what in GROUPS.items():
        assert f": {what}\n" in result.stdout
        assert f"{group}" in result.stdout
    assert result.stdout.endswith(
        "What ruff finds already is left to it: understudy explain ruff\n"
    )


def test_explain_ruff() -> None:
    result = invoke("explain", "ruff")

    assert result.exit_code == 0
    assert "\n[tool.ruff.lint]\nextend-select = [\n" in result.stdout
    for code in ("T201", "ERA001", "PGH005", "PT"):
        assert f'\n  "{code}",' in result.stdout


def test_explain_an_unknown_rule() -> None:
    result = invoke("explain", "UND9")

    assert (result.exit_code, result.stderr.startswith("Error: There is no rule")) == (2, True)
