"""Some functions take the names of columns, or texts of another type: an exception tells which."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from enum import StrEnum
from typing import Any
from uuid import UUID

import psycopg.errors
import pytest
from sqlalchemy import insert, select
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import StatementError
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from tests.write.kept import target
from tests.write.test_planted import column, table
from tests.write.test_scripted import event
from understudy.rows.table_facts import Schema
from understudy.write import proposals
from understudy.write.spelling import evaluated
from understudy.write.trials import Argument, Observation, Trial

SCHEMA = Schema(
    {5: table(column("id", "int4"), column("amount", "int4"), column("title", "text"))},
    {"orders": 5},
    {},
)


class _Base(DeclarativeBase):
    """The models."""


class Order(_Base):
    """A row of orders, whose title the code calls a name."""

    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    amount: Mapped[int]
    name: Mapped[str] = mapped_column("title")

    def by_price(self) -> str:
        """Stand for a way to sort."""
        return "price"


def compared(field: str) -> object:
    """Compare an attribute of a model."""
    return select(Order).where(getattr(Order, field) == "a")


def filtered(field: str) -> object:
    """Compare a column by its name."""
    return select(Order).filter_by(**{field: "a"})


def sorted_by(key: str) -> object:
    """Call the method that a name is a part of."""
    return getattr(Order(), f"by_{key}")()


def selected(fields: list[str]) -> object:
    """Select several attributes of a model."""
    return select(*(getattr(Order, field) for field in fields))


def made(values: dict[str, Any]) -> object:
    """Make an object of a model."""
    return Order(**values)


def inserted(values: dict[str, Any]) -> object:
    """Make a statement whose columns are not known."""
    return str(insert(Order).values(**values).compile(dialect=postgresql.dialect()))


def identified(user_id: str) -> object:
    """Take the text of a uuid."""
    return UUID(user_id)


def compared_with_a_uuid(key: str) -> object:
    """Take the text of a uuid, which PostgreSQL reads."""
    if "-0000-" not in key:
        raise psycopg.errors.InvalidTextRepresentation(
            f'invalid input syntax for type uuid: "{key}"'
        )
    return key


def trials(function: Callable[..., Any]) -> list[tuple[Trial, Observation]]:
    """Return the trials of a function, each run before the next is proposed."""
    parameters = inspect.signature(function, eval_str=True).parameters.values()
    arguments = tuple(Argument(one.name, one.annotation) for one in parameters)
    of = target(function, arguments=arguments, openings=())
    seen: list[tuple[Trial, Observation]] = []
    for trial in proposals.trials(of, SCHEMA, seen, frozenset):
        given = {name: evaluated(one) for name, one in trial.arguments.items()}
        try:
            observation = Observation(answer=function(**given))
        except psycopg.Error as error:
            sent = event(f"SELECT * FROM orders ORDER BY {next(iter(given.values()))}")
            observation = Observation(raised=error, events=[sent])
        except Exception as error:  # noqa: BLE001 - it is what the trial observes
            observation = Observation(raised=error)
        seen.append((trial, observation))
    return seen


def ordered(field: str) -> str:
    """Send a name of a column as a part of a statement."""
    if field not in ("id", "amount", "title"):
        raise psycopg.errors.SyntaxError('syntax error at or near "a"')
    return field


@pytest.mark.parametrize(
    ("function", "argument"),
    [
        (compared, '"name"'),
        (filtered, '"name"'),
        (sorted_by, '"price"'),
        (selected, '["name", "id"]'),
        (made, '{"id": 101, "amount": 11, "name": "Ana"}'),
        (inserted, '{"id": 101, "amount": 11, "title": "title a"}'),
        (ordered, '"title"'),
        (identified, '"00000000-0000-0000-0000-000000000065"'),
        (compared_with_a_uuid, '"00000000-0000-0000-0000-000000000065"'),
    ],
)
def test_the_texts_that_code_takes_are_tried(function: Callable[..., Any], argument: str) -> None:
    """The trial that has shown it is none: it says nothing about the code."""
    (_, first), (second, answered), *_ = trials(function)

    assert first.problem == "it takes other texts than that of this trial"
    assert [one.text for one in second.arguments.values()] == [argument]
    assert (answered.raised, answered.problem) == (None, "")


class State(StrEnum):
    """States of an order."""

    OPEN = "open"


def changed(user_id: str, title: str, state: State) -> object:
    """Send a text for a uuid, beside others."""
    if "-0000-" not in user_id:
        refusal = ValueError(f'invalid input syntax for type uuid: "{user_id}"')
        raise StatementError(str(refusal), "UPDATE orders", [user_id, title, state], refusal)
    return user_id, title, state


def test_only_the_text_that_was_refused_changes() -> None:
    """The exception of SQLAlchemy lists the other parameters, too."""
    _, (second, answered), *_ = trials(changed)

    given = {name: one.text for name, one in second.arguments.items()}
    assert given == {
        "user_id": '"00000000-0000-0000-0000-000000000065"',
        "title": '"title a"',
        "state": "State.OPEN",
    }
    assert answered.raised is None


def refused(name: str) -> None:
    """Fail for another reason."""
    raise TypeError(f"{name} is not accepted here at all: {Order.__name__}")


def test_another_reason_is_what_the_code_does() -> None:
    """No model and no statement is near, so nothing says that names are asked for."""
    assert not any(observation.problem for _, observation in trials(refused))
