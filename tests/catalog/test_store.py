"""The catalog file: reading, writing and merging."""

from __future__ import annotations

import gc
import importlib
import json
import os
import stat
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.effort import calls_of
from understudy.catalog import locking, store
from understudy.catalog.description import (
    Column,
    Constraint,
    Description,
    ParsedOnly,
    Refusal,
    SchemaFacts,
    Verdict,
)
from understudy.catalog.errors import CatalogError, CatalogFileError
from understudy.catalog.store import Contents
from understudy.pg.types import TypeFacts

HEADER = '{"understudy": 1, "postgres": 18, "descriptions": 3, "fingerprint": "f"}\n'
REBUILD = "To build it again from the tests: understudy catalog --rebuild"
SELECT = Description(
    "SELECT",
    ("integer",),
    (Column("name", "text", "users.name", "not null"), Column("n", "bigint", None, "unknown")),
    ("users",),
    ("users.id", "users.name"),
)
FACTS = SchemaFacts(
    {"mood": TypeFacts("enum", labels=("sad", "happy")), "mood[]": TypeFacts("array", base="mood")},
    (
        Constraint("orders_user_fkey", "orders", "foreign key", ("user_id",), "users"),
        Constraint("", "users", "not null", ("id",)),
        Constraint("", "users", "not null", ("name",)),
        Constraint("users_email_key", "users", "unique", ("email",)),
    ),
)
# Python's own words.
UNHASHABLE = (
    "cannot use 'list' as a dict key (unhashable type: 'list')"
    if sys.version_info >= (3, 14)
    else "unhashable type: 'list'"
)


def test_a_file_of_an_older_version_is_read_and_says_nothing_certain() -> None:
    older = store.text_of(contents(SELECT=SELECT)).replace('"descriptions": 3, ', "")

    read = store.parse(older, Path("catalog"))

    verdict = read.verdict("SELECT SELECT")
    assert isinstance(verdict, Description)
    assert verdict.runs_code
    assert not read.is_about_the_same(contents())


def contents(**statements: Verdict) -> Contents:
    made = Contents("f", 18, FACTS)
    for name, verdict in statements.items():
        made.add_verdict(f"SELECT {name}", verdict)
    return made


def refusal(file: Path, text: str | bytes) -> str:
    """What is said of a file that is refused and left as it is."""
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    before = file.read_bytes()
    with pytest.raises(CatalogFileError) as caught:
        store.read(file)
    with pytest.raises(CatalogFileError):
        store.merge(file, contents())
    assert file.read_bytes() == before
    return str(caught.value).replace(str(file), "FILE")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "understudy-catalog"


def test_the_file_is_one_line_for_each_thing_known_sorted(file: Path) -> None:
    made = contents(b=SELECT, a=ParsedOnly("LISTEN"))
    made.add_verdict("SELECT nmae", Refusal("42703", "no such column", hint="name?", position=8))

    assert store.write(file, made)

    assert file.read_text("utf-8").splitlines() == [
        '{"understudy": 1, "postgres": 18, "descriptions": 3, "fingerprint": "f"}',
        '{"type": "mood", "kind": "enum", "labels": ["sad", "happy"]}',
        '{"type": "mood[]", "kind": "array", "base": "mood"}',
        '{"constraint": "orders_user_fkey", "table": "orders", "kind": "foreign key", '
        '"columns": ["user_id"], "references": "users"}',
        '{"constraint": "", "table": "users", "kind": "not null", "columns": ["id"]}',
        '{"constraint": "", "table": "users", "kind": "not null", "columns": ["name"]}',
        '{"constraint": "users_email_key", "table": "users", "kind": "unique", '
        '"columns": ["email"]}',
        '{"sql": "SELECT a", "parsed": "LISTEN"}',
        '{"sql": "SELECT b", "command": "SELECT", "parameters": ["integer"], "columns": '
        '[["name", "text", "users.name", "not null"], ["n", "bigint", null, "unknown"]], '
        '"tables": ["users"], "touches": ["users.id", "users.name"]}',
        '{"sql": "SELECT nmae", "refused": {"sqlstate": "42703", "message": "no such column", '
        '"hint": "name?", "position": 8}}',
    ]
    if os.name == "posix":
        assert stat.S_IMODE(file.stat().st_mode) == 0o644


