"""What is known of a project beyond one file, the cache, and many files at once."""

from __future__ import annotations

import json
import signal
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import pytest

from understudy.lint import engine, runner
from understudy.lint.cache import Cache
from understudy.lint.engine import Engine
from understudy.lint.finding import LintError, UnknownRule
from understudy.lint.registry import all_rules, codes_of
from understudy.lint.rule import GROUPS
from understudy.lint.runner import run
from understudy.lint.settings import LintSettings, codes_on
from understudy.project import files, pytest_config
from understudy.project.async_runners import Runners
from understudy.project.scopes import Class, Function
from understudy.project.sources import Project

from .projects import write

TEST = "async def test_it():\n    assert 1\n"


@pytest.mark.parametrize("name", ["pytest.toml", ".pytest.toml"])
def test_pytests_own_toml_file_is_read(name: str, tmp_path: Path) -> None:
    write(tmp_path, {name: "[pytest]\nasyncio_mode = 'auto'\n", "test_a.py": TEST})

    assert Engine(["UND001"]).check(tmp_path / "test_a.py").findings == ()


def test_names_of_tests_are_configured(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "pytest.ini": "[pytest]\npython_files = check_*.py\npython_classes = *Suite\n"
            "python_functions = it_*\n",
            "check_a.py": "async def it_is(): assert 1\n"
            "class OurSuite:\n    async def it_is(self): assert 1\n"
            "async def test_a(): assert 1\n",
        },
    )

    checked = Engine(["UND001"]).check(tmp_path / "check_a.py")

    assert [finding.line for finding in checked.findings] == [1, 3]


def test_the_nearest_configuration_counts(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "pytest.ini": "[pytest]\nasyncio_mode = auto\n",
            "a/tests/test_it.py": TEST,
            "b/pyproject.toml": "[tool.pytest.ini_options]\n",
            "b/tests/test_it.py": TEST,
        },
    )
    engine = Engine(["UND001"])

    found = [len(engine.check(tmp_path / name / "tests/test_it.py").findings) for name in "ab"]

    assert found == [0, 1]


def test_a_project_ends_at_its_repository(tmp_path: Path) -> None:
    write(tmp_path, {"pytest.ini": "[pytest]\n", "own/.git/HEAD": "", "own/tests/test_it.py": TEST})

    assert files.root_of(tmp_path / "own" / "tests", {}) == tmp_path / "own"


def test_names_are_followed_through_imports(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "pytest.ini": "[pytest]\npythonpath = lib\n",
            "src/app/__init__.py": "from .users import *\nfrom app.users import DAO as Users\n",
            "src/app/users.py": "class Base:\n    def get(self): pass\n"
            "class DAO(Base): pass\ndef fetch(): pass\nalias = DAO\n",
            "lib/tools.py": "from elsewhere import other\nimport loop\n",
            "lib/loop.py": "from tools import a\n",
            "tests/helpers.py": "def helper(): pass\n",
            "tests/test_it.py": "",
        },
    )
    project = Project(tmp_path)
    seen_from = project.load(tmp_path / "tests/test_it.py")

    def path(dotted: str) -> str | None:
        found = project.find(dotted, seen_from)
        return found.path if isinstance(found, Function | Class) else None

    assert path("app.fetch") == "fetch"
    assert path("app.Users.get") == "Base.get"
    assert path("app.users.alias.get") == "Base.get"
    assert path("helpers.helper") == "helper"
    assert path("tools.other") is None
    assert path("loop.a") is None
    assert path("app.users.fetch.more") is None
    assert path("app..users") is None
    assert project.find("nowhere.at.all") is None
    assert project.find(None) is None


def test_relative_imports(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "pytest.ini": "[pytest]\n",
            "tests/__init__.py": "from . import deep\n",
            "tests/deep/__init__.py": "",
            "tests/deep/test_it.py": "from .helpers import a\nfrom ..other import b\n"
            "from .. import c\n",
        },
    )
    project = Project(tmp_path)

    assert project.load(tmp_path / "tests/deep/test_it.py").imports == {
        "a": "tests.deep.helpers.a",
        "b": "tests.other.b",
        "c": "tests.c",
    }
    assert project.load(tmp_path / "tests/__init__.py").imports == {"deep": "tests.deep"}


def test_a_module_that_cannot_be_parsed_is_ignored(tmp_path: Path) -> None:
    write(tmp_path, {"pytest.ini": "[pytest]\n", "app.py": "x = ("})

    assert Project(tmp_path).find("app.x") is None


