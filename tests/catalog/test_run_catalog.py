"""The catalog of a run: reading, learning, renewing and saving."""

from __future__ import annotations

import threading
from pathlib import Path
from uuid import uuid4

import pytest

from tests.catalog.describers import (
    ACCEPTED,
    FACTS,
    REFUSED,
    Scripted,
    nobody,
    schema,
    spellings,
)
from understudy.catalog import store
from understudy.catalog.description import ParsedOnly, SchemaFacts
from understudy.catalog.errors import (
    CatalogError,
    CatalogFileError,
    CatalogLocked,
    DescribeFailed,
)
from understudy.catalog.run_catalog import Catalog, CatalogDelta, save


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "understudy-catalog"


def learn(
    file: Path, server: Scripted, *statements: str, name: str = "schema"
) -> CatalogDelta | None:
    """A run: ask about some statements, and save what is new."""
    catalog = Catalog(file, schema(name), lambda: server)
    for statement in statements:
        catalog.verdict(statement)
    news = catalog.delta()
    catalog.close()
    if news is not None:
        save(file, [news])
    return news


def test_a_second_run_needs_no_server(file: Path) -> None:
    server = Scripted({"SELECT nmae": REFUSED})
    news = learn(file, server, "SELECT 1", "SELECT nmae", "SELECT 1")
    assert news is not None
    assert news.learned == ("SELECT 1", "SELECT nmae")
    assert not news.renewed
    assert server.asked == [(), ("SELECT 1",), ("SELECT nmae",)]
    assert server.closed == 1
    before = file.read_bytes()

    catalog = Catalog(file, schema(), nobody)
    assert catalog.postgres is None
    assert catalog.verdict("SELECT 1") == ACCEPTED
    assert catalog.verdict("SELECT nmae") == REFUSED
    assert catalog.facts == FACTS
    assert catalog.postgres == 18
    assert catalog.delta() is None
    catalog.close()
    assert file.read_bytes() == before


def test_two_layouts_of_a_statement_are_one(file: Path) -> None:
    server = Scripted()
    learn(file, server, "SELECT  1\n", " SELECT 1")
    assert spellings(file) == ["SELECT 1"]
    assert server.asked[1:] == [("SELECT 1",)]


def test_the_server_is_started_for_a_statement_that_is_new_and_for_nothing_else(
    file: Path,
) -> None:
    learn(file, Scripted(), "SELECT 1")
    server = Scripted()
    news = learn(file, server, "SELECT 1", "SELECT 2")
    assert news is not None
    assert news.learned == ("SELECT 2",)
    assert "SELECT 1" not in news.text
    assert server.asked == [("SELECT 2",)]
    assert spellings(file) == ["SELECT 1", "SELECT 2"]


def test_a_file_for_another_schema_is_described_again_at_once(file: Path) -> None:
    learn(file, Scripted(), "SELECT b", "SELECT a")
    server = Scripted({"SELECT a": REFUSED})
    catalog = Catalog(file, schema("another"), lambda: server)

    assert catalog.verdict("SELECT b") == ACCEPTED

    assert server.asked == [("SELECT a", "SELECT b")]
    news = catalog.delta()
    assert news is not None
    assert news.renewed
    assert news.learned == ()
    save(file, [news])
    again = Catalog(file, schema("another"), nobody)
    assert again.verdict("SELECT a") == REFUSED
    assert again.delta() is None


def test_another_major_version_renews_the_file_when_it_is_started(file: Path) -> None:
    learn(file, Scripted(major=17), "SELECT 1")
    newer = Scripted({"SELECT 1": REFUSED}, major=18)
    catalog = Catalog(file, schema(), lambda: newer)
    # What the older one has said is as good as it was, and no server is running yet.
    assert catalog.verdict("SELECT 1") == ACCEPTED
    assert catalog.postgres == 17

    assert catalog.verdict("SELECT 2") == ACCEPTED

    assert newer.asked == [("SELECT 1",), ("SELECT 2",)]
    assert catalog.postgres == 18
    assert catalog.verdict("SELECT 1") == REFUSED
    news = catalog.delta()
    assert news is not None
    assert news.renewed
    save(file, [news])
    found = store.read(file)
    assert found is not None
    assert (found.server, found.fingerprint) == (18, "schema on 18")


