"""What is tried, and what was observed: the types that the parts of `write` share.

A trial is the source of a test without its assertions. The same source is run to observe what the
code does (`lab.py`) and written into the test file (`test_file.py`), so a written test does what
was observed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from understudy.init.connections import Opening as Opening
from understudy.init.layers import Layer
from understudy.script.boundary import Event

Arc = tuple[int, int]


@dataclass(frozen=True)
class Expression:
    """A value as source.

    Attributes:
        text: the source: `7`, `"Ana"`, `UUID(int=1)`, `RoleDTO.Create(name="a")`.
        imports: the lines that it needs: `from uuid import UUID`.
    """

    text: str
    imports: tuple[str, ...] = ()


@dataclass(frozen=True)
class Argument:
    """A parameter of a function that a trial gives a value.

    Attributes:
        name: its name.
        hint: its type, with strings resolved; `inspect.Parameter.empty` without one.
        is_required: whether it has no default.
        is_keyword: whether it is passed by name.
        is_positional: whether it cannot be passed by name.
        default: its default, if it has one.
    """

    name: str
    hint: Any
    is_required: bool = True
    is_keyword: bool = False
    default: Any = None
    is_positional: bool = False


@dataclass(frozen=True)
class Target:
    """A function or method for which tests are written.

    Attributes:
        layer: its layer.
        name: its name with its class: `UserDAO.find_by_email`; of a route, "GET /users/{id}".
        function: the function whose code runs, without the decorators around it.
        file: the file of its code.
        lines: the first and the last line of its code.
        is_async: whether its call is awaited.
        call: the source of a call with ARGUMENTS in the place of the arguments, with `await` if
            it is needed: `await UserDAO(session).find(ARGUMENTS)`.
        arguments: the parameters that a trial gives values, in order.
        openings: what is opened before the call, in order.
        after: the lines that follow a call that returned: `await session.commit()`.
        fixtures: the fixtures that the test takes, with the type of each: `("real_postgres",
            "RealPostgres")`.
        imports: the lines that the call needs.
        enters: "with" or "async with" if the call makes a context manager, which is entered.
    """

    layer: Layer
    name: str
    function: Callable[..., Any]
    file: str
    lines: tuple[int, int]
    is_async: bool
    call: str
    arguments: tuple[Argument, ...] = ()
    openings: tuple[Opening, ...] = ()
    after: tuple[str, ...] = ()
    fixtures: tuple[tuple[str, str], ...] = (("real_postgres", "RealPostgres"),)
    imports: tuple[str, ...] = ()
    enters: str = ""

    @property
    def has_database(self) -> bool:
        """Whether its tests take real_postgres."""
        return "real_postgres" in dict(self.fixtures)

    @property
    def variants(self) -> tuple[Target, ...]:
        """Return the targets of its trials: itself, if they all call it in the same way."""
        return (self,)


@dataclass(frozen=True)
class LeftOut:
    """A function for which no test can be written, or a line that no test reaches.

    Attributes:
        name: the function.
        reason: why, as a sentence.
        line: the line in the module.
    """

    name: str
    reason: str
    line: int


@dataclass(frozen=True)
class Setup:
    """A fixture of the written file: what several tests need before the call.

    A trial runs its lines at the start of its body, so that `name` is a variable there.

    Attributes:
        name: the fixture, and the variable that its lines assign: "caller".
        hint: the source of its type.
        lines: its body, without the `return` of its value.
        about: its docstring.
        takes: the fixtures that it takes itself, with the type of each: `(("app", "FastAPI"),)`.
        imports: the lines that it needs.
    """

    name: str
    hint: str
    lines: tuple[str, ...]
    about: str
    takes: tuple[tuple[str, str], ...] = ()
    imports: tuple[str, ...] = ()


@dataclass(frozen=True)
class Row:
    """A row that a trial inserts with `real_postgres.insert` before the call.

    Attributes:
        table: its table.
        values: its columns that the trial gives; the others are generated.
        name: the variable that keeps it; "" if nothing refers to it.
    """

    table: str
    values: tuple[tuple[str, Expression], ...] = ()
    name: str = ""


@dataclass(frozen=True)
class Trial:
    """A test without its assertions.

    Attributes:
        target: what it calls.
        rows: the rows that it inserts, in order.
        arguments: the arguments of the call, by name; those with a default may be missing.
        script: lines that come before the call: rules of `real_postgres.on(...)`, dummies.
        imports: the lines that `script` and `inside` need.
        scenario: the end of the test's name: "without_a_row", "when_the_email_is_taken".
        about: when it applies, as the end of a sentence: "if no row has the id".
        purpose: why it was tried: "values", "rows", "fault", "constant", "telling row", "block";
            a "probe" is observed and never written.
        setups: the fixtures that are written for it, besides those of its target.
        inside: the body of the block, if the target is a context manager.
        parameters: the parameters of `@pytest.mark.parametrize` with the type of each, which the
            test takes after its fixtures; none if it is written for one case.
        cases: the source of the values of `parameters`, for each case: `("name", "too_short")`.
        guesses: the arguments whose type nothing says: no hint, no default, no column.
        fixed: the columns that the scenario is about, each after its table: they are not left out.
    """

    target: Target
    rows: tuple[Row, ...] = ()
    arguments: Mapping[str, Expression] = field(default_factory=dict)
    script: tuple[str, ...] = ()
    imports: tuple[str, ...] = ()
    scenario: str = ""
    about: str = ""
    purpose: str = "values"
    setups: tuple[Setup, ...] = ()
    inside: tuple[str, ...] = ()
    parameters: tuple[tuple[str, str], ...] = ()
    cases: tuple[tuple[str, ...], ...] = ()
    guesses: tuple[str, ...] = ()
    fixed: tuple[tuple[str, str], ...] = ()


@dataclass(eq=False)
class Observation:
    """What a trial did.

    Attributes:
        answer: what the call returned; a generator is exhausted into a list.
        raised: the exception that left the call.
        changes: the difference of the tables, see `understudy.rows.changes`.
        events: the calls to the database during the call, in order.
        arcs: the jumps between lines of the module that were taken, of the target and of what it
            calls in the module.
        leaks: the transactions and connections that it left open.
        problem: why it is no test: its rows were refused, it took too long, a fixture failed.
    """

    answer: Any = None
    raised: BaseException | None = None
    changes: Any = None
    events: Sequence[Event] = ()
    arcs: frozenset[Arc] = frozenset()
    leaks: tuple[str, ...] = ()
    problem: str = ""


@dataclass(eq=False)
class Kept:
    """A trial that is written.

    Attributes:
        trial: what it does.
        observed: what it did each time it ran, with sequences, time and the order of rows shifted.
            What differs between them is not asserted.
        shows: what only this test shows: "line 41 -> 44", "WHERE lost".
        is_whole: whether it asserts all fields of a row, because wrong SQL that swaps two of them
            is to be noticed, or for the other tests that assert few.
        fields: those of the answer that it asserts; None if no other test asserts the others.
        suspicion: why the behaviour looks like a bug, so that the test is written as an expected
            failure; "" if it does not.
        assertions: the lines that assert what was observed; set before it is written.
        imports: the lines that the assertions need.
    """

    trial: Trial
    observed: Sequence[Observation]
    shows: tuple[str, ...] = ()
    is_whole: bool = False
    fields: frozenset[str] | None = None
    suspicion: str = ""
    assertions: tuple[str, ...] = ()
    imports: tuple[str, ...] = ()


# The trials that were run, with what they did.
Seen = Sequence[tuple[Trial, Observation]]
# Returns the jumps of a target that no trial has taken yet.
OpenArcs = Callable[[], frozenset[Arc]]