TEXT = st.text(st.characters(codec="utf-8"), max_size=8)
NAMES = st.lists(TEXT, max_size=3).map(tuple)
COLUMNS = st.builds(
    Column, TEXT, TEXT, TEXT | st.none(), st.sampled_from(["not null", "nullable", "unknown"])
)
VERDICTS: st.SearchStrategy[Verdict] = st.one_of(
    st.builds(Description, TEXT, NAMES, st.lists(COLUMNS, max_size=3).map(tuple), NAMES, NAMES),
    st.builds(
        Refusal,
        TEXT,
        TEXT,
        TEXT | st.none(),
        TEXT | st.none(),
        st.integers(min_value=1, max_value=99) | st.none(),
    ),
    st.builds(ParsedOnly, TEXT),
)
TYPES = st.builds(
    TypeFacts,
    TEXT,
    labels=NAMES,
    base=TEXT | st.none(),
    fields=st.lists(st.tuples(TEXT, TEXT), max_size=2).map(tuple),
    not_null=st.booleans(),
)
CONSTRAINTS = st.builds(Constraint, TEXT, TEXT, TEXT, NAMES, TEXT | st.none())


@given(
    types=st.dictionaries(TEXT, TYPES, max_size=3),
    constraints=st.lists(CONSTRAINTS, max_size=3),
    statements=st.dictionaries(TEXT, VERDICTS, max_size=4),
)
def test_a_written_file_is_read_back(
    types: dict[str, TypeFacts], constraints: list[Constraint], statements: dict[str, Verdict]
) -> None:
    made = Contents("f", 18, SchemaFacts(types, tuple(constraints)))
    for spelling, verdict in statements.items():
        made.add_verdict(spelling, verdict)

    text = store.text_of(made)
    found = store.parse(text, Path("file"))

    assert text.count("\n") == text.count("}\n") == len(text.splitlines())
    assert {key: found.verdict(key) for key in found.statements} == statements
    assert found.facts.types == types
    assert sorted(found.facts.constraints, key=repr) == sorted(constraints, key=repr)
    assert store.text_of(found) == text
    # As git may check it out on Windows, and as an editor may save it.
    assert store.text_of(store.parse(text.replace("\n", "\r\n"), Path("file"))) == text


def test_there_is_no_file(file: Path) -> None:
    assert store.read(file) is None


def test_a_byte_order_mark_and_windows_line_ends_are_read_over(file: Path) -> None:
    store.write(file, contents(a=SELECT))
    data = file.read_bytes()
    file.write_bytes(b"\xef\xbb\xbf" + data.replace(b"\n", b"\r\n"))
    found = store.read(file)
    assert found is not None
    assert store.text_of(found).encode() == data


def test_a_file_that_would_not_change_is_not_written(file: Path) -> None:
    made = contents(a=SELECT)
    store.write(file, made)
    windows = file.read_bytes().replace(b"\n", b"\r\n")
    file.write_bytes(windows)
    os.utime(file, (1, 1))

    assert not store.write(file, made)
    assert not store.merge(file, made)

    assert file.read_bytes() == windows
    assert file.stat().st_mtime == 1


def test_a_broken_line_is_named_by_its_number(file: Path) -> None:
    assert refusal(file, HEADER + '\n{"sql": "SELECT 1", "parsed": ""}\n{"sql": \n') == (
        "the catalog FILE, line 4, is broken: Expecting value: line 1 column 9 (char 8)\n"
        f'  {{"sql": \n{REBUILD}'
    )


@pytest.mark.parametrize("line", ["[1]", "3", '"a"', "null", "{},{}", "[" * 200_000])
def test_a_line_that_is_no_object(file: Path, line: str) -> None:
    text = refusal(file, f"{HEADER}{line}\n")
    shown = line if len(line) < 200 else line[:120] + "..."
    assert text.startswith("the catalog FILE, line 2, is broken: ")
    assert text.endswith(f"\n  {shown}\n{REBUILD}")


