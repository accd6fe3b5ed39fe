"""The arguments of the commands' runs fit the plugins that the project has."""

from __future__ import annotations

from pathlib import Path

import pytest

from understudy.project import suite_run


def test_installed_plugins_are_kept_quiet(tmp_path: Path) -> None:
    found = suite_run.arguments(tmp_path, tmp_path, None)

    assert {"-n0", "--no-cov", "--randomly-dont-reorganize"} <= set(found)


@pytest.mark.parametrize("addopts", ["-p no:randomly", "-pno:randomly", "-q -p no:randomly -x"])
def test_a_plugin_that_the_project_disables_has_no_options(tmp_path: Path, addopts: str) -> None:
    (tmp_path / "pytest.ini").write_text(f"[pytest]\naddopts = {addopts}\n")

    found = suite_run.arguments(tmp_path, tmp_path, None)

    assert "--randomly-dont-reorganize" not in found
    assert "-n0" in found


def test_a_plugin_that_the_environment_disables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTEST_ADDOPTS", "-p no:xdist")

    assert "-n0" not in suite_run.arguments(tmp_path, tmp_path, None)
