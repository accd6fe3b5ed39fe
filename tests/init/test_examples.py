"""The parts that example tests are made of."""

from __future__ import annotations

import ast
from pathlib import Path
from textwrap import dedent

import pytest

from understudy.init import look
from understudy.init.database_kind import POSTGRES
from understudy.init.example_dao import dao_examples
from understudy.init.example_service import service_examples
from understudy.init.example_web import dto_examples, router_examples
from understudy.init.examples import (
    LayerExamples,
    file_name,
    render_file,
    sql_block,
    words_of,
)
from understudy.init.layers import Part
from understudy.project.sources import Module, Project
from understudy.script.formatting import python_literal

from .projects import write

APP = "from fastapi import FastAPI\n\napp = FastAPI()\n"


def module(name: str) -> Module:
    return Module(Path("x.py"), name, b"", Project(Path()))


@pytest.mark.parametrize(
    ("name", "layer", "file"),
    [
        ("src.api.path.users", "router", "test_users_router.py"),
        ("app.repositories.user_repository", "dao", "test_user_dao.py"),
        ("app.users.service", "service", "test_users_service.py"),
        ("app.crud", "dao", "test_app_dao.py"),
        ("schemas", "dto", "test_schemas_dto.py"),
    ],
)
def test_the_name_of_a_file(name: str, layer: str, file: str) -> None:
    assert file_name(module(name), layer) == file


def test_imports_are_in_order_and_those_of_a_module_together() -> None:
    imports = [
        "from app.b import get",
        "from app.b import Thing",
        "from app.b import MOST",
        "import pytest",
        "from uuid import UUID",
        "from understudy import FakePostgres",
    ]

    assert render_file("About.", imports, "def test():\n    pass\n") == dedent('''\
        """About."""

        from uuid import UUID

        import pytest
        from understudy import FakePostgres

        from app.b import MOST, Thing, get


        def test():
            pass
        ''')


@pytest.mark.parametrize("text", ["plain", "it's", 'a "word"', "both ' and \"", "back\\slash\n"])
def test_a_literal_says_what_it_is_made_of(text: str) -> None:
    assert ast.literal_eval(python_literal(text)) == text
    assert python_literal("it's") == '"it\'s"'


def test_sql_with_three_quotes_is_a_literal_of_one_line() -> None:
    assert sql_block('SELECT """', 4) == python_literal('SELECT """')


def test_sql_with_a_backslash_is_raw() -> None:
    assert sql_block("SELECT '\\d'", 4) == 'r"""\n    SELECT \'\\d\'\n    """'


def test_words() -> None:
    assert words_of("GET /users/{user_id}/") == "get_users_user_id"


# DAOs on psqlpy


def daos(folder: Path, source: str) -> LayerExamples:
    findings = look(write(folder, {"main.py": APP, "daos.py": source}))
    return dao_examples(findings.layers["dao"], "tests.fakes")


def bodies(layer: LayerExamples) -> list[str]:
    """Return the steps of each test, without the first and the last."""
    return [
        dedent(candidate.text.partition("conn = FakeConnection()\n")[2]).partition(
            "\n\nassert len"
        )[0]
        for candidate in layer.candidates
    ]


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ('async def f(self):\n        return await self.conn.fetch_val("SELECT count(*) FROM a")',
         ['conn.on("SELECT count(*) FROM a").value(3)\n\nassert await UserDAO(conn).f() == 3',
          'conn.on("SELECT count(*) FROM a").value(3)\n\nawait UserDAO(conn).f()']),
        ('async def f(self, id: int, name: str | None):\n        await self.conn.execute(\n'
         '            "UPDATE a SET b = $1 WHERE id = $2", [name, id])',
         ['conn.on("UPDATE a SET b = $1 WHERE id = $2", "Ana", 7).tag("UPDATE 1")\n\n'
          'await UserDAO(conn).f(7, "Ana")']),
        ('async def f(self):\n        sql = "SELECT u.id, made_at FROM u"\n'
         "        await self.conn.fetch_row(sql)",
         ['conn.on("SELECT u.id, made_at FROM u").row(id=7, made_at=datetime(2026, 1, 2))\n\n'
          "await UserDAO(conn).f()"]),
        ("async def f(self):\n        await self.conn.execute(SQL)",
         ['conn.on("DELETE FROM a").tag("DELETE 1")\n\nawait UserDAO(conn).f()']),
        ("async def f(self):\n        await self.conn.execute(\"VACUUM\")", []),
        ("async def f(self, a):\n        await self.conn.execute(\"DELETE FROM a\", [a])", []),
        ("async def f(self, *names):\n        await self.conn.execute(\"DELETE FROM a\")", []),
        ("async def f(self):\n        await self.conn.execute(f\"DELETE FROM {a}\")", []),
        ("async def f(self, a: int):\n        await self.conn.execute(SQL, a)", []),
        ("async def f(self):\n        await self.conn.execute(SQL, [other])", []),
        ("async def f(self):\n        await self.conn.execute(SQL)\n"
         "        await self.conn.execute(SQL)", []),
        ("async def f(self):\n        await self.conn.begin(SQL)", []),
        ("@cached\n    async def f(self):\n        await self.conn.execute(SQL)", []),
        ("def f(self):\n        self.conn.execute(SQL)", []),
    ],
)  # fmt: skip
def test_a_method_on_a_kept_connection(tmp_path: Path, method: str, expected: list[str]) -> None:
    layer = daos(
        tmp_path,
        f'SQL = "DELETE FROM a"\n\n\nclass UserDAO:\n    def __init__(self, conn):\n'
        f"        self.conn = conn\n\n    {method}\n",
    )

    assert bodies(layer) == expected
    assert layer.reason == (
        ""
        if expected
        else "no method sends exactly one literal statement on a connection that it is given, "
        "with plain arguments"
    )


