"""What a person reads of a run of mutants."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from understudy.mutate.results import Result, Results, StatementResults
from understudy.pg import sql
from understudy.script.formatting import counted, shortened
from understudy.script.origin import shown_path

_WIDTH = 100
_MOST = 5  # survivors of a statement, and tests left out, unless all are wanted
_UNKNOWN = "(line unknown)"


def title(statement: StatementResults) -> str:
    """Return the place and the beginning of a statement, on one line."""
    return shortened(f"{place(statement)}  {statement.statement.shown}", _WIDTH)


def place(statement: StatementResults) -> str:
    """Return the first line that sent a statement, as `path:line`."""
    if not statement.statement.spots:
        return _UNKNOWN
    spot = statement.statement.spots[0]
    return f"{shown_path(spot.path)}:{spot.line}"


def text(results: Results, *, whole: bool) -> Iterator[str]:
    """Yield the lines of a report: a table of statements, their survivors, and the sums.

    Args:
        results: the results.
        whole: whether to show every statement and mutant, also those that need no attention.
    """
    ordered = sorted(
        (statement for statement in results.statements if statement.results),
        key=_badness,
        reverse=True,
    )
    shown = [statement for statement in ordered if whole or statement.alive]
    if shown:
        yield from _table(shown)
        yield ""
    for statement in shown:
        yield from _survivors(statement, results, whole)
    yield from _unable(results, whole)
    yield from _sums(results, [statement for statement in ordered if statement not in shown])


def _badness(statement: StatementResults) -> tuple[int, int, float]:
    """Return how much attention a statement needs: first what may destroy data."""
    alive = statement.alive
    command = next(iter(sql.first_tokens(statement.statement.sql)), "").upper()
    loses_rows = any(result.mutant.operator == "where-lost" for result in alive)
    return (
        2 * (loses_rows and command in ("DELETE", "UPDATE")) + loses_rows,
        len(alive),
        len(alive) / max(1, statement.killable),
    )


def _table(statements: Sequence[StatementResults]) -> Iterator[str]:
    titles = [title(statement) for statement in statements]
    width = max(map(len, titles))
    yield f"{'statement'.ljust(width)}     killed  equivalent  refused"
    for line, statement in zip(titles, statements, strict=True):
        killed = f"{statement.killed} of {statement.killable}"
        yield (
            f"{line.ljust(width)}  {killed:>9}  {statement.count('equivalent'):>10}  "
            f"{statement.count('refused'):>7}"
        )


def _survivors(statement: StatementResults, results: Results, whole: bool) -> Iterator[str]:
    spots = statement.statement.spots
    function = f" in {spots[0].function}" if spots and spots[0].function else ""
    yield f"{place(statement)}{function}"
    yield f"  {statement.statement.shown}"
    yield f"  sent in {_tests(statement, results)}"
    alive = statement.alive
    for result in alive if whole else alive[:_MOST]:
        yield from _survivor(result)
    if len(alive) > _MOST and not whole:
        yield f"  and {len(alive) - _MOST} more (--verbose shows them)"
    if whole:
        for result in statement.results:
            if result.outcome != "alive":
                yield f"  {_outcome(result)}: {result.mutant.sentence}"
    yield ""


def _survivor(result: Result) -> Iterator[str]:
    yield f"  no test notices: {result.mutant.sentence}"
    rows = result.telling.splitlines()
    if len(rows) == 1:
        yield f"      this row would tell: {rows[0]}"
    elif rows:
        yield "      these rows would tell:"
        yield from (f"        {row}" for row in rows)
    elif result.reason:
        yield f"      it may mean the same: {result.reason}"


def _outcome(result: Result) -> str:
    if result.outcome == "equivalent":
        return "probably equivalent"
    if result.outcome == "refused":
        return f"refused by the database ({result.reason})"
    if result.outcome == "killed" and result.kind == "text":
        return f"killed by its text alone, in {result.killed_by}"
    return f"{result.outcome} in {result.killed_by}" if result.is_killed else result.outcome


def _tests(statement: StatementResults, results: Results) -> str:
    """Return the tests that judged, or else those that sent the statement."""
    names = [sender.name for sender in statement.statement.senders]
    names = [name for name in names if name not in results.left_out] or names
    more = len(names) - 1
    return names[0] + (f" and {counted(more, 'other test')}" if more else "")


def _unable(results: Results, whole: bool) -> Iterator[str]:
    """Yield which tests could not judge mutants, and why."""
    for heading, tests in (
        ("did not pass without a mutant", results.failed),
        ("passed and could not judge mutants", results.left_out),
    ):
        if not tests:
            continue
        yield f"{counted(len(tests), 'test')} {heading}:"
        for name in list(tests) if whole else list(tests)[:_MOST]:
            yield f"  {name}: {tests[name]}"
        if len(tests) > _MOST and not whole:
            yield f"  and {len(tests) - _MOST} more (--verbose shows them)"
        yield ""
    if results.without:
        yield (
            f"{counted(results.without, 'test')} sent nothing to fake_postgres, real_postgres, "
            "fake_mysql or real_mysql. Statements on a FakeConnection are not mutated: no driver "
            "sends them."
        )
        yield ""


def _sums(results: Results, hidden: Sequence[StatementResults]) -> Iterator[str]:
    if not results.statements:
        yield "No test sends a statement of these files, or on a changed line."
        return
    unjudged = sum(not statement.killable and statement.is_open for statement in hidden)
    if judged := len(hidden) - unjudged:
        yield f"{counted(judged, 'statement')} without survivors (--verbose lists them)"
    if unjudged:
        yield f"{counted(unjudged, 'statement')} that no test judged (--verbose lists them)"
    mutants = sum(1 for _ in results.all())
    yield (
        f"{counted(len(results.statements), 'statement')}, {counted(mutants, 'mutant')}: "
        f"{results.killed} killed, {results.count('alive')} alive, "
        f"{results.count('equivalent')} probably equivalent, {results.count('refused')} refused by "
        f"the database{_rest(results)}"
    )
    by_text = sum(result.kind == "text" for result in results.all())
    if by_text:
        yield (
            f"{by_text} of the killed by a script that expects another text, which tells nothing "
            "of their meaning"
        )
    if results.end:
        yield results.end
        if untried := sum(not statement.is_judged for statement in results.statements):
            yield f"{counted(untried, 'statement')} had no turn."
    score = (
        f"{results.killed} of {results.killable} that a test could notice are killed: "
        f"{results.score:.0f}%"
    )
    none = "No mutant was judged by a test"
    yield f"{score if results.killable else none}, in {results.seconds:.1f}s"


def _rest(results: Results) -> str:
    parts = [
        f", {count} {outcome}"
        for outcome in ("not reached", "not run")
        if (count := results.count(outcome))
    ]
    return "".join(parts)
