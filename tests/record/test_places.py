"""Scripts in the place of `record()`: which calls can be replaced, and what a file looks like."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from understudy.record.calls import NotRecordable
from understudy.record.outcome import Finding, from_plain, plain, settle
from understudy.record.places import Place, Script, place_of, with_scripts

TEST = "def test(db):\n    db.record()\n"


class Database:
    """Notes the places of `record()`, as the fixture does."""

    def __init__(self) -> None:
        self.places: list[Place] = []

    def record(self) -> Database:
        self.places.append(place_of(sys._getframe(1)))
        return self

    def insert(self, *_: object, **__: object) -> Database:
        return self


def places(file: Path, text: str | bytes) -> list[Place]:
    """Run the function `test` of a file, and return the places of `record()`."""
    content = text if isinstance(text, bytes) else text.encode()
    file.write_bytes(content)
    known: dict[str, object] = {}
    exec(compile(content, str(file), "exec"), known)
    database = Database()
    known["test"](database)  # type: ignore[operator] # it is the function
    return database.places


def written(file: Path, text: str | bytes, *scripts: str, imports: tuple[str, ...] = ()) -> bytes:
    found = places(file, text)
    return with_scripts(
        Script(place, script, imports) for place, script in zip(found, scripts, strict=True)
    )


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "test_it.py"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("    db.record()\n", "    one\n    two\n"),
        ("    db.record()", "    one\n    two"),
        ("    db.record()  # why\n    x = 1\n", "    one\n    two  # why\n    x = 1\n"),
        ("\tdb.record()\n", "\tone\n\ttwo\n"),
        ("    db.record().insert('t', a=1).insert('t')\n", "    one\n    two\n"),
        ("    db.record().insert(\n        't',\n    )\n", "    one\n    two\n"),
        ("    (\n        db.record()\n        .insert('t')\n    )\n", "    one\n    two\n"),
        ("    ((db.record()))  # why\n", "    one\n    two  # why\n"),
        ("    if True:\n        db.record()\n", "    if True:\n        one\n        two\n"),
        ("    'é'; x = 1\n    db.record()\n", "    'é'; x = 1\n    one\n    two\n"),
    ],
)
def test_a_script_takes_the_place_of_its_statement(file: Path, before: str, after: str) -> None:
    head = "def test(db):\n"

    assert written(file, head + before, "one\ntwo").decode() == head + after


@pytest.mark.parametrize(
    "body",
    [
        "x = db.record()",
        "if True: db.record()",
        "x = 1; db.record()",
        "db.record(); x = 1",
        "print(db.record())",
        "db.record().places.append(None)",
        "(lambda: db.record())()",
    ],
)
def test_a_call_that_is_no_statement_of_its_own_is_refused(file: Path, body: str) -> None:
    with pytest.raises(NotRecordable) as raised:
        places(file, f"def test(db):\n    {body}\n")

    assert str(raised.value) == (
        "a script takes the place of a statement: of a record() on lines of its own, whose value "
        f"nothing uses\n  at: {file}:2\n"
        'Rows go into the same statement: fake_postgres.record().insert("users", id=7)'
    )


def test_a_call_by_another_name_is_refused(file: Path) -> None:
    with pytest.raises(NotRecordable) as raised:
        places(file, "def test(db):\n    begin = db.record\n    begin()\n")

    assert str(raised.value) == (
        "record() is called by another name, or the file has changed since the run began\n"
        f"  at: {file}:3\nWrite it as fake_postgres.record()."
    )


def test_several_places_of_a_file_are_written_together(file: Path) -> None:
    text = '"""About."""\n\n\ndef test(db):\n    db.record()\n    x = 1\n    db.record()\n'

    assert written(file, text, "one", "two", imports=("import re",)).decode() == (
        '"""About."""\n\nimport re\n\n\ndef test(db):\n    one\n    x = 1\n    two\n'
    )


@pytest.mark.parametrize(
    ("before", "script", "after"),
    [
        (TEST.replace("\n", "\r\n").encode(), "a\nb", b"def test(db):\r\n    a\r\n    b\r\n"),
        (b"\xef\xbb\xbf" + TEST.encode(), "a", b"\xef\xbb\xbfdef test(db):\n    a\n"),
        (
            b"# coding: latin-1\n# \xe9\n" + TEST.encode(),
            '"\xe9"',
            b'# coding: latin-1\n# \xe9\ndef test(db):\n    "\xe9"\n',
        ),
    ],
    ids=["line ends of Windows", "byte order mark", "latin-1"],
)
def test_a_file_keeps_its_encoding_and_its_line_ends(
    file: Path, before: bytes, script: str, after: bytes
) -> None:
    assert written(file, before, script) == after


def test_what_the_encoding_of_a_file_lacks_is_refused(file: Path) -> None:
    with pytest.raises(NotRecordable, match="cannot have the script: 'latin-1' codec can't encode"):
        written(file, b"# coding: latin-1\n" + TEST.encode(), '"\u65e5"')


def test_a_file_that_has_changed_meanwhile_is_left_alone(file: Path) -> None:
    [place] = places(file, TEST)
    file.write_text(f"{TEST}# changed\n", encoding="utf-8")
    files, lines, problems = settle([Finding("test", place, Script(place, "one", ()))])

    assert (files, lines) == ({}, [])
    assert problems == [f"{file} has changed while the tests ran, and was left alone. Record again"]


def test_tests_that_need_the_same_script_share_it(file: Path) -> None:
    [place] = places(file, TEST)
    script = Script(place, "one", ("import re",))
    findings = [Finding("test[1]", place, script), Finding("test[2]", place, script)]
    sent = [from_plain(plain(finding)) for finding in findings]  # by pytest-xdist
    files, lines, problems = settle(sent)

    assert sent == findings
    assert {path: text.decode() for path, text in files.items()} == {
        file: "import re\n\n\ndef test(db):\n    one\n"
    }
    assert lines == [f"{file}: 1 script written"]
    assert problems == []


def test_tests_that_need_different_scripts_get_none(file: Path) -> None:
    [place] = places(file, TEST)
    scripts = [Script(place, text, ()) for text in ("one\ntwo", "one")]
    findings = [Finding(f"test[{number}]", place, one) for number, one in enumerate(scripts)]

    assert settle(findings) == (
        {},
        [],
        [
            f"{file}:2 was left alone: one place has one script, and it was run with several\n"
            "  test[0]\n"
            "    two\n"
            "  test[1]\n"
            "    (nothing)\n"
            "Give each of them a test of its own, with a record() in it."
        ],
    )


def test_a_place_that_a_failed_test_shares_is_left_alone(file: Path) -> None:
    [place] = places(file, TEST)
    failed = Finding("test[2]", place, None)
    findings = [Finding("test[1]", place, Script(place, "one", ())), failed]

    assert settle(findings) == (
        {},
        [],
        [
            f"{file}:2 was left alone: several tests have their script from it, and one has failed"
            "\n"
            "  failed: test[2]"
        ],
    )
    assert settle([failed]) == ({}, [], [])
