"""`python -m benchmarks.driver_suites`: drivers' own tests, on a real server and on ours.

asyncpg's tests come from its sdist, SQLAlchemy's suite for dialects with the package. Both are run
against the embedded PostgreSQL, and against our session and codecs in front of it (relay.py);
asyncpg's also against the sandbox of `real_postgres`.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.driver_suites import report, sqlalchemy_suite, targets
from benchmarks.driver_suites.suite_run import CONFTEST, Outcome, run

ASYNCPG = "asyncpg"
SUITES = (ASYNCPG, "sqlalchemy+asyncpg", "sqlalchemy+psycopg")
# What asyncpg's tests want besides, for one question: whether this is Alpine.
_DISTRO = """\
import platform


def id():
    return platform.freedesktop_os_release()["ID"]
"""
_QUICK = {ASYNCPG: ["tests/test_cursor.py"], "sqlalchemy": ["-k", "FetchLimitOffset"]}


def asyncpg_tests(folder: Path, sdist: Path | None) -> None:
    """Put the tests of the installed asyncpg into a folder.

    Args:
        folder: where they are to be.
        sdist: the archive that they are in; None to get it from the index.
    """
    if sdist is None:
        wanted = f"asyncpg=={importlib.metadata.version('asyncpg')}"
        here = ["--no-deps", "--no-binary", "asyncpg", "--dest", str(folder)]
        command = [sys.executable, "-m", "pip", "download", "--quiet", *here, wanted]
        subprocess.run(command, check=True)
        (sdist,) = folder.glob("asyncpg-*.tar.gz")
    with tarfile.open(sdist) as archive:
        archive.extractall(folder / "unpacked", filter="data")
    (tests,) = (folder / "unpacked").glob("asyncpg-*/tests")
    shutil.copytree(tests, folder / "tests")
    shutil.rmtree(folder / "unpacked")  # its package is not compiled, and would be imported
    (folder / "tests" / "test__sourcecode.py").unlink()  # flake8 and mypy: no server is asked
    (folder / "conftest.py").write_text(CONFTEST, encoding="utf-8")
    (folder / "distro.py").write_text(_DISTRO, encoding="utf-8")


def outcomes(suite: str, lane: str, sdist: Path | None, *, quick: bool) -> dict[str, Outcome]:
    """Run a suite on a lane; return what became of each test."""
    chosen = _QUICK[suite.partition("+")[0]] if quick else []
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        if suite == ASYNCPG:
            asyncpg_tests(folder, sdist)
            with targets.port(lane, "") as port:
                environment = {
                    "PGHOST": "127.0.0.1",
                    "PGPORT": str(port),
                    "PGUSER": targets.USER,
                    "PGDATABASE": targets.USER,
                }
                return run(folder, chosen or ["tests"], environment)
        driver = suite.partition("+")[2]
        sqlalchemy_suite.write(folder, CONFTEST, is_async=driver == "asyncpg")
        with targets.port(lane, sqlalchemy_suite.SCHEMA) as port:
            url = f"postgresql+{driver}://{targets.USER}@127.0.0.1:{port}/{targets.USER}"
            return run(folder, ["--dburi", url, "test_suite.py", *chosen], {})


def _lanes(suite: str, sdist: Path | None, *, quick: bool) -> dict[str, dict[str, Outcome]]:
    found: dict[str, dict[str, Outcome]] = {}
    # SQLAlchemy's tests share tables and connections, so there is nothing to go back to after each.
    for lane in targets.LANES if suite == ASYNCPG else (targets.EMBEDDED, targets.RELAY):
        print(f"{suite} on {lane} ...", file=sys.stderr, flush=True)
        found[lane] = outcomes(suite, lane, sdist, quick=quick)
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.driver_suites", description=__doc__)
    parser.add_argument("suites", nargs="*", metavar="suite", help=f"all, or of {SUITES}")
    parser.add_argument("--sdist", type=Path, help="asyncpg's archive, instead of a download")
    parser.add_argument("--quick", action="store_true", help="a few tests of each")
    given = parser.parse_args(arguments)
    if unknown := set(given.suites) - set(SUITES):
        parser.error(f"no such suite: {', '.join(sorted(unknown))}; there are {', '.join(SUITES)}")
    listed: list[str] = []
    for suite in given.suites or SUITES:
        found = _lanes(suite, given.sdist, quick=given.quick)
        print(report.table(suite, found), flush=True)
        listed += [f"{suite} | {line}" for line in report.differences(found)]
    print("\nPassed by the embedded PostgreSQL, and by another not:" if listed else "")
    print("\n".join(listed))
    return 0


if __name__ == "__main__":
    sys.exit(main())
