"""Pytest's configuration is found and read as pytest itself does it."""

from __future__ import annotations

from pathlib import Path

import pytest
from _pytest.config.findpaths import CONFIG_LOADERS_BY_NAME, locate_config

from understudy.project import pytest_config

CONFIGURED = {
    "pytest.toml": "[pytest]\npython_files = ['%s']\n",
    ".pytest.toml": "[pytest]\npython_files = ['%s']\n",
    "pytest.ini": "[pytest]\npython_files = %s\n",
    ".pytest.ini": "[pytest]\npython_files = %s\n",
    "pyproject.toml": "[tool.pytest]\npython_files = ['%s']\n",
    "tox.ini": "[pytest]\npython_files = %s\n",
    "setup.cfg": "[tool:pytest]\npython_files = %s\n",
}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pytest.toml", "[pytest]\nasyncio_mode = 'auto'\n"),
        (".pytest.toml", "[pytest]\nasyncio_mode = 'auto'\n"),
        ("pytest.ini", "[pytest]\nasyncio_mode = auto\n"),
        (".pytest.ini", "[pytest]\nasyncio_mode=auto\n"),
        ("tox.ini", "[pytest]\nasyncio_mode = auto\n"),
        ("setup.cfg", "[tool:pytest]\nasyncio_mode = auto\n"),
        ("pyproject.toml", "[tool.pytest.ini_options]\nasyncio_mode = 'auto'\n"),
        (
            "pyproject.toml",
            "[tool.pytest.ini_options]\nasyncio_mode = 'auto'\n[tool.pytest.extra]\nx = 1\n",
        ),
        ("pyproject.toml", "[tool.pytest]\nasyncio_mode = 'auto'\n"),
        ("pyproject.toml", "[tool.pytest.ini_options]\naddopts = ['--asyncio-mode=auto']\n"),
    ],
)
def test_pytests_configuration_is_read(name: str, text: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text)

    found = pytest_config.read(tmp_path)

    assert found is not None
    assert found.asyncio_mode == "auto"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("tox.ini", "[tox]\nenvlist = py\n"),
        ("setup.cfg", "[metadata\nname"),
        ("pyproject.toml", "[tool.pytest"),
        ("pyproject.toml", "tool = 'pytest'"),
        ("pyproject.toml", "[project]\nname = 'x'"),
        ("tox.ini", "\xe9"),
    ],
)
def test_files_without_a_configuration(name: str, text: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text, encoding="latin-1")

    assert pytest_config.read(tmp_path) is None


def test_the_files_are_pytests_in_its_order() -> None:
    assert list(pytest_config.FILES) == list(CONFIG_LOADERS_BY_NAME)


@pytest.mark.parametrize("missing", range(len(CONFIGURED)))
def test_the_first_file_counts_as_for_pytest(missing: int, tmp_path: Path) -> None:
    for name in list(CONFIGURED)[missing:]:
        (tmp_path / name).write_text(CONFIGURED[name] % name)

    found = pytest_config.read(tmp_path)
    _, file, options, _ = locate_config(tmp_path, [tmp_path])

    assert found is not None
    assert file is not None
    assert found.file == file.name
    assert found.words("python_files") == (file.name,)
    assert found.is_test_file(Path(file.name))
    assert options["python_files"].value in (file.name, [file.name])


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pytest.toml", ""),
        (".pytest.toml", "[other]"),
        ("pytest.ini", ""),
        (".pytest.ini", "[other]\na = 1\n"),
        ("pyproject.toml", "[tool.pytest.ini_options]\n"),
        ("pyproject.toml", "[tool.pytest]\n"),
        ("pyproject.toml", "[project]\nname = 'pytest'\n"),
        ("tox.ini", "[pytest]\n"),
        ("tox.ini", "[tool:pytest]\n"),
        ("setup.cfg", "[tool:pytest]\n"),
    ],
)
def test_an_empty_table_counts_where_it_does_for_pytest(
    name: str, text: str, tmp_path: Path
) -> None:
    # What pytest comes to if it finds no configuration in the file before.
    (tmp_path / "setup.cfg").write_text("[tool:pytest]\n")
    (tmp_path / name).write_text(text)

    found = pytest_config.read(tmp_path)
    _, file, _, _ = locate_config(tmp_path, [tmp_path])

    assert found is not None
    assert file is not None
    assert found.file == file.name


@pytest.mark.parametrize(
    ("name", "text", "section"),
    [
        ("pytest.toml", "[pytest]\nxfail_strict = true", "[pytest]"),
        ("pyproject.toml", "[tool.pytest]\nxfail_strict = true", "[tool.pytest]"),
        (
            "pyproject.toml",
            "[tool.pytest.ini_options]\nxfail_strict = true",
            "[tool.pytest.ini_options]",
        ),
        ("setup.cfg", "[tool:pytest]\nxfail_strict = true", "[tool:pytest]"),
    ],
)
def test_the_section_is_told(name: str, text: str, section: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text)

    found = pytest_config.read_strictly(tmp_path)

    assert found is not None
    assert found.section == section
    assert found.options == {"xfail_strict": "true" if name == "setup.cfg" else True}


@pytest.mark.parametrize(
    ("name", "text"),
    [("pytest.toml", "[pytest"), ("pyproject.toml", "[tool.pytest"), ("tox.ini", "pytest")],
)
def test_a_broken_file_is_named(name: str, text: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(text)

    with pytest.raises(pytest_config.BrokenConfiguration) as raised:
        pytest_config.read_strictly(tmp_path)

    assert raised.value.file == tmp_path / name
