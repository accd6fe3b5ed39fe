"""Every code block of the documentation does what the text says it does.

Python blocks run: as a test file where they hold tests, else as a script; one that begins with a
comment such as `# app/users.py` is that file of the reader's project. TOML blocks configure a run.
Commands are run, also those of a workflow for CI, and the output below them compared with what they
print. A tag that is not known here fails, so that no block is skipped by accident.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest
from _pytest.mark import ParameterSet
from markdown_it import MarkdownIt

from tests.backend_copy import ROOT
from tests.documentation.blocks import Block, blocks_of, commands_of
from tests.documentation.output import first_missing, lines_of
from tests.documentation.reader import Reader
from tests.mysql_places import installation_or_skip
from understudy.cli import skill_folders

SKILL = skill_folders.SOURCE.relative_to(ROOT)
DOCUMENTS = [
    Path("README.md"),
    *sorted(file.relative_to(ROOT) for file in (ROOT / "docs").glob("*.md")),
    Path("examples/backend/README.md"),
    *(SKILL / name for name in skill_folders.sources()),
]

# Pages that take seconds; the same on every Python.
SLOW = {
    f"docs/{page}.md"
    for page in (
        "adopt",
        "alembic",
        "both_fixtures",
        "budgets",
        "catalog",
        "ci",
        "coming-from-mocks",
        "configuration",
        "doctor",
        "faults",
        "mysql_rules",
        "from_servers",
        "from_sqlite",
        "init",
        "large_suites",
        "litestar",
        "loops",
        "mutate",
        "mysql",
        "patterns",
        "real_postgres",
        "real_postgres_app",
        "record",
        "request_rules",
        "review",
        "rows",
        "run_record",
        "run_report",
        "script",
        "sql_coverage",
        "sqlalchemy",
        "sqlite",
        "sweep",
        "tenants",
        "tutorial",
        "write",
    )
}
SLOW |= {file.as_posix() for file in DOCUMENTS if file.is_relative_to(SKILL)}
SLOW.add("examples/backend/README.md")  # tests/seed_contract and tests/cli run the same suites

NEED_MYSQL = {Path("docs/mysql.md"), SKILL / "references" / "mysql.md"}

INSTALLS = "installs packages, which takes a network; tests/cli installs the wheel"
SHOWN = "tests/seed_contract/test_commands.py runs it, and looks at what it does"
SERVES = "needs a PostgreSQL that runs, or serves until it is stopped"
NOT_RUN = {
    "python -m pip install fastapi httpx psqlpy pydantic-settings uvicorn": INSTALLS,
    "python -m pip install 'understudy[demo]'": INSTALLS,
    'python -m pip install "understudy[demo]"': INSTALLS,
    'python -m pip install "understudy[asgi,postgres]"': INSTALLS,
    "understudy completion bash > ~/.understudy-completion.bash": "writes to the home folder",
    'python -m pip install litestar asyncpg "understudy[asgi,postgres]"': INSTALLS,
    "python -m venv .venv": INSTALLS,
    "source .venv/bin/activate": INSTALLS,
    'python -m pip install fastapi "sqlalchemy[asyncio]" asyncpg': INSTALLS,
    'python -m pip install "understudy[asgi,postgres]" pytest-asyncio': INSTALLS,
    'python -m pip install "understudy[asgi,postgres]" asyncpg': INSTALLS,
    "python -m pip install --group dev": INSTALLS,
    "python -m pip install --upgrade pip": INSTALLS,
    "python -m pip install understudy": INSTALLS,
    'python -m pip install "understudy[sqlite]"': INSTALLS,
    'python -m pip install "understudy[mysql]"': INSTALLS,
    "make bench": "takes minutes; tests/test_benchmarks.py runs it with tiny rounds",
    "python -m benchmarks --only databases": "a part of make bench",
    "python -m benchmarks --only addresses": "a part of make bench",
    "python -m benchmarks --only large": "a part of make bench",
    "python -m benchmarks --only isolation": "a part of make bench",
    "python -m benchmarks --only integration": "a part of make bench",
    "python -m benchmarks --only mutation": "a part of make bench",
    "python -m benchmarks --only recording": "a part of make bench",
    "python -m benchmarks --only mysql": "a part of make bench",
    "python -m benchmarks --only sqlite": "a part of make bench",
    "python -m benchmarks --only sweep": "a part of make bench",
    "python -m benchmarks.many_tests": "takes minutes; tests/test_benchmarks.py runs fewer tests",
    "python -m benchmarks.driver_suites": "takes half an hour; tests/benchmarks runs its parts",
    "python -m benchmarks.driver_suites.mysql aiomysql=../aiomysql asyncmy=../asyncmy": (
        "needs checkouts of other projects"
    ),
    **dict.fromkeys(
        (
            "python -m benchmarks.written_tests examples/backend src/domain/dal/dao/role.py "
            f"{option}"
            for option in ("--runs 100", "--by-hand")
        ),
        "takes minutes; tests/benchmarks runs its parts",
    ),
    "python -m benchmarks.peer_suites taskiq-postgres ../taskiq-postgres": (
        "needs a checkout of another project"
    ),
    "python -m benchmarks.mutants": "takes minutes; tests/benchmarks runs it on a few mutants",
    "pytest tests/conformance/drivers": "a part of the very suite that this test belongs to",
    "python -m benchmarks.lint_suites ../suites/* --sample 150 --seed 1": (
        "needs the public suites; tests/benchmarks runs it on small ones"
    ),
    "python -m benchmarks.lint_suites --judged benchmarks/lint_labels.tsv": (
        "tests/benchmarks runs it, and looks for its table on the page"
    ),
    "export BACKEND_DATABASE_URL=postgresql://postgres@localhost:5432/backend": SERVES,
    "python -m src.config.migrate": SERVES,
    "uvicorn src.main:app": SERVES,
    'pytest tests/ -m "not integration"': SHOWN,
    'pytest tests/ -m "not integration" --cov=src --cov-fail-under=100': (
        "measures the backend's own suite; tests/seed_contract runs the other commands with --cov"
    ),
    "pytest --cov=src.domain.dal.dao.user tests/test_user_dao.py": SHOWN,
    "understudy demo": "tests/cli runs it, and looks at what it does",
}


@cache
def read(file: Path, folder: Path) -> Reader:
    return Reader(file, folder, NOT_RUN)


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("documentation")


def reader(file: Path, folder: Path) -> Reader:
    own = folder / file.as_posix().replace("/", "_")
    own.mkdir(exist_ok=True)
    return read(file, own)


def cases() -> list[ParameterSet]:
    """Every block, marked as slow where its page is."""
    return [
        pytest.param(block, id=str(block), marks=[pytest.mark.slow] * (file.as_posix() in SLOW))
        for file in DOCUMENTS
        for block in blocks_of(ROOT, file)
    ]


@pytest.mark.parametrize("block", cases())
def test_block(block: Block, folder: Path) -> None:
    if block.file in NEED_MYSQL:
        installation_or_skip()
    problem = reader(block.file, folder).problem(block)

    assert problem is None, f"{block}\n{problem}"


def test_each_reason_not_to_run_a_command_is_for_one_that_is_there() -> None:
    blocks = [block for file in DOCUMENTS for block in blocks_of(ROOT, file)]
    shown = {
        line
        for block in blocks
        if block.language in ("bash", "yaml")
        for line in commands_of(block)
    }

    assert NOT_RUN.keys() - shown == set()


def test_links_lead_somewhere() -> None:
    broken = [
        f"{file}: {link}"
        for file in DOCUMENTS
        for link in re.findall(r"\]\(([^)#\s]+)[^)]*\)", (ROOT / file).read_text(encoding="utf-8"))
        if "://" not in link and not (ROOT / file.parent / link).exists()
    ]

    assert broken == []


def test_anchors_exist() -> None:
    broken = []
    for file in DOCUMENTS:
        text = (ROOT / file).read_text(encoding="utf-8")
        for page, anchor in re.findall(r"\]\(([^)#\s:]*)#([^)\s]+)\)", text):
            target = ROOT / file.parent / page if page else ROOT / file
            if target.suffix == ".md" and anchor not in anchors_of(target):
                broken.append(f"{file}: {page}#{anchor}")

    assert broken == []


def anchors_of(page: Path) -> set[str]:
    """Return the anchors that GitHub gives to a page's headings."""
    tokens = MarkdownIt().parse(page.read_text(encoding="utf-8"))
    headings = [
        tokens[number + 1].content
        for number, token in enumerate(tokens)
        if token.type == "heading_open"
    ]
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize(
    ("expected", "actual", "missing"),
    [
        ("a\nb", "a\n\nb\n", None),
        ("a\n...\nc", "a\nb\nc", None),
        ("a\n...", "a\nb\nc", None),
        ("1 passed in 0.01s", "1 passed in 2.50s", None),
        ("==== x ====", "========= x =====", None),
        ("a\nc", "a\nb\nc", "c"),
        ("a\n...\nb\nb", "a\nb", "b"),
        ("a", "a\nb", "(nothing more; printed was 'b')"),
    ],
)
def test_output_is_compared_line_by_line(expected: str, actual: str, missing: str | None) -> None:
    assert first_missing(lines_of(expected), lines_of(actual)) == missing