def test_a_schema_that_differs_from_its_fingerprint_is_described_again(file: Path) -> None:
    learn(file, Scripted(), "SELECT 1")
    other = Scripted({"SELECT 1": REFUSED}, facts=SchemaFacts({}, ()))
    catalog = Catalog(file, schema(), lambda: other)
    catalog.verdict("SELECT 2")
    catalog.verdict("SELECT 3")
    assert other.asked == [("SELECT 1",), ("SELECT 2",), ("SELECT 3",)]
    assert catalog.verdict("SELECT 1") == REFUSED
    assert catalog.facts == SchemaFacts({}, ())


def test_without_a_file_nothing_is_kept() -> None:
    catalog = Catalog(None, schema(), Scripted)
    assert catalog.verdict("SELECT 1") == ACCEPTED
    assert catalog.delta() is not None


def test_a_statement_that_no_file_can_hold_is_described_and_not_kept(file: Path) -> None:
    server = Scripted()
    statement = "SELECT '\ud800'"
    catalog = Catalog(file, schema(), lambda: server)
    assert catalog.verdict(statement) == catalog.verdict(statement) == ACCEPTED
    assert server.asked == [(), (statement,)]
    assert catalog.delta() is None


LOCKED = (
    "\nIt is locked (--understudy-locked): run the tests once without that, and commit the file."
)


def test_locked_it_learns_nothing(file: Path) -> None:
    learn(file, Scripted(), "SELECT 1")
    catalog = Catalog(file, schema(), nobody, locked=True)
    assert catalog.verdict("SELECT 1") == ACCEPTED
    with pytest.raises(CatalogLocked) as caught:
        catalog.verdict("SELECT\n2 -- two")
    assert str(caught.value) == (
        f"the catalog {file} does not hold this statement:\n  SELECT 2{LOCKED}"
    )


def test_locked_a_text_that_may_change_with_every_run_has_its_own_remedy(file: Path) -> None:
    learn(file, Scripted(), "SELECT 1")
    with pytest.raises(CatalogLocked, match="pass the value that changes as a parameter"):
        Catalog(file, schema(), nobody, locked=True).verdict(f"SELECT '{uuid4()}'")


def test_locked_and_of_another_schema(file: Path) -> None:
    learn(file, Scripted(), "SELECT 1")
    catalog = Catalog(file, schema("another"), nobody, locked=True)
    for _ in range(2):
        with pytest.raises(CatalogLocked) as caught:
            catalog.verdict("SELECT 1")
        assert str(caught.value) == (
            f"the catalog {file} is of another schema: the configured one has changed since{LOCKED}"
        )


def test_locked_and_not_there(file: Path) -> None:
    with pytest.raises(CatalogLocked) as caught:
        Catalog(file, schema(), nobody, locked=True).verdict("SELECT 1")
    assert str(caught.value) == f"the catalog {file} is not there{LOCKED}"
    with pytest.raises(CatalogLocked) as caught:
        Catalog(None, schema(), nobody, locked=True).verdict("SELECT 1")
    assert str(caught.value) == f"the catalog is not there{LOCKED}"


def test_a_broken_file_is_said_to_everyone_and_left_as_it_is(file: Path) -> None:
    file.write_text("<<<<<<< HEAD\n", encoding="utf-8")
    catalog = Catalog(file, schema(), nobody)
    for statement in ("SELECT 1", "SELECT 1", "SELECT 2"):
        with pytest.raises(CatalogFileError, match="line 1, is broken"):
            catalog.verdict(statement)
    assert catalog.delta() is None
    assert file.read_text("utf-8") == "<<<<<<< HEAD\n"