@pytest.mark.parametrize(
    ("source", "call"),
    [
        ("async def drop(conn): await conn.execute('DELETE FROM a')\n", "await drop(conn)"),
        ("class ADAO:\n    async def f(self, conn): await conn.execute('DELETE FROM a')\n",
         "await ADAO().f(conn)"),
        ("class ADAO:\n    @classmethod\n    @connected\n"
         "    async def f(cls, conn): await conn.execute('DELETE FROM a')\n",
         "await ADAO.f.__wrapped__(ADAO, conn)"),
        ("class ADAO:\n    @connected\n"
         "    async def f(self, conn): await conn.execute('DELETE FROM a')\n", None),
        ("class ADAO:\n    def __init__(self, conn, size): self.conn = conn\n"
         "    async def f(self): await self.conn.execute('DELETE FROM a')\n", None),
        ("class ADAO:\n    def __init__(self, conn): ...\n"
         "    async def f(self): await self.conn.execute('DELETE FROM a')\n", None),
    ],
)  # fmt: skip
def test_how_a_method_is_called(tmp_path: Path, source: str, call: str | None) -> None:
    found = [body.partition("\n\n")[2] for body in bodies(daos(tmp_path, source))]

    assert found == ([] if call is None else [call])


def test_a_function_that_is_decorated_is_called_without(tmp_path: Path) -> None:
    source = "@connected\nasync def drop(conn): await conn.execute('DELETE FROM a')\n"
    findings = look(write(tmp_path, {"main.py": APP, "crud.py": source}))

    layer = dao_examples(findings.layers["dao"], "understudy")

    assert bodies(layer) == [
        'conn.on("DELETE FROM a").tag("DELETE 1")\n\nawait drop.__wrapped__(conn)'
    ]
    assert "from understudy import FakeConnection\n" in layer.candidates[0].text


# Services


def services(folder: Path, source: str) -> LayerExamples:
    findings = look(write(folder, {"main.py": APP, "code.py": source}))
    return service_examples(findings.layers["service"], findings.modules, "tests.fakes")


@pytest.mark.parametrize(
    ("init", "method", "expected"),
    [
        ("self, dao: Optional[Store]", "return await self.dao.get(id)", True),
        ('self, dao: "type[Store]"', "return await self.dao.get(id)", True),
        (
            "self, dao: Store, *, size=1",
            '"""Doc."""\n        return await self.dao.get(id=id)',
            True,
        ),
        ('self, dao: "not a name ("', "return await self.dao.get(id)", False),
        ("self, dao: dict", "return await self.dao.get(id)", False),
        ("self, dao: Store, *, size", "return await self.dao.get(id)", False),
        ("self, dao: Store", "return await self.dao.get(7)", False),
        ("self, dao: Store", "return await self.other.get(id)", False),
        ("self, dao: Store", "return await get(id)", False),
        ("self, dao: Store", "return self.dao.get(id)", False),
        ("self, dao: Store", "thing = id\n        return thing", False),
    ],
)
def test_a_service(tmp_path: Path, init: str, method: str, expected: bool) -> None:
    layer = services(
        tmp_path,
        "class Store:\n    async def get(self, id): ...\n\n\n"
        f"class AService:\n    def __init__({init}):\n        self.dao = dao\n\n"
        f"    async def get(self, id):\n        {method}\n",
    )

    assert bool(layer.candidates) is expected
    assert layer.reason == (
        ""
        if expected
        else "no method only returns the answer of a dependency of a known class, and the purpose "
        "of the others cannot be read from their code"
    )


def test_a_service_without_init_or_that_is_a_function(tmp_path: Path) -> None:
    findings = look(
        write(
            tmp_path,
            {
                "main.py": APP,
                "services.py": "class AService:\n    async def a(self): ...\n\n\ndef run(): ...\n",
            },
        )
    )

    assert service_examples(findings.layers["service"], findings.modules, "f").candidates == []
    assert service_examples([], findings.modules, "f") == LayerExamples([], "")


# Routes


def routes(folder: Path, source: str, *, database: bool = False, **route: object) -> LayerExamples:
    findings = look(write(folder, {"main.py": APP + source}))
    asked = {
        "path": "/a",
        "method": "get",
        "module": "main",
        "function": "a",
        "needs": [],
        "responses": ["200"],
        **route,
    }
    kind = POSTGRES if database else None
    return router_examples(findings.layers["router"], [asked], findings.modules, database=kind)


