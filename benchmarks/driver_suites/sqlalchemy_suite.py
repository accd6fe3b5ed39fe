"""The files to run SQLAlchemy's dialect suite, which is part of the package."""

from __future__ import annotations

from pathlib import Path

# The features that the suite asks for and PostgreSQL has. Tests of other features are skipped,
# unless these are on by default.
_FEATURES = Path(__file__).with_name("features.txt")
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

_provision._extensions.clear()  # the embedded server does not have them
"""
_SETTINGS = """\
[sqla_testing]
requirement_cls = suite_requirements:Requirements
profile_file = profiles.txt
[tool:pytest]
addopts = --tb=short
python_files = test_*.py
"""
# The schemas that the suite expects in the database.
SCHEMA = "CREATE SCHEMA test_schema; CREATE SCHEMA test_schema_2;"


def write(folder: Path, conftest: str, *, is_async: bool) -> None:
    """Write the files with which pytest runs the suite.

    Args:
        folder: an empty folder.
        conftest: additional text of conftest.py.
        is_async: whether the driver is async.
    """
    names = _FEATURES.read_text(encoding="utf-8").split()
    if is_async:
        names.append("async_dialect")
    requirements = _REQUIREMENTS.replace("NAMES", repr(names))
    (folder / "suite_requirements.py").write_text(requirements, encoding="utf-8")
    (folder / "conftest.py").write_text(conftest + _CONFTEST, encoding="utf-8")
    (folder / "setup.cfg").write_text(_SETTINGS, encoding="utf-8")
    suite = "from sqlalchemy.testing.suite import *\n"
    (folder / "test_suite.py").write_text(suite, encoding="utf-8")
