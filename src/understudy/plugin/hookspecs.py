"""The hooks of Understudy, for a conftest.py and for other plugins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from understudy.run_report.records import Statement, Test


@pytest.hookspec
def pytest_understudy_test_recorded(
    config: pytest.Config, test: Test, statements: Mapping[int, Statement]
) -> None:
    """Take the record of a test that is over, in the process in which it ran.

    The run is recorded if anything implements this hook.

    Args:
        config: of the run.
        test: its record.
        statements: the statements to which its events refer. What PostgreSQL says of a statement is
            there if the catalog knows it.
    """


@pytest.hookspec
def pytest_understudy_packages(config: pytest.Config) -> Sequence[str]:
    """Return packages that stand between your code and a driver, such as a library of your own.

    Messages and records name the line that calls into such a package, not a line inside it.
    """
    return ()