def test_runners_of_async_tests_are_read_from_the_projects_files(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "uv.lock": '[[package]]\nname = "pytest-asyncio"\nversion = "1.2.0"\n',
            ".github/workflows/ci.yml": "run: pytest --asyncio-mode=auto\n",
            "requirements/test.txt": "pytest-aiohttp\n",
            "requirements.txt": "anyio\n",
        },
    )

    runners = Runners(tmp_path, pytest_config.PytestConfig(), lambda path: None)

    assert runners.asyncio_auto
    assert runners.others
    assert runners.only_anyio
    assert not runners.asyncio_before_1
    assert not runners.anyio_auto


@pytest.mark.parametrize(
    ("text", "before"),
    [
        ("pytest-asyncio==0.23.8", True),
        ('pytest-asyncio = "^0.21"', True),
        ('"pytest-asyncio>=0.23,<1"', True),
        ("pytest-asyncio>=1.0", False),
        ("pytest-asyncio", False),
        ("pytest-asyncio==1.1.0", False),
    ],
)
def test_an_old_pytest_asyncio_is_recognised(text: str, before: bool, tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text(f"{text}\n")

    runners = Runners(tmp_path, pytest_config.PytestConfig(), lambda path: None)

    assert runners.asyncio_before_1 is before


@pytest.mark.parametrize(
    ("selector", "codes"),
    [
        ("UND001", ("UND001",)),
        ("und001", ("UND001",)),
        ("missing-marker", ("UND001",)),
        ("UND10", ("UND101", "UND102", "UND103")),
    ],
)
def test_selectors(selector: str, codes: tuple[str, ...]) -> None:
    assert codes_of(selector) == codes


def test_groups_and_all() -> None:
    assert set(codes_of("database")) < set(codes_of("ALL"))
    assert codes_on(LintSettings(), None, None) == codes_of("bugs")
    assert codes_on(LintSettings(), "bugs,UND204", "UND0") == ("UND204",)


@pytest.mark.parametrize(
    ("word", "text"),
    [
        (
            "UND999",
            "There is no rule or group called 'UND999'. Did you mean UND209?\n"
            "`understudy explain` lists them.",
        ),
        (
            "entirely other",
            "There is no rule or group called 'entirely other'.\n`understudy explain` lists them.",
        ),
        (
            "mising-marker",
            "There is no rule or group called 'mising-marker'. Did you mean missing-marker?\n"
            "`understudy explain` lists them.",
        ),
    ],
)
def test_a_selector_that_selects_nothing(word: str, text: str) -> None:
    with pytest.raises(UnknownRule) as raised:
        codes_of(word)

    assert str(raised.value) == text


def test_the_sources_say_the_same_of_the_rules_as_the_rules() -> None:
    for code, rule in all_rules().items():
        assert codes_of(rule.name) == (code,)
    for group in GROUPS:
        of_group = [code for code, rule in all_rules().items() if rule.group == group]
        assert list(codes_of(group)) == of_group


def checked(folder: Path, codes: tuple[str, ...] = ("UND001",)) -> tuple[list[int], Cache]:
    cache = Cache(folder / "cache", codes)
    found, trouble = run([folder / "tests/test_it.py"], codes, cache=cache, jobs=1)
    assert trouble is None
    return [finding.line for one in found for finding in one.findings], cache


def test_the_cache_is_used_until_a_file_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, {"pytest.ini": "[pytest]\n", "tests/test_it.py": TEST})
    assert checked(tmp_path)[0] == [1]

    with monkeypatch.context() as patched:
        patched.setattr(engine, "check_files", None)  # not to be called
        assert checked(tmp_path)[0] == [1]

    (tmp_path / "tests/test_it.py").write_text("\n" + TEST)
    assert checked(tmp_path)[0] == [2]


@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        ("pytest.ini", "[pytest]\nasyncio_mode = auto\n", []),
        ("tests/conftest.py", "def pytest_collection_modifyitems(items): pass\n", []),
        ("Makefile", "test:\n\tpytest --asyncio-mode=auto\n", []),
        ("tests/other.py", "x = 1\n", [1]),
    ],
)
def test_a_changed_dependency_invalidates_the_cache(
    name: str, text: str, found: list[int], tmp_path: Path
) -> None:
    write(tmp_path, {"pytest.ini": "[pytest]\n", "tests/test_it.py": TEST})
    assert checked(tmp_path)[0] == [1]

    (tmp_path / name).write_text(text)

    assert checked(tmp_path)[0] == found


