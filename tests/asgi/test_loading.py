"""From "module:attribute" to an app, and what is said where that fails."""

from __future__ import annotations

import functools
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from understudy.asgi import AppError, load_app

CONFIGURE = (
    'The app is configured as app = "module:attribute" in [tool.understudy] of pyproject.toml,'
    " or by --understudy-app."
)


class Files:
    """A folder on sys.path, and what importing from it leaves behind taken away."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def __call__(self, **files: str) -> Files:
        for name, text in files.items():
            path = self.root / f"{name.replace('__', '/')}.py"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(dedent(text), encoding="utf-8")
        return self

    def load(self, target: str) -> Any:
        return load_app(target, self.root)

    def refusal(self, target: str) -> str:
        return self.error(target).args[0].replace(str(self.root), "ROOT")  # type: ignore[no-any-return]

    def error(self, target: str) -> AppError:
        with pytest.raises(AppError) as caught:
            self.load(target)
        return caught.value


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Files]:
    monkeypatch.syspath_prepend(tmp_path)
    before = set(sys.modules)
    yield Files(tmp_path)
    for name in set(sys.modules) - before:
        del sys.modules[name]


APPS = """
    import functools

    async def app(scope, receive, send): ...

    class App:
        def __init__(self, name="x"): self.name = name
        async def __call__(self, scope, receive, send): ...

    instance = App()
    forwarding = functools.partial(app)

    def factory(debug=False):
        return instance

    def wide(a=1, b=2, c=3):
        return instance

    bound = functools.partial(lambda made: made, instance)

    class Namespace:
        inner = instance
        @staticmethod
        def make(): return instance
        @classmethod
        def build(cls): return instance

    class Maker:
        def __call__(self): return instance

    maker = Maker()

    def anything(*args):
        assert not args
        return instance
