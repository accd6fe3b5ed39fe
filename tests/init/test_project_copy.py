"""The copy that a project runs in, and the questions that are asked there."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import pytest
from pydantic import BaseModel, Field

from understudy.init import InitError, look, make_plan, probe, saving
from understudy.init.configuration import configuration
from understudy.init.project_copy import Copy, Report, copied
from understudy.init.questions import decide
from understudy.init.verify_examples import Verification, verify
from understudy.project import pytest_process

from .projects import write


def test_what_is_copied(tmp_path: Path) -> None:
    project = write(
        tmp_path / "project",
        {
            "a.py": "",
            ".env": "A=1\n",
            ".hidden/b.py": "",
            "venv/pyvenv.cfg": "",
            "node_modules/c.js": "",
            "__pycache__/d.pyc": "",
        },
    )
    (tmp_path / ".env").write_text("OUTER=1\n")
    (project / "link").symlink_to("a.py")
    os.mkfifo(project / "pipe")
    with (project / "model.bin").open("wb") as file:
        file.truncate(10_000_001)

    with copied(project, 10) as copy:
        kept = copy.root
        assert sorted(path.name for path in kept.iterdir()) == [".env", "a.py", "link", "model.bin"]
        assert (kept / "model.bin").readlink() == project / "model.bin"
        assert not (kept / "a.py").is_symlink()
        assert (kept / "link").readlink() == Path("a.py")
        assert (kept.parent / ".env").read_text() == "OUTER=1\n"
    assert not kept.parent.exists()


def test_a_project_that_cannot_be_copied(tmp_path: Path) -> None:
    place = tmp_path / "place"
    (place / "project").mkdir(parents=True)
    project = write(tmp_path / "project", {"a.py": ""})

    with pytest.raises(InitError) as raised:
        Copy(project, place, 1)

    assert str(raised.value).startswith(f"{project} cannot be copied to try the tests: ")
    assert str(raised.value).endswith(
        "\nNothing was written. To skip trying them: understudy init --no-run"
    )


def test_a_run_says_what_failed_and_where(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = write(
        tmp_path / "project",
        {
            "test_a.py": """
                import os


                def test_a():
                    raise LookupError(os.environ["PYTHONPATH"])
            """,
            "test_b.py": "import missing_module\n",
        },
    )
    monkeypatch.setenv("PYTHONPATH", f"{project}/lib")
    monkeypatch.setenv("PYTEST_ADDOPTS", "--no-such-option")

    with copied(project, 300) as copy:
        report = copy.pytest(["--continue-on-collection-errors", "test_a.py", "test_b.py"], {})

        assert report.ended
        # the project's own paths are those of the copy there
        assert {test["file"]: (test["passed"], test["error"]) for test in report.of("test")} == {
            "test_a.py": (False, f"LookupError: {copy.root}/lib (at test_a.py:5)"),
            "test_b.py": (False, "ModuleNotFoundError: No module named 'missing_module'"),
        }
        assert report.last == "test_a.py::test_a"


# The schema


PROJECT = {
    "main.py": "from fastapi import FastAPI\n\napp = FastAPI()\n",
    "schema.sql": "CREATE TABLE t (id int);\n",
    "models.py": "import sqlmodel\n\n\nclass A(sqlmodel.SQLModel, table=True):\n    id: int\n",
    "requirements.txt": "asyncpg\n",
}
PROBLEM = "SQL, 1 file with CREATE TABLE (schema.sql:1) could not be loaded:\nno"


def test_where_a_schema_does_not_load_the_next_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trials = [Verification(schema_problem=PROBLEM), Verification()]
    monkeypatch.setattr("understudy.init.plan.verify", lambda *_: trials.pop(0))
    findings = look(write(tmp_path, PROJECT))

    said: list[str] = []

    plan = make_plan(findings, decide(findings, {}), timeout=1, say=said.append)

    assert said == [
        "The schema could not be loaded. Trying sqlmodel.SQLModel.metadata, tables in 1 module "
        "(models.py:4):"
    ]
    assert plan.notes == [
        f"{PROBLEM}\nThe schema comes from sqlmodel.SQLModel.metadata, tables in 1 module "
        "(models.py:4) instead."
    ]
    assert plan.questions == []
    written = {change.path.name: change.after for change in plan.changes}
    assert 'schema = "tests.schema:create"\n' in written["pyproject.toml"]
    assert "SQLModel.metadata.create_all(engine)\n" in written["schema.py"]


def test_where_no_schema_loads_the_last_reason_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trials = [Verification(schema_problem=PROBLEM), Verification(schema_problem="nor that")]
    monkeypatch.setattr("understudy.init.plan.verify", lambda *_: trials.pop(0))
    findings = look(write(tmp_path, PROJECT))

    plan = make_plan(findings, decide(findings, {}), timeout=1, say=print)

    assert [(question.key, question.reason) for question in plan.questions] == [
        ("schema", "nor that")
    ]
    assert "schema.py" not in {change.path.name for change in plan.changes}


# What the probe asks


class Plain(BaseModel):
    number: int = Field(ge=3)
    text: str


class Keyed(BaseModel):
    key: UUID | None = None
    size: float = 1


class Anything(BaseModel):
    thing: Any = None


@pytest.mark.parametrize(
    ("model", "bad", "constrained", "rejected"),
    [
        (Plain, {"number": 2}, True, {"number": "greater_than_equal", "text": "missing"}),
        (Keyed, {"key": "no uuid"}, True, {"key": "uuid_parsing"}),
        (Anything, {}, False, {}),
    ],
)
def test_a_model_that_rejects_input(
    model: type[BaseModel], bad: object, constrained: bool, rejected: object
) -> None:
    assert probe._model(__name__, model.__name__) == {
        "kind": "model",
        "module": __name__,
        "name": model.__name__,
        "error": None,
        "first": None,
        "method": "model_validate",
        "bad": bad,
        "constrained": constrained,
        "rejected": rejected,
    }


@pytest.mark.parametrize(
    ("schema", "bad"),
    [
        ({"type": "string", "minLength": 1}, ("", True)),
        ({"type": "string", "format": "uuid"}, ("no uuid", True)),
        ({"type": "string"}, (None, False)),
        ({"type": "integer", "exclusiveMinimum": 0}, (-1, True)),
        ({"type": "number"}, ("no number", False)),
        ({"anyOf": [{"type": "null"}, {"type": "integer"}]}, ("no number", False)),
    ],
)
def test_a_value_that_is_bad(schema: dict[str, Any], bad: tuple[object, bool]) -> None:
    assert probe._bad_for(schema) == bad


def test_a_model_that_does_not_import() -> None:
    assert probe._model("no.such.module", "A")["error"] == (
        "ModuleNotFoundError: No module named 'no'"
    )


def test_an_app_and_its_routes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(
        tmp_path,
        {
            "probed_app.py": """
                from fastapi import APIRouter, FastAPI

                app = FastAPI()
                router = APIRouter(prefix="/notes")


                @router.get("/{note_id}")
                def note(note_id: int, verbose: bool = False): ...


                app.include_router(router)
            """,
            "probed_broken.py": "raise SystemExit",
        },
    )
    monkeypatch.syspath_prepend(str(tmp_path))

    answer = probe._app("probed_app:app", tmp_path)
    broken = probe._app("probed_broken:app", tmp_path)

    sys.modules.pop("probed_app")
    assert answer["error"] is None
    assert [route for route in answer["routes"] if route["module"] == "probed_app"] == [
        {
            "path": "/notes/{note_id}",
            "method": "get",
            "module": "probed_app",
            "function": "note",
            "needs": ["note_id"],
            "responses": ["200"],
        }
    ]
    assert (broken["error"], broken["routes"]) == (
        "The app 'probed_broken:app' cannot be loaded: importing 'probed_broken' raised\n"
        "  SystemExit\n"
        "  at probed_broken.py:1",
        [],
    )


class Sent(NamedTuple):
    scripted: str
    parameters: list[object]


class Fake:
    """The part of `fake_postgres` that a recording uses; the whole runs use the real one."""

    calls = (Sent("SELECT 1", [7, None, "it's", UUID(int=9), date(2026, 1, 2)]),)

    def on(self, _: object) -> Fake:
        return self

    def optional(self) -> None: ...


def test_a_recording(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "out"
    monkeypatch.setenv(pytest_process.ANSWERS_VARIABLE, str(out))

    with probe.recording(Fake(), 1) as record:
        record.answer = []
    with probe.recording(Fake(), 2):
        raise LookupError("nothing\nmore")

    first, second = [json.loads(line) for line in out.read_text().splitlines()]
    assert first == {
        "kind": "sent",
        "number": 1,
        "calls": [["SELECT 1", ["7", "None", '"it\'s"', "UUID(int=9)", "ANY"]]],
        "answer": "[]",
        "raised": None,
    }
    assert second["raised"] == ["builtins", "LookupError", "LookupError: nothing"]


@pytest.mark.parametrize(
    ("statement", "is_answered"),
    [
        ("SELECT a FROM b", True),
        ("with a as (select 1) select 2", True),
        ("INSERT INTO versions VALUES (1)", True),
        ("BEGIN", False),
        ("select pg_catalog.version()", False),
        ("SELECT t.oid FROM pg_type t", False),
    ],
)
def test_what_a_recording_answers(statement: str, is_answered: bool) -> None:
    assert (probe._STATEMENTS.search(statement) is not None) is is_answered


# Reasons, where the trial itself does not get far


class Ran:
    """A copy in which pytest has the given reports."""

    timeout = 9

    def __init__(self, root: Path, *reports: Report) -> None:
        self.root = root
        self._reports = list(reports)

    def write(self, file: Path, text: str) -> None: ...

    def write_all(self, files: object) -> None: ...

    def ask(self, folder: Path, request: object) -> Report:
        return self.pytest((), request)

    def pytest(self, arguments: object, request: object) -> Report:
        return self._reports.pop(0)


WITH_LAYERS = {
    **PROJECT,
    "main.py": """
        from fastapi import FastAPI
        from pydantic import BaseModel

        app = FastAPI()


        class In(BaseModel):
            a: int


        class NoteRepo:
            def get(self, conn): ...


        @app.get("/")
        def index(): ...
    """,
}
FAILED = "E   ImportError: no\nFor further information visit https://example.com\n"


@pytest.mark.parametrize(
    ("reports", "reasons", "problem", "untried"),
    [
        # it hangs while the schema is loaded, and then writes nothing
        (
            [
                Report([{"kind": "begin", "what": "the schema"}], False, "", 9),
            ],
            dict.fromkeys(["router", "dao", "dto"], "did not end within 9 s, at the schema"),
            "SQL, 1 file with CREATE TABLE (schema.sql:1) was not loaded within 9 s.",
            "did not end within 9 s, at the schema",
        ),
        # pytest ends before it asks anything, and so do the recordings
        (
            [Report([], True, FAILED, 9), Report([], True, "", 9)],
            {"router": "ImportError: no", "dao": "pytest printed nothing",
             "dto": "ImportError: no"},
            None,
            "ImportError: no",
        ),
        # everything imports, and then the examples hang
        (
            [
                Report(
                    [
                        {"kind": "app", "error": None, "routes": []},
                        {"kind": "model", "error": None, "module": "main", "name": "In",
                         "rejected": {"a": "missing"}, "method": "model_validate", "bad": {},
                         "constrained": False, "first": None},
                        {"kind": "schema", "error": None},
                    ],
                    True,
                    "",
                    9,
                ),
                Report([], False, "", 9),
            ],
            {
                "router": "no route answers unless something is started, and the app's OpenAPI "
                "schema describes none of the routes that were found",
                "dao": "did not end within 9 s, at the start of pytest",
                "dto": "did not end within 9 s, at the start of pytest",
            },
            None,
            None,
        ),
    ],
    ids=["the schema hangs", "nothing imports", "the examples hang"],
)  # fmt: skip
def test_why_there_is_no_example(
    tmp_path: Path,
    reports: list[Report],
    reasons: dict[str, str],
    problem: str | None,
    untried: str | None,
) -> None:
    findings = look(write(tmp_path, WITH_LAYERS))
    decisions = decide(findings, {})
    config = configuration(findings, decisions)
    copy: Any = Ran(tmp_path, *reports)

    trial = verify(findings, decisions, config, ["router", "dao", "dto"], copy, print)

    assert trial == Verification({}, reasons, problem, untried)


def test_an_app_that_is_not_chosen_has_no_example(tmp_path: Path) -> None:
    findings = look(write(tmp_path, WITH_LAYERS))
    decisions = replace(decide(findings, {}), app=None, schema=None)
    copy: Any = Ran(tmp_path, Report([], True, "", 9))

    trial = verify(findings, decisions, configuration(findings, decisions), ["router"], copy, print)

    assert trial.reasons == {"router": "the app is not chosen yet"}


# Writing


def test_folders_that_were_made_are_taken_away(tmp_path: Path) -> None:
    (tmp_path / "b").write_text("in the way")
    changes = [
        saving.Change(tmp_path / "a" / "deep" / "file", None, "new"),
        saving.Change(tmp_path / "b" / "c" / "file", None, "new"),
    ]

    with pytest.raises((InitError, NotADirectoryError)):
        saving.save(changes)

    assert [path.name for path in tmp_path.iterdir()] == ["b"]


def test_a_folder_that_cannot_be_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make = Path.mkdir

    def fails_below(self: Path, *arguments: Any, **options: Any) -> None:
        if self.name == "b":
            raise PermissionError(13, "Permission denied", str(self))
        make(self, *arguments, **options)

    monkeypatch.setattr(Path, "mkdir", fails_below)

    with pytest.raises(InitError) as raised:
        saving.save([saving.Change(tmp_path / "a" / "b" / "file", None, "new")])

    assert (
        str(raised.value) == f"Cannot write {tmp_path}/a/b: Permission denied. Nothing was changed."
    )
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_finished_is_not_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)

    with pytest.raises(InitError):
        saving.save([saving.Change(tmp_path / "file", None, "new")])

    assert list(tmp_path.iterdir()) == []


def test_what_others_put_into_a_folder_meanwhile_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace = Path.replace

    def fails_late(self: Path, target: Path) -> Path:
        if target.name == "second":
            (tmp_path / "a" / "theirs").write_text("theirs")
            raise OSError(28, "No space left on device", str(target))
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", fails_late)
    there = tmp_path / "there"
    there.write_text("as it was")
    there.chmod(0o640)
    changes = [
        saving.Change(there, "as it was", "new"),
        saving.Change(tmp_path / "a" / "second", None, "new"),
    ]

    with pytest.raises(InitError) as raised:
        saving.save(changes)

    assert str(raised.value) == (
        f"Cannot write {tmp_path}/a/second: No space left on device. Nothing was changed."
    )
    assert there.read_text() == "as it was"
    assert there.stat().st_mode & 0o777 == 0o640
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["theirs"]
