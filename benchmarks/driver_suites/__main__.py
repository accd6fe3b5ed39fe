"""Run the drivers' own test suites against Understudy: `python -m benchmarks.driver_suites`.

asyncpg's tests come from its sdist, SQLAlchemy's dialect suite from the package. Both run against
the embedded PostgreSQL and against the sessions and codecs of `fake_postgres`, which get their
answers from the embedded PostgreSQL (proxy_server.py). asyncpg's tests also run against
`real_postgres`.
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
# asyncpg's tests import distro.id() to find out whether they run on Alpine.
_DISTRO = """\
import platform


def id():
    return platform.freedesktop_os_release()["ID"]
"""
_QUICK = {ASYNCPG: ["tests/test_cursor.py"], "sqlalchemy": ["-k", "FetchLimitOffset"]}


def asyncpg_tests(folder: Path, sdist: Path | None) -> None:
    """Put the tests of the installed asyncpg into a folder.

    Args:
        folder: an empty folder.
        sdist: asyncpg's archive; None to download it.
    """
    if sdist is None:
        requirement = f"asyncpg=={importlib.metadata.version('asyncpg')}"
        options = ["--no-deps", "--no-binary", "asyncpg", "--dest", str(folder)]
        command = [sys.executable, "-m", "pip", "download", "--quiet", *options, requirement]
        subprocess.run(command, check=True)
        (sdist,) = folder.glob("asyncpg-*.tar.gz")
    with tarfile.open(sdist) as archive:
        archive.extractall(folder / "unpacked", filter="data")
    (tests,) = (folder / "unpacked").glob("asyncpg-*/tests")
    shutil.copytree(tests, folder / "tests")
    shutil.rmtree(folder / "unpacked")  # otherwise its package, not compiled, is imported
    (folder / "tests" / "test__sourcecode.py").unlink()  # runs flake8 and mypy
    (folder / "conftest.py").write_text(CONFTEST, encoding="utf-8")
    (folder / "distro.py").write_text(_DISTRO, encoding="utf-8")


def run_on(suite: str, target: str, sdist: Path | None, *, quick: bool) -> dict[str, Outcome]:
    """Run a suite against a target and return the outcome of each test."""
    chosen = _QUICK[suite.partition("+")[0]] if quick else []
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        if suite == ASYNCPG:
            asyncpg_tests(folder, sdist)
            with targets.port(target, "") as port:
                environment = {
                    "PGHOST": "127.0.0.1",
                    "PGPORT": str(port),
                    "PGUSER": targets.USER,
                    "PGDATABASE": targets.USER,
                }
                return run(folder, chosen or ["tests"], environment)
        driver = suite.partition("+")[2]
        sqlalchemy_suite.write(folder, CONFTEST, is_async=driver == "asyncpg")
        with targets.port(target, sqlalchemy_suite.SCHEMA) as port:
            url = f"postgresql+{driver}://{targets.USER}@127.0.0.1:{port}/{targets.USER}"
            return run(folder, ["--dburi", url, "test_suite.py", *chosen], {})


def _by_target(suite: str, sdist: Path | None, *, quick: bool) -> dict[str, dict[str, Outcome]]:
    found: dict[str, dict[str, Outcome]] = {}
    # SQLAlchemy's tests share tables and connections, so they cannot be rolled back one by one.
    without_isolation = (targets.EMBEDDED, targets.FAKE_POSTGRES)
    for target in targets.TARGETS if suite == ASYNCPG else without_isolation:
        print(f"{suite} on {target} ...", file=sys.stderr, flush=True)
        found[target] = run_on(suite, target, sdist, quick=quick)
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    names = ", ".join(SUITES)
    parser = argparse.ArgumentParser(prog="python -m benchmarks.driver_suites", description=__doc__)
    parser.add_argument("suites", nargs="*", metavar="suite", help=f"of {names} (default: all)")
    parser.add_argument("--sdist", type=Path, help="asyncpg's archive (default: download it)")
    parser.add_argument("--quick", action="store_true", help="run a few tests of each suite")
    options = parser.parse_args(arguments)
    if unknown := set(options.suites) - set(SUITES):
        parser.error(f"no such suite: {', '.join(sorted(unknown))}; there are {names}")
    differences: list[str] = []
    for suite in options.suites or SUITES:
        found = _by_target(suite, options.sdist, quick=options.quick)
        print(report.table(suite, found), flush=True)
        differences += [f"{suite} | {line}" for line in report.differences(found)]
    if differences:
        print("\nTests that pass on the embedded PostgreSQL and not on another target:")
        print("\n".join(differences))
    return 0


if __name__ == "__main__":
    sys.exit(main())