@pytest.mark.parametrize(
    ("source", "called"),
    [
        ('@app.get("/a")\ndef a(): return {"b": (1, [None, "c"])}\n', '{"b": [1, [None, "c"]]}'),
        ('@app.get("/a")\ndef a(): return {}\n', None),
        ('@app.get("/a")\ndef a(): return "text"\n', None),
        ('@app.get("/a")\ndef a(): return {"b": c}\n', None),
        ('@app.get("/a")\ndef a(): return\n', None),
        ('@app.get("/a", status_code=201)\ndef a(): return {"b": 1}\n', None),
        ('@app.get("/a")\ndef a(q=1): return {"b": 1}\n', None),
        (
            'app.on_event("startup")\n\n\n@app.get("/a")\ndef a(): return {"b": 1}\n',
            None,
        ),
        ('FastAPI(lifespan=a)\n\n\n@app.get("/a")\ndef a(): return {"b": 1}\n', None),
    ],
)
def test_a_route(tmp_path: Path, source: str, called: str | None) -> None:
    layer = routes(tmp_path, source)

    *first, last = [candidate.text for candidate in layer.candidates]
    assert ['operation = app.openapi()["paths"]["/a"]["get"]' in last, len(first)] == [
        True,
        0 if called is None else 1,
    ]
    assert all(f"    assert response.json() == {called}\n" in text for text in first)


def test_requests_of_an_empty_database(tmp_path: Path) -> None:
    source = '@app.get("/a/{key}")\ndef a(key: str): ...\n'

    layer = routes(tmp_path, source, database=True, path="/a/{key}", needs=["key"])

    first, second, last = [candidate.text for candidate in layer.candidates]
    assert (
        """
@pytest.mark.asyncio
async def test_a_of_nobody_is_not_found(
    async_client: AsyncClient,
    real_postgres: RealPostgres,
) -> None:
    \"\"\"A row that does not exist is not found.\"\"\"
    response = await async_client.get("/a/1")

    assert response.status_code == 404
"""
        in first
    )
    assert 'get("/a/00000000-0000-0000-0000-000000000001")' in second
    assert "app.openapi()" in last


@pytest.mark.parametrize("needs", [["q"], ["key", "q"]], ids=["a required query", "two parameters"])
def test_a_request_whose_values_are_not_known(tmp_path: Path, needs: list[str]) -> None:
    source = '@app.get("/a/{key}")\ndef a(key: str, q: str): ...\n'

    layer = routes(tmp_path, source, database=True, path="/a/{key}", needs=needs)

    assert ["app.openapi()" in candidate.text for candidate in layer.candidates] == [True]


@pytest.mark.parametrize(
    "route",
    [{"function": "unknown"}, {"responses": []}],
    ids=["not the project's", "hidden"],
)
def test_no_route_to_look_for(tmp_path: Path, route: dict[str, object]) -> None:
    layer = routes(tmp_path, '@app.get("/a")\ndef a(): ...\n', **route)

    assert (list(layer.candidates), layer.reason) == (
        [],
        "no route answers unless something is started, and the app's OpenAPI schema describes none "
        "of the routes that were found",
    )
    assert routes(tmp_path, "", function="unknown").reason == layer.reason


# DTOs


def test_models_that_reject_input(tmp_path: Path) -> None:
    source = (
        "from pydantic import BaseModel\n\n\nclass A(BaseModel): ...\n\n\nclass B(BaseModel): ...\n"
    )
    parts: list[Part] = look(write(tmp_path, {"main.py": APP, "m.py": source})).layers["dto"]
    said = {
        "module": "m",
        "method": "model_validate",
        "bad": {},
        "constrained": False,
        "first": None,
    }
    many = {f"a_long_name_of_a_field_{number}": "missing" for number in range(3)}

    layer = dto_examples(
        parts,
        [
            {**said, "name": "A", "rejected": many},
            {**said, "name": "B", "rejected": {"x": "missing"}},
        ],
    )

    first, second = [candidate.text for candidate in layer.candidates]
    assert '    assert rejected == {"x": "missing"}\n' in first
    assert second.endswith(
        "    assert rejected == {\n"
        '        "a_long_name_of_a_field_0": "missing",\n'
        '        "a_long_name_of_a_field_1": "missing",\n'
        '        "a_long_name_of_a_field_2": "missing",\n'
        "    }\n"
    )
    in_cycle = {**said, "name": "B", "rejected": {"x": "missing"}, "first": "app.bot"}
    (found,) = dto_examples(parts, [in_cycle]).candidates
    assert "\nimport app.bot  # noqa: F401 - a cycle of imports begins with it\n" in found.text
    nothing = dto_examples(parts, [{**said, "name": "A", "rejected": {}}])
    assert (list(nothing.candidates), nothing.reason) == (
        [],
        "no model rejects any input: none has a required field or a constraint",
    )