"""


@pytest.mark.parametrize(
    "attribute",
    [
        "instance",
        "factory",
        "wide",
        "bound",
        "Namespace.inner",
        "Namespace.make",
        "Namespace.build",
        "maker",
        "anything",
    ],
)
def test_an_app_or_a_factory_of_one(files: Files, attribute: str) -> None:
    files(web__apps=APPS)
    app = files.load(f"web.apps:{attribute}")
    assert app is sys.modules["web.apps"].instance


def test_a_function_of_three_arguments_is_an_app(files: Files) -> None:
    files(web__apps=APPS)
    module_app = files.load("web.apps:app")
    assert module_app is sys.modules["web.apps"].app
    assert isinstance(files.load("web.apps:forwarding"), functools.partial)


def test_a_class_is_a_factory(files: Files) -> None:
    files(web__apps=APPS)
    assert files.load("web.apps:App").name == "x"


def test_no_such_module_in_a_package(files: Files) -> None:
    files(src__config__factory="", src__config__settings="", src__config__sub__deep="")
    error = files.error("src.config.factry:create_app")
    assert isinstance(error.__cause__, ModuleNotFoundError)
    assert str(error) == (
        "The app 'src.config.factry:create_app' cannot be loaded:"
        " there is no module 'src.config.factry'.\n"
        "Did you mean 'src.config.factory'?\n"
        "The package 'src.config' was found; it contains: factory, settings, sub.\n" + CONFIGURE
    )


def test_no_such_module_and_nothing_near(files: Files) -> None:
    (files.root / "bare").mkdir()
    (files.root / "bare" / "not-a-module").mkdir()
    (files.root / "bare" / "__pycache__").mkdir()
    assert files.refusal("bare.app:app") == (
        "The app 'bare.app:app' cannot be loaded: there is no module 'bare.app'.\n"
        "The package 'bare' was found; it contains: no module.\n" + CONFIGURE
    )


def test_no_such_package(files: Files) -> None:
    files(sources__main="")
    assert files.refusal("source.main:app") == (
        "The app 'source.main:app' cannot be loaded: there is no module 'source'.\n"
        "Did you mean 'sources'?\n"
        "Searched sys.path, starting with the rootdir ROOT.\n" + CONFIGURE
    )


def test_a_module_is_no_package(files: Files) -> None:
    files(main="")
    assert files.refusal("main.app:create") == (
        "The app 'main.app:create' cannot be loaded: there is no module 'main.app'.\n"
        "'main' is a module, not a package: it is the file main.py.\n" + CONFIGURE
    )


def test_a_module_that_raises_while_it_is_imported(files: Files) -> None:
    files(src__main="from src import settings\n", src__settings="\n\nDEBUG = int('yes')\n")
    error = files.error("src.main:app")
    assert isinstance(error.__cause__, ValueError)
    assert str(error) == (
        "The app 'src.main:app' cannot be loaded: importing 'src.main' raised\n"
        "  ValueError: invalid literal for int() with base 10: 'yes'\n"
        "  at src/settings.py:3"
    )


def test_a_module_that_imports_what_is_not_there(files: Files) -> None:
    files(src__main="import os\nimport not_installed_here\n")
    assert files.refusal("src.main:app") == (
        "The app 'src.main:app' cannot be loaded: importing 'src.main' raised\n"
        "  ModuleNotFoundError: No module named 'not_installed_here'\n"
        "  at src/main.py:2"
    )


def test_a_module_that_does_not_parse(files: Files) -> None:
    files(src__main="x = 1\napp = = 2\n")
    assert files.refusal("src.main:app") == (
        "The app 'src.main:app' cannot be loaded: importing 'src.main' raised\n"
        "  SyntaxError: invalid syntax (main.py, line 2)\n"
        "  at src/main.py:2"
    )


def test_a_module_that_exits(files: Files) -> None:
    files(src__main="import sys\nsys.exit()\n")
    assert files.refusal("src.main:app") == (
        "The app 'src.main:app' cannot be loaded: importing 'src.main' raised\n"
        "  SystemExit\n"
        "  at src/main.py:2"
    )


def test_no_such_attribute(files: Files) -> None:
    files(src__main="application = 1\ndef create_app(): ...\n")
    assert files.refusal("src.main:create_ap") == (
        "The app 'src.main:create_ap' cannot be loaded:"
        " the module 'src.main' (src/main.py) has no attribute 'create_ap'.\n"
        "Did you mean 'create_app'?\n" + CONFIGURE
    )
    assert files.refusal("src.main:zzz") == (
        "The app 'src.main:zzz' cannot be loaded:"
        " the module 'src.main' (src/main.py) has no attribute 'zzz'.\n" + CONFIGURE
    )
    assert files.refusal("src:main_") == (
        "The app 'src:main_' cannot be loaded: the module 'src' has no attribute 'main_'.\n"
        "Did you mean 'main'?\n" + CONFIGURE
    )


def test_no_such_attribute_of_an_attribute(files: Files) -> None:
    files(src__main="class Apps:\n    admin = 1\n")
    assert files.refusal("src.main:Apps.admn") == (
        "The app 'src.main:Apps.admn' cannot be loaded: 'Apps' has no attribute 'admn'.\n"
        "Did you mean 'admin'?\n" + CONFIGURE
    )


def test_a_factory_that_raises(files: Files) -> None:
    files(
        src__main="""
            from src.settings import read

            def create_app():
                return read()
        """,
        src__settings="def read():\n    raise KeyError('DATABASE_URL')\n",
    )
    error = files.error("src.main:create_app")
    assert isinstance(error.__cause__, KeyError)
    assert str(error) == (
        "The app 'src.main:create_app' cannot be made:"
        " the factory create_app() at src/main.py:4 raised\n"
        "  KeyError: 'DATABASE_URL'\n"
        "  at src/settings.py:2"
    )


def test_a_factory_whose_dependency_raises_is_blamed_in_the_project(files: Files) -> None:
    files(src__main="import json\n\ndef create_app():\n    return json.loads('{')\n")
    assert files.refusal("src.main:create_app").endswith("\n  at src/main.py:4")


def test_a_factory_that_needs_arguments(files: Files) -> None:
    files(src__main="def create_app(settings, *extra, debug, log=None, **more): ...\n")
    assert files.refusal("src.main:create_app") == (
        "The app 'src.main:create_app' cannot be made: the factory"
        " create_app(settings, *extra, debug, log=None, **more) at src/main.py:1"
        " is called without arguments, and needs: settings, debug.\n"
        "Give them defaults, or name a function that needs none."
    )


def test_a_class_that_needs_arguments(files: Files) -> None:
    files(src__main="class App:\n    def __init__(self, a, b, c): ...\n")
    assert files.refusal("src.main:App") == (
        "The app 'src.main:App' cannot be made: the factory App(a, b, c)"
        " is called without arguments, and needs: a, b, c.\n"
        "Give them defaults, or name a function that needs none."
    )


@pytest.mark.parametrize("text", ["async def create_app(): ...", "create_app = lambda: other()"])
def test_a_factory_that_is_async(files: Files, text: str) -> None:
    files(src__main=f"async def other(): ...\n{text}\n")
    assert files.refusal("src.main:create_app") == (
        "The app 'src.main:create_app' cannot be made:"
        " the factory create_app() at src/main.py:2 is async.\n"
        "The app would be tied to an event loop in which no test runs. Move the awaits"
        " into the app's lifespan and make the factory a plain function."
    )


def test_a_factory_that_returns_nothing(files: Files) -> None:
    files(src__main="def create_app():\n    app = object()\n")
    assert files.refusal("src.main:create_app") == (
        "The app 'src.main:create_app' cannot be made: the factory create_app() at src/main.py:1"
        " returned None, which is not an ASGI app.\n"
        "Does it end with `return app`?"
    )


@pytest.mark.parametrize(
    ("made", "shown"),
    [("'app'", "'app' (a str)"), ("print", "<built-in function print> (a builtin_function_or_m")],
)
def test_a_factory_that_returns_something_else(files: Files, made: str, shown: str) -> None:
    files(src__main=f"def create_app():\n    return {made}\n")
    if made == "print":
        # It takes any arguments: nothing tells it from an app before it is called.
        assert files.load("src.main:create_app") is print
        return
    assert files.refusal("src.main:create_app") == (
        "The app 'src.main:create_app' cannot be made: the factory create_app() at src/main.py:1"
        f" returned {shown}, which is not an ASGI app."
    )


def test_a_factory_that_returns_a_class(files: Files) -> None:
    files(src__main="def create_app():\n    return dict\n")
    assert files.refusal("src.main:create_app") == (
        "The app 'src.main:create_app' cannot be made: the factory create_app() at src/main.py:1"
        " returned <class 'dict'> (a type), which is not an ASGI app."
    )


def test_an_attribute_that_is_no_app(files: Files) -> None:
    files(src__main="VERSION = '1.0'\n")
    assert files.refusal("src.main:VERSION") == (
        "The app 'src.main:VERSION' is '1.0' (a str),"
        " which is neither an ASGI app nor a factory of one.\n" + CONFIGURE
    )


def test_an_object_that_can_be_called_otherwise(files: Files) -> None:
    files(src__main="class C:\n    def __call__(self, one): ...\nc = C()\n")
    message = files.refusal("src.main:c")
    assert message.startswith("The app 'src.main:c' is <src.main.C object at 0x")
    assert message.endswith(
        "(a C), which is neither an ASGI app nor a factory of one.\n" + CONFIGURE
    )


def test_a_builtin_without_a_signature_is_called(files: Files) -> None:
    # dict is written in C and tells no signature; called without arguments it returns {}.
    files(src__main="make = dict\n")
    assert files.refusal("src.main:make") == (
        "The app 'src.main:make' cannot be made: the factory make() returned"
        " {} (a dict), which is not an ASGI app."
    )
