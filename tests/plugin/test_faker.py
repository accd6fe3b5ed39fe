"""The fixture `faker`: its locale, and the same values for a test in every run."""

from __future__ import annotations

import re

import pytest

from tests.plugin.conftest import Project

PRINTS = """
    import pytest

    @pytest.mark.parametrize("n", range(3))
    def test_it(faker, n):
        print(f"<{n}: {faker.name()} {faker.pyint()}>")

    @pytest.mark.xdist_group("one")
    def test_group(faker):
        print(f"<group: {faker.name()} {faker.pyint()}>")
"""


@pytest.fixture
def project(pytester: pytest.Pytester) -> Project:
    """An empty project, whose runs load the plugin that this is about."""
    return Project(pytester, plugins=("faker",))


def _values(result: pytest.RunResult) -> set[str]:
    return set(re.findall(r"<.*>", result.stdout.str()))


def test_the_locale_is_american_unless_configured(project: Project) -> None:
    project.write(test_it="def test_it(faker): assert faker.locales == ['en_US']")
    project.passes()


@pytest.mark.parametrize("locale", ["pt_BR", "pt-BR"])
def test_the_configured_locale(project: Project, locale: str) -> None:
    project.configure(f"[tool.understudy]\nlocale = '{locale}'")
    project.write(
        test_it="""
            def test_it(faker):
                assert faker.locales == ["pt_BR"]
                assert len(faker.cpf()) == 14
        """
    )
    project.passes()


def test_a_test_has_its_values_whatever_runs_before_it(project: Project) -> None:
    project.write(test_it=PRINTS)
    whole = _values(project.passes("-rA", passed=4))
    assert len(whole) == 4
    assert len({value.split(":")[1] for value in whole}) == 4
    assert _values(project.passes("-rA", "-k", "it[2]")) == {v for v in whole if v[1] == "2"}


def test_the_values_are_the_same_in_workers_of_xdist(project: Project) -> None:
    project.write(test_it=PRINTS)
    alone = project.passes("-rA", passed=4)
    spread = project.run("-rA", "-n2", "--dist=loadgroup", subprocess=True)
    spread.assert_outcomes(passed=4)
    assert _values(alone) == _values(spread)


def test_pytest_randomly_does_not_change_the_values(project: Project) -> None:
    project.write(test_it=PRINTS)
    alone = _values(project.passes("-rA", passed=4))
    result = project.pytester.runpytest_inprocess("-rA", "-p", "no:asyncio", "--randomly-seed=7")
    result.assert_outcomes(passed=4)
    assert _values(result) == alone


def test_one_test_does_not_touch_the_faker_of_another(project: Project) -> None:
    project.write(
        test_it="""
            seen = []

            def test_one(faker):
                faker.unique.random_int(1, 1)
                faker.marked = True
                seen.append(faker)

            def test_two(faker):
                assert faker.unique.random_int(1, 1) == 1
                assert faker is not seen[0]
                assert not hasattr(faker, "marked")
        """
    )
    project.passes(passed=2)


def test_seed_and_locale_of_the_project_are_obeyed(project: Project) -> None:
    project.configure("[tool.understudy]\nlocale = 'pt_BR'")
    project.write(
        test_it="""
            import pytest
            from faker import Faker

            @pytest.fixture
            def faker_locale(): return ["de_DE", "fr_FR"]

            @pytest.fixture(autouse=True)
            def faker_seed(): return 42

            def test_seed(faker):
                expected = Faker("pt_BR")
                expected.seed_instance(42)
                assert faker.name() == expected.name()

            def test_locale(faker_locale, faker):
                assert faker.locales == ["de_DE", "fr_FR"]
        """
    )
    project.passes(passed=2)


def test_a_faker_of_a_class_or_a_module_goes_before_ours(project: Project) -> None:
    project.write(
        test_it="""
            import pytest

            @pytest.fixture
            def faker(): return "the module's"

            def test_module(faker): assert faker == "the module's"

            class TestClass:
                @pytest.fixture
                def faker(self, faker): return f"the class's, over {faker}"

                def test_class(self, faker): assert faker == "the class's, over the module's"
        """
    )
    project.passes(passed=2)


def test_a_doctest_may_ask_for_it(project: Project) -> None:
    project.write(
        test_it='''
            """
            >>> getfixture("faker").locales
            ['en_US']
            """
        '''
    )
    project.passes("--doctest-modules")


def test_an_unknown_locale(project: Project) -> None:
    project.configure("[tool.understudy]\nlocale = 'pt_BB'")
    project.write(test_it="def test_it(faker): pass")
    lines = project.message("test_it").replace(str(project.path), "ROOT").splitlines()
    assert lines[0] == (
        "locale in [tool.understudy] of ROOT/pyproject.toml: 'pt_BB' is not a locale that Faker"
        " knows. Did you mean 'pt_BR'?"
    )
    assert re.fullmatch(r"The locales are: (\w+, )+\w+\.", lines[1])
    assert len(lines) == 2
    assert project.message("test_it", "--understudy-locale=zz").startswith(
        "--understudy-locale: 'zz' is not a locale that Faker knows.\nThe locales are: "
    )


def test_faker_not_installed(project: Project) -> None:
    project.write(
        conftest="import sys; sys.modules['faker'] = None",
        test_it="def test_it(faker): pass",
    )
    assert project.message("test_it", "-p", "no:faker") == (
        '`faker` needs Faker, which is not installed.\npip install "understudy[faker]"'
    )