def test_a_line_that_is_json_and_no_object(file: Path) -> None:
    assert refusal(file, f"{HEADER}[1]\n") == (
        f"the catalog FILE, line 2, is broken: not a JSON object\n  [1]\n{REBUILD}"
    )


@pytest.mark.parametrize("mark", ["<<<<<<< HEAD", "||||||| base", "=======", ">>>>>>> other"])
def test_marks_of_a_merge(file: Path, mark: str) -> None:
    assert refusal(file, f"{HEADER}{mark}\n") == (
        "the catalog FILE, line 2, is broken: Expecting value: line 1 column 1 (char 0)\n"
        f"  {mark}\n"
        "A merge has left its marks: keep the lines of both sides, and remove the marks.\n"
        f"{REBUILD}"
    )


def test_the_first_lines_of_both_sides_of_a_merge(file: Path) -> None:
    second = HEADER.replace('"f"', '"g"')
    assert refusal(file, HEADER + "\n" + second) == (
        "the catalog FILE, line 3, is broken: "
        "a second first line: keep one of them, the next run sees to the rest\n"
        f"  {second}{REBUILD}"
    )


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"constraint": "a", "table": "t", "kind": "unique"}', "it has no 'columns'"),
        ('{"type": "mood"}', "it has no 'kind'"),
        ('{"sql": ["SELECT 1"]}', UNHASHABLE),
        ('{"sql": 3, "parsed": "COPY"}', "its 'sql' has an unexpected value"),
        (
            '{"type": "t", "kind": "composite", "fields": [["a"]]}',
            "its 'fields' has an unexpected value",
        ),
    ],
)
def test_a_line_that_lacks_something(file: Path, line: str, reason: str) -> None:
    text = refusal(file, f"{HEADER}{line}\n")
    assert text.startswith(f"the catalog FILE, line 2, is broken: {reason}")
    assert text.endswith(f"\n  {line}\n{REBUILD}")


@pytest.mark.parametrize("header", ['{"understudy": 1}', '{"understudy": 1, "fingerprint": "f"}'])
def test_a_first_line_that_lacks_something(file: Path, header: str) -> None:
    missing = "postgres" if "fingerprint" in header else "fingerprint"
    assert refusal(file, header) == (
        f"the catalog FILE, line 1, is broken: it has no '{missing}'\n  {header}\n{REBUILD}"
    )


@pytest.mark.parametrize("text", ["", "\n\n", "{}\n", '{"name": "package"}\n', '{"a": []}'])
def test_a_file_of_something_else(file: Path, text: str) -> None:
    assert refusal(file, text) == (
        f"FILE is not a catalog of Understudy: its first line is not a catalog's\n{REBUILD}"
    )


def test_a_later_format(file: Path) -> None:
    assert refusal(file, '{"understudy": 2, "of": "the future"}\n') == (
        "the catalog FILE is of format 2, and this version of Understudy reads format 1\n"
        "Update Understudy, or build it again: understudy catalog --rebuild"
    )


def test_a_file_that_is_no_text(file: Path) -> None:
    text = refusal(file, b"\xff\xfe\x00")
    assert text.startswith("the catalog FILE cannot be read: 'utf-8' codec can't decode byte 0xff")
    assert text.endswith(f"\n{REBUILD}")


def test_a_folder_in_its_place(tmp_path: Path) -> None:
    folder = tmp_path / "catalog"
    folder.mkdir()
    with pytest.raises(CatalogFileError, match=r"cannot be read: .*Is a directory"):
        store.read(folder)
    with pytest.raises(CatalogError) as caught:
        store.write(folder, contents())
    assert str(caught.value) == (
        f"the catalog {folder} cannot be written: Is a directory; it is as it was"
    )
    assert list(tmp_path.iterdir()) == [folder]


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    path = tmp_path / "file" / "catalog"
    with pytest.raises(CatalogError) as caught:
        store.write(path, contents())
    assert str(caught.value) == (
        f"the catalog {path} cannot be written: Not a directory; it is as it was"
    )


