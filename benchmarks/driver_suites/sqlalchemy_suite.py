"""SQLAlchemy's suite for dialects, which is part of the package, made ready to be run."""

from __future__ import annotations

from pathlib import Path

# What the suite asks of a database, and PostgreSQL has; what neither it nor the suite's own
# defaults know of stays closed, and its tests are left out.
_OPEN = Path(__file__).with_name("features.txt")
_REQUIREMENTS = """\
from sqlalchemy.testing import exclusions
from sqlalchemy.testing.requirements import SuiteRequirements


class Requirements(SuiteRequirements):
    def get_isolation_levels(self, config):
        levels = {"READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"}
        levels |= {"READ UNCOMMITTED", "AUTOCOMMIT"}
        return {"default": "READ COMMITTED", "supported": levels}


for name in NAMES:
    setattr(Requirements, name, property(lambda self: exclusions.open()))
"""
_CONFTEST = """
import pytest as _pytest

_pytest.register_assert_rewrite("sqlalchemy.testing.assertions")

from sqlalchemy.testing.plugin.pytestplugin import *
from sqlalchemy.dialects.postgresql import provision as _provision

_provision._extensions.clear()  # which the embedded server does not have
"""
_SETTINGS = """\
[sqla_testing]
requirement_cls = suite_requirements:Requirements
profile_file = profiles.txt
[tool:pytest]
addopts = --tb=short
python_files = test_*.py
"""
# What the suite expects to find in the database.
SCHEMA = "CREATE SCHEMA test_schema; CREATE SCHEMA test_schema_2;"


def write(folder: Path, conftest: str, *, is_async: bool) -> None:
    """Write the files with which pytest runs the suite.

    Args:
        folder: where.
        conftest: what is to be in conftest.py besides.
        is_async: whether the driver is an async one.
    """
    names = [*_OPEN.read_text(encoding="utf-8").split(), *(["async_dialect"] if is_async else [])]
    requirements = _REQUIREMENTS.replace("NAMES", repr(names))
    (folder / "suite_requirements.py").write_text(requirements, encoding="utf-8")
    (folder / "conftest.py").write_text(conftest + _CONFTEST, encoding="utf-8")
    (folder / "setup.cfg").write_text(_SETTINGS, encoding="utf-8")
    suite = "from sqlalchemy.testing.suite import *\n"
    (folder / "test_suite.py").write_text(suite, encoding="utf-8")
