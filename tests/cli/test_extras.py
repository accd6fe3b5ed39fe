from __future__ import annotations

from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest

from understudy.cli.extras import missing


def install(folder: Path, name: str, version: str, *requires: str) -> None:
    info = folder / f"{name}-{version}.dist-info"
    info.mkdir()
    lines = ["Metadata-Version: 2.4", f"Name: {name}", f"Version: {version}"]
    lines += [f"Requires-Dist: {require}" for require in requires]
    (info / "METADATA").write_text("\n".join(lines) + "\n", encoding="utf-8")


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def test_names_what_is_absent_without_its_marker(site: Path) -> None:
    install(site, "uslead", "1", 'usnothere[x]>=2; extra == "show"')

    assert missing("uslead", "show") == ["usnothere[x]>=2"]


def test_names_what_is_too_old(site: Path) -> None:
    install(site, "uslead", "1", 'usold>=2; extra == "show"')
    install(site, "usold", "1.9")

    assert missing("uslead", "show") == ["usold>=2"]


def test_is_content_with_what_is_there_even_a_prerelease(site: Path) -> None:
    install(site, "uslead", "1", 'usnew>=2; extra == "show"')
    install(site, "usnew", "3.0rc1")

    assert missing("uslead", "show") == []


def test_leaves_out_other_extras_other_systems_and_the_core(site: Path) -> None:
    install(
        site,
        "uslead",
        "1",
        "usnothere1",
        'usnothere2; extra == "other"',
        'usnothere3; extra == "show" and python_version < "3"',
        'usnothere4; python_version >= "3"',
    )

    assert missing("uslead", "show") == []


def test_follows_the_extras_that_it_is_made_of(site: Path) -> None:
    install(
        site,
        "uslead",
        "1",
        'uslead[one,two]; extra == "show"',
        'usnothere1; extra == "one"',
        'usthere[fast]; extra == "two"',
        'uslead[show]; extra == "one"',  # round in a circle
    )
    install(site, "usthere", "1", 'USnothere2>=1; extra == "fast"')

    assert missing("uslead", "show") == ["usnothere1", "USnothere2>=1"]


def test_an_extra_that_does_not_exist_misses_nothing(site: Path) -> None:
    install(site, "uslead", "1")

    assert missing("uslead", "show") == []


def test_a_package_that_is_not_installed(site: Path) -> None:
    with pytest.raises(PackageNotFoundError):
        missing("usnothere", "show")


def test_everything_is_here_for_this_suite() -> None:
    assert missing("understudy", "demo") == []