def test_problems_are_kept_as_well(tmp_path: Path) -> None:
    write(tmp_path, {"pytest.ini": "[pytest]\n", "tests/test_it.py": "x = ("})

    for _ in range(2):
        cache = Cache(tmp_path / "cache", ("UND001",))
        [one], _ = run([tmp_path / "tests/test_it.py"], ("UND001",), cache=cache, jobs=1)
        assert one.problem is not None
        assert one.problem.reason.endswith("'(' was never closed")


@pytest.mark.parametrize("content", ["", "[]", '{"key": 1}', "\0"])
def test_a_broken_cache_is_rewritten(content: str, tmp_path: Path) -> None:
    write(tmp_path, {"pytest.ini": "[pytest]\n", "tests/test_it.py": TEST})
    checked(tmp_path)
    (tmp_path / "cache/lint.json").write_text(content)

    found, cache = checked(tmp_path)

    assert found == [1]
    assert json.loads(cache.file.read_text())["files"]


def test_other_rules_do_not_share_the_cache(tmp_path: Path) -> None:
    write(tmp_path, {"pytest.ini": "[pytest]\n", "tests/test_it.py": TEST})
    checked(tmp_path)

    assert checked(tmp_path, ("UND004",))[0] == []


def test_deleted_files_leave_the_cache(tmp_path: Path) -> None:
    write(tmp_path, {"pytest.ini": "[pytest]\n", "tests/test_it.py": TEST, "tests/test_b.py": TEST})
    run([tmp_path / "tests/test_b.py"], ("UND001",), cache=Cache(tmp_path / "cache", ("UND001",)))
    (tmp_path / "tests/test_b.py").unlink()

    _, cache = checked(tmp_path)

    assert list(json.loads(cache.file.read_text())["files"]) == [str(tmp_path / "tests/test_it.py")]
    assert (tmp_path / "cache/.gitignore").read_text() == "*\n"


def test_a_cache_that_cannot_be_written_loses_nothing(tmp_path: Path) -> None:
    write(tmp_path, {"pytest.ini": "[pytest]\n", "tests/test_it.py": TEST, "cache": "a file"})
    cache = Cache(tmp_path / "cache", ("UND001",))

    found, trouble = run([tmp_path / "tests/test_it.py"], ("UND001",), cache=cache, jobs=1)

    assert [finding.line for one in found for finding in one.findings] == [1]
    assert isinstance(trouble, OSError)


def test_progress_is_reported_after_each_part(tmp_path: Path) -> None:
    write(tmp_path, {"pytest.ini": "[pytest]\n", **{f"test_{n}.py": TEST for n in range(45)}})
    told: list[tuple[int, int]] = []

    run(
        sorted(tmp_path.glob("*.py")),
        ("UND001",),
        jobs=1,
        progress=lambda done, total: told.append((done, total)),
    )

    assert told == [(20, 45), (40, 45), (45, 45)]


def test_several_processes_find_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "_WORTH_A_PROCESS", 10)
    write(tmp_path, {"pytest.ini": "[pytest]\n", **{f"test_{n}.py": TEST for n in range(9)}})
    paths = sorted(tmp_path.glob("*.py"))

    several, _ = run(paths, ("UND001",), jobs=2)
    alone, _ = run(paths, ("UND001",), jobs=1)

    assert [file.findings for file in several] == [file.findings for file in alone]
    assert sum(len(file.findings) for file in several) == 9


def test_a_worker_that_dies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Dead:
        def result(self) -> None:
            raise BrokenProcessPool

    monkeypatch.setattr(runner, "_WORTH_A_PROCESS", 10)
    monkeypatch.setattr("concurrent.futures.as_completed", lambda waiting: [Dead()])
    write(tmp_path, {"pytest.ini": "[pytest]\n", "test_a.py": TEST, "test_b.py": TEST})

    with pytest.raises(LintError) as raised:
        run(sorted(tmp_path.glob("*.py")), ("UND001",), jobs=2)

    assert str(raised.value) == (
        "A process that checked files died, perhaps for lack of memory.\n"
        "`understudy lint --jobs 1` checks in one process, file after file."
    )


def test_a_worker_keeps_its_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ignored = []
    monkeypatch.setattr(
        "understudy.lint.engine.signal.signal", lambda *given: ignored.append(given)
    )
    write(tmp_path, {"pytest.ini": "[pytest]\n", "test_a.py": TEST, "test_b.py": "x = 1\n" + TEST})
    engine.begin_worker(["UND001"])

    found = [engine.check_in_worker([str(tmp_path / name)]) for name in ("test_a.py", "test_b.py")]

    assert [[finding.line for finding in one.findings] for [(one, _)] in found] == [[1], [2]]
    assert ignored == [(signal.SIGINT, signal.SIG_IGN)]
