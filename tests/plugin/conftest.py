"""A project in a folder of its own, run by a pytest inside the test."""

from __future__ import annotations

import importlib
import re
import warnings
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

import pytest

FACTORY = """
    from contextlib import asynccontextmanager
    from fastapi import Depends, FastAPI, Request

    events = []

    def current_user():
        return "nobody"

    @asynccontextmanager
    async def lifespan(app):
        events.append("up")
        app.state.started = True
        yield {"colour": "blue"}
        app.state.started = False
        events.append("down")

    def create_app():
        events.append("made")
        app = FastAPI(lifespan=lifespan)

        @app.get("/colour")
        async def colour(request: Request, user: str = Depends(current_user)):
            return {"colour": request.state.colour, "user": user, "up": app.state.started}

        return app
"""
SETTINGS = """
    [tool.understudy]
    app = "src.main:create_app"
"""

# Plugins that few tests are about: each inner run would import them again.
OTHERS = ("faker", "hypothesispytest", "pytest_cov", "timeout", "xdist")


def without(*plugins: str) -> list[str]:
    """Return the arguments that leave plugins out of a run."""
    return [word for plugin in plugins for word in ("-p", f"no:{plugin}")]


@dataclass(frozen=True)
class Project:
    """Files, and a pytest to run on them.

    Attributes:
        pytester: writes and runs them.
        plugins: those of `OTHERS`, or anyio, that its runs load; `-n` brings xdist.
    """

    pytester: pytest.Pytester
    plugins: tuple[str, ...] = ()

    @property
    def path(self) -> Path:
        return self.pytester.path

    def write(self, **files: str) -> Project:
        """Write files; ``__`` in a name is a slash, and a name without a suffix is Python."""
        for name, text in files.items():
            path = self.path / (name.replace("__", "/") + ".py")
            self.write_text(path, text)
        return self

    def write_text(self, path: Path, text: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text), encoding="utf-8")
        # Bytecode is told from older one by the second and the size, which may be the same.
        for bytecode in path.parent.glob(f"__pycache__/{path.stem}.*.pyc"):
            bytecode.unlink()

    def configure(self, text: str) -> Project:
        """Write pyproject.toml."""
        self.write_text(self.path / "pyproject.toml", text)
        return self

    def run(self, *args: str, asyncio: bool = True, subprocess: bool = False) -> pytest.RunResult:
        xdist = ("xdist",) if any(arg.startswith("-n") for arg in args) else ()
        # In this process anyio is loaded already; another would load trio for it.
        unused = (*OTHERS, "anyio") if subprocess and asyncio else OTHERS
        others = [plugin for plugin in unused if plugin not in self.plugins + xdist]
        common = without("randomly", "cacheprovider", *others)
        if asyncio:
            # pytest-asyncio warns if it is not set, and this suite turns warnings into errors.
            common += ["-o", "asyncio_default_fixture_loop_scope=function"]
        else:
            common += ["-p", "no:asyncio"]
        if subprocess:
            return self.pytester.runpytest_subprocess(*common, *args)
        return self.pytester.runpytest_inprocess(*common, *args)

    def passes(self, *args: str, asyncio: bool = True, **expected: int) -> pytest.RunResult:
        result = self.run(*args, asyncio=asyncio)
        result.assert_outcomes(**(expected or {"passed": 1}))
        return result

    def message(self, test: str, *args: str, at: str = "setup", asyncio: bool = True) -> str:
        """Run, and return all that pytest prints for one test's error."""
        return section(self.run(*args, asyncio=asyncio), test, at)


def section(result: pytest.RunResult, test: str, at: str = "setup") -> str:
    """What pytest printed below the headline of one test's error."""
    text = result.stdout.str()
    found = re.search(
        rf"^_+ ERROR at {at} of {re.escape(test)} _+\n(.*?)^[_=]{{3}}", text, re.M | re.S
    )
    assert found is not None, text
    return found[1].rstrip("\n")


@pytest.fixture
def project(pytester: pytest.Pytester) -> Project:
    """An empty project."""
    return Project(pytester)


@pytest.fixture
def web(project: Project) -> Project:
    """A project with a FastAPI app, configured."""
    return project.configure(SETTINGS).write(src__main=FACTORY)


# A second import of SQLAlchemy's dialect also warns, in the next test that uses it.
_HEAVY = (
    *("fastapi", "starlette.testclient", "httpx", "asgi_lifespan", "faker"),
    *("sqlalchemy.ext.asyncio", "sqlalchemy.dialects.postgresql"),
)


@pytest.fixture(scope="session", autouse=True)
def _heavy_imports() -> None:
    """Import once what each inner pytest would import again."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in _HEAVY:
            importlib.import_module(name)