def test_missing_folders_are_made(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "catalog"
    assert store.merge(path, contents(a=SELECT))
    assert path.is_file()


def test_a_line_of_a_statement_that_lacks_something_is_found_when_it_is_asked_for() -> None:
    made = contents()
    assert made.verdict("SELECT 1") is None
    for line, reason in [
        ({"sql": "SELECT 1"}, "it has no 'command'"),
        (
            {"sql": "SELECT 1", "refused": {"sqlstate": "1"}},
            "its 'refused' has an unexpected value",
        ),
    ]:
        made.statements["SELECT 1"] = line
        with pytest.raises(CatalogFileError) as caught:
            made.verdict("SELECT 1")
        text = str(caught.value)
        assert text.startswith("the catalog's line of this statement is broken: ")
        assert reason in text
        assert text.endswith(
            "\n  SELECT 1\nRemove the line, and the next run asks PostgreSQL again."
        )


@pytest.mark.parametrize("moment", ["os.fsync", "pathlib.Path.replace"])
def test_a_crash_while_writing_leaves_the_old_file(
    file: Path, moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.write(file, contents(a=SELECT))
    before = file.read_bytes()

    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(moment, crash)
        with pytest.raises(KeyboardInterrupt):
            store.write(file, contents(b=SELECT))

    assert file.read_bytes() == before
    assert [path.name for path in file.parent.iterdir()] == [file.name]


def test_a_full_disk_leaves_the_old_file(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store.write(file, contents(a=SELECT))
    before = file.read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("os.fsync", full)
        with pytest.raises(CatalogError) as caught:
            store.write(file, contents(b=SELECT))

    assert str(caught.value) == (
        f"the catalog {file} cannot be written: No space left on device; it is as it was"
    )
    assert file.read_bytes() == before


@pytest.mark.skipif(os.name != "posix", reason="modes and links are POSIX's")
def test_the_mode_of_the_file_and_a_link_to_it_are_kept(tmp_path: Path) -> None:
    real = tmp_path / "elsewhere" / "catalog"
    store.write(real, contents(a=SELECT))
    real.chmod(0o664)
    link = tmp_path / "catalog"
    link.symlink_to(real)

    assert store.write(link, contents(b=SELECT))

    assert link.is_symlink()
    assert stat.S_IMODE(real.stat().st_mode) == 0o664
    assert "SELECT b" in real.read_text("utf-8")


def test_a_merge_keeps_entries_for_the_same_schema(file: Path) -> None:
    store.write(file, contents(a=SELECT, b=ParsedOnly("OLD")))
    assert store.merge(file, contents(b=ParsedOnly("NEW"), c=SELECT))
    found = store.read(file)
    assert found is not None
    assert sorted(found.statements) == ["SELECT a", "SELECT b", "SELECT c"]
    assert found.verdict("SELECT b") == ParsedOnly("NEW")


@pytest.mark.parametrize(("fingerprint", "postgres"), [("g", 18), ("f", 17)])
def test_a_merge_replaces_entries_for_another_schema(
    file: Path, fingerprint: str, postgres: int
) -> None:
    store.write(file, contents(a=SELECT))
    other = Contents(fingerprint, postgres, FACTS)
    other.add_verdict("SELECT c", SELECT)
    assert store.merge(file, other)
    found = store.read(file)
    assert found is not None
    assert (found.fingerprint, found.server) == (fingerprint, postgres)
    assert list(found.statements) == ["SELECT c"]


def test_concurrent_merges_lose_nothing(file: Path) -> None:
    def learn(number: int) -> None:
        store.merge(file, contents(**{f"n{number}": SELECT}))

    threads = [threading.Thread(target=learn, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = store.read(file)
    assert found is not None
    assert len(found.statements) == 16


def test_a_merge_works_without_locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done = []
    with locking.locked(tmp_path / "missing"):
        done.append("missing")
    with monkeypatch.context() as patched:
        patched.setitem(sys.modules, "fcntl", None)  # as on Windows
        importlib.reload(locking)
        with locking.locked(tmp_path):
            done.append("windows")
    importlib.reload(locking)
    assert done == ["missing", "windows"]


def test_ten_thousand_statements_are_read_fast(file: Path) -> None:
    made = contents()
    for number in range(10_000):
        made.add_verdict(f"SELECT name, count(*) AS n FROM users WHERE id = $1 + {number}", SELECT)
    store.write(file, made)
    found, calls = calls_of(lambda: store.read(file))
    # Each line is parsed by json's own C, and none is decoded: benchmarks/ measures the time.
    assert calls < 3 * 10_000
    assert found is not None
    assert len(found.statements) == 10_000


@pytest.mark.parametrize("was_on", [True, False])
def test_reading_leaves_the_garbage_collector_as_it_was(file: Path, was_on: bool) -> None:
    store.write(file, contents(a=SELECT))
    (gc.enable if was_on else gc.disable)()
    try:
        store.read(file)
        assert gc.isenabled() is was_on
    finally:
        gc.enable()


def test_separators_of_unicode_do_not_end_a_line(file: Path) -> None:
    spelling = "SELECT '\u2028\u2029\x85\x0b\x0c\x1c'"
    made = contents()
    made.add_verdict(spelling, ParsedOnly("X"))
    store.write(file, made)
    assert len(file.read_text("utf-8").splitlines()) == len(file.read_bytes().split(b"\n")) - 1
    found = store.read(file)
    assert found is not None
    assert list(found.statements) == [spelling]


_LINES = [
    {"type": "mood", "kind": "enum", "labels": ["a", "b"]},
    {"type": "d", "kind": "domain", "base": "text", "not_null": True},
    {"type": "c", "kind": "composite", "fields": [["x", "text"]]},
    {"constraint": "k", "table": "t", "kind": "check", "columns": ["x"], "references": "u"},
    {"sql": "SELECT 1", "parsed": "COPY"},
    {
        "sql": "SELECT 1",
        "refused": {
            "sqlstate": "1",
            "message": "m",
            "detail": "d",
            "hint": "h",
            "position": 7,
        },
    },
    {
        "sql": "SELECT 1",
        "command": "SELECT",
        "parameters": ["text"],
        "columns": [["x", "text", "t.x", "nullable"]],
        "tables": ["t"],
        "touches": ["t.x"],
        "rows": [0, 1, 1],
        "assigned": [["t.x", 1, True, "text"]],
    },
]


def _wrong(value: object) -> Iterator[object]:
    """Yield the value with one thing in it replaced by something of another kind, or renamed."""
    yield from (other for other in ("ab", 3, ["a"], {"a": 1}) if type(other) is not type(value))
    if isinstance(value, list):
        for place, item in enumerate(value):
            yield [*value[:place], *value[place + 1 :]] if len(value) > 1 else [1]
            yield from ([*value[:place], wrong, *value[place + 1 :]] for wrong in _wrong(item))
    if isinstance(value, dict):
        for name, item in value.items():
            yield {**{key: value[key] for key in value if key != name}, f"{name}s": item}
            yield from ({**value, name: wrong} for wrong in _wrong(item))


@pytest.mark.parametrize("line", _LINES, ids=lambda line: "+".join(line))
def test_no_line_of_another_shape_is_accepted_unnoticed(line: dict[str, object]) -> None:
    """What is accepted is written as it was read."""
    wrong = [other for other in _wrong(line) if isinstance(other, dict) and line != other]
    assert len(wrong) >= 8

    for other in wrong:
        text = f"{HEADER}{json.dumps(other)}\n"
        try:
            read = store.parse(text, Path("FILE"))
            for name in list(read.statements):
                verdict = read.verdict(name)
                assert verdict is not None
                read.add_verdict(name, verdict)
            for name in read.answers:
                read.answer(name)
        except CatalogFileError:
            continue
        _, written = store.text_of(read).splitlines()
        assert json.loads(written) == other
