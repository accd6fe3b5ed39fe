"""UND034: a FastAPI dependency that commits after its yield."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from understudy.lint.rule import Found, Rule
from understudy.project.call_resolution import keywords_of
from understudy.project.parsing import last_name
from understudy.project.sources import Module

# FastAPI 0.106 to 0.117 ran the code after a yield before the response was sent.
_BEFORE_THE_RESPONSE = re.compile(
    r"fastapi(\[[\w,-]+\])?\s*(=|==|~=|\^|=\s*\"[~^]?)\s*0\.(10[6-9]|11[0-7])\b", re.I
)


def check(module: Module) -> Iterator[Found]:
    """Yield the commits after the yield of a dependency that a test defines or overrides."""
    names = set(_dependencies(module))
    for function in module.functions if names else ():
        if function.name not in names or not function.own(ast.Yield):
            continue
        given = function.own(ast.Yield)[-1]
        for call in function.own(ast.Call):
            if (
                last_name(call) == "commit"
                and call.lineno > given.lineno
                and not _may_commit_before(module)
                and not any(isinstance(node, ast.ExceptHandler) for node in module.above(call))
            ):
                yield Found(
                    call, f"{function.name} commits after its yield: the response has been sent"
                )


def _dependencies(module: Module) -> Iterator[str]:
    """Yield the names of this file's functions that FastAPI gets as dependencies."""
    for call in module.calls("Depends"):
        dependency = call.args[0] if call.args else None
        from_fastapi = (module.qualified(call.func) or "").startswith("fastapi.")
        if from_fastapi and isinstance(dependency, ast.Name) and "scope" not in keywords_of(call):
            yield dependency.id
    for node in module.scope.all(ast.Assign):
        for target in node.targets:
            if (
                isinstance(target, ast.Subscript)
                and isinstance(target.value, ast.Attribute)
                and target.value.attr == "dependency_overrides"
                and isinstance(node.value, ast.Name)
            ):
                yield node.value.id


def _may_commit_before(module: Module) -> bool:
    return _BEFORE_THE_RESPONSE.search(module.project.runners.about) is not None


RULE = Rule(
    code="UND034",
    name="commit-after-yield",
    group="bugs",
    why=(
        "FastAPI runs the code after the yield of a dependency when the response has been sent"
        " (0.106 to 0.117: before). A COMMIT that fails is a 2xx for the client."
    ),
    instead=(
        'Commit in the endpoint, or use Depends(get_session, scope="function"), which FastAPI 0.121'
        " has."
    ),
    wrong="""
from app.database import get_session, sessions
from app.main import app


async def committing_session():
    async with sessions() as session:
        yield session
        await session.commit()  # UND034


app.dependency_overrides[get_session] = committing_session
""",
    right="""
from app.database import get_session, sessions
from app.main import app


async def plain_session():
    async with sessions() as session:
        yield session


app.dependency_overrides[get_session] = plain_session
""",
    path="tests/conftest.py",
    check=check,
)