def test_a_file_that_breaks_during_the_run_is_left_as_it_is(file: Path) -> None:
    catalog = Catalog(file, schema(), Scripted)
    catalog.verdict("SELECT 1")
    file.write_text("{", encoding="utf-8")
    news = catalog.delta()
    assert news is not None
    with pytest.raises(CatalogFileError):
        save(file, [news])
    assert file.read_text("utf-8") == "{"


def test_a_broken_disposable_file_is_replaced(file: Path) -> None:
    file.write_text("{", encoding="utf-8")
    catalog = Catalog(file, schema(), Scripted, disposable=True)
    catalog.verdict("SELECT 1")
    news = catalog.delta()
    assert news is not None
    save(file, [news], disposable=True)
    assert spellings(file) == ["SELECT 1"]


def test_no_server_to_be_had_is_tried_once_for_a_run(file: Path) -> None:
    tried = []

    def connect() -> Scripted:
        tried.append(1)
        raise CatalogError("no PostgreSQL")

    catalog = Catalog(file, schema(), connect)
    for statement in ("SELECT 1", "SELECT 2"):
        with pytest.raises(CatalogError, match=r"^no PostgreSQL$"):
            catalog.verdict(statement)
    assert tried == [1]
    assert not file.exists()


def test_a_lost_server_gives_no_verdict_and_keeps_the_known_ones(file: Path) -> None:
    learn(file, Scripted(), "SELECT 1")
    server = Scripted()
    catalog = Catalog(file, schema(), lambda: server)
    catalog.verdict("SELECT 2")
    server.lost = "PostgreSQL was lost"
    for _ in range(2):
        with pytest.raises(DescribeFailed, match=r"^PostgreSQL was lost$"):
            catalog.verdict("SELECT 3")
    # A statement that took it down, or that waits for a lock, is not asked about again.
    assert server.asked == [("SELECT 2",), ("SELECT 3",)]
    assert catalog.verdict("SELECT 1") == ACCEPTED
    server.lost = None
    assert catalog.verdict("SELECT 4") == ACCEPTED
    news = catalog.delta()
    assert news is not None
    assert news.learned == ("SELECT 2", "SELECT 4")


def test_a_server_lost_during_renewal_leaves_the_file(file: Path) -> None:
    learn(file, Scripted(), "SELECT 1")
    before = file.read_bytes()
    server = Scripted()
    server.lost = "PostgreSQL was lost"
    catalog = Catalog(file, schema("another"), lambda: server)
    for _ in range(2):
        with pytest.raises(DescribeFailed):
            catalog.verdict("SELECT 1")
    assert server.asked == [("SELECT 1",)]
    assert catalog.delta() is None
    assert file.read_bytes() == before


def test_two_concurrent_runs_keep_the_statements_of_both(file: Path) -> None:
    one = Catalog(file, schema(), Scripted)
    other = Catalog(file, schema(), Scripted)
    one.verdict("SELECT 1")
    other.verdict("SELECT 2")
    for catalog in (one, other):
        news = catalog.delta()
        assert news is not None
        save(file, [news])
    assert spellings(file) == ["SELECT 1", "SELECT 2"]


def test_the_statements_of_all_processes_are_kept(file: Path) -> None:
    learn(file, Scripted(), "SELECT 0")
    news = []
    for number in (1, 2):
        catalog = Catalog(file, schema("another"), Scripted)
        catalog.verdict(f"SELECT {number}")
        found = catalog.delta()
        assert found is not None
        news.append(found)
    save(file, news)
    assert spellings(file) == ["SELECT 0", "SELECT 1", "SELECT 2"]


def test_many_threads_start_one_server_and_ask_once(file: Path) -> None:
    server = Scripted({"SELECT 1": ParsedOnly("X")})
    started = []

    def connect() -> Scripted:
        started.append(1)
        return server

    catalog = Catalog(file, schema(), connect)
    found = []
    barrier = threading.Barrier(8)

    def ask() -> None:
        barrier.wait()
        found.append(catalog.verdict("SELECT 1"))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [ParsedOnly("X")] * 8
    assert started == [1]
    assert server.asked == [(), ("SELECT 1",)]
