"""Files are replaced as a whole, and several of them together or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from understudy.atomic_write import write_files


def test_writing_keeps_the_mode_and_a_link(tmp_path: Path) -> None:
    file = tmp_path / "real.py"
    file.write_text("old")
    file.chmod(0o640)
    (tmp_path / "link.py").symlink_to(file)

    write_files({tmp_path / "link.py": b"new"})

    assert (file.read_text(), file.stat().st_mode & 0o777) == ("new", 0o640)
    assert (tmp_path / "link.py").is_symlink()


def test_writing_that_fails_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "a.py"
    file.write_text("old")

    def refuse(self: Path, target: Path) -> None:
        raise OSError("full")

    monkeypatch.setattr(Path, "replace", refuse)

    with pytest.raises(OSError, match="full"):
        write_files({file: b"new"})

    assert list(tmp_path.iterdir()) == [file]
    assert file.read_text() == "old"


def test_missing_folders_are_made(tmp_path: Path) -> None:
    write_files({tmp_path / "a" / "b.py": b"1", tmp_path / "a" / "c.py": b"2"})

    assert (tmp_path / "a" / "b.py").read_bytes() == b"1"
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == ["b.py", "c.py"]
