"""The reference backend of the demo: where it is installed, and how it is copied."""

from __future__ import annotations

import shutil
from pathlib import Path

import understudy
from understudy.cli.command import CommandFailed

_PACKAGE = Path(understudy.__file__).parent
# In the wheel, and in a checkout.
_PLACES = (_PACKAGE / "_backend", _PACKAGE.parents[1] / "examples" / "backend")

# What working in a checkout, or installing a wheel, leaves there.
_LEFTOVERS = shutil.ignore_patterns(
    *("__pycache__", ".*_cache", ".venv*", ".env", ".coverage*", ".hypothesis", "htmlcov"),
    "*.egg-info",
)


def check_new(folder: Path) -> None:
    """Check that a folder can be used for a copy.

    Raises:
        CommandFailed: It is a file, or not empty.
    """
    if folder.is_dir():
        if any(folder.iterdir()):
            raise CommandFailed(
                f"{folder} exists and is not empty; the demo needs a new folder.\n"
                "To use another one:         understudy demo FOLDER\n"
                f"To run the suite in it:     understudy demo --in-place {folder}"
            )
    elif folder.exists() or folder.is_symlink():
        raise CommandFailed(f"{folder} is a file; the demo needs a folder, new or empty.")


def check_project(folder: Path) -> None:
    """Check that a folder is a project.

    Raises:
        CommandFailed: It has no pyproject.toml.
    """
    if not (folder / "pyproject.toml").is_file():
        raise CommandFailed(
            f"{folder} is not a project: there is no {folder}/pyproject.toml.\n"
            f"To copy the reference backend there, omit --in-place: understudy demo {folder}"
        )


def copy_to(folder: Path) -> None:
    """Copy the reference backend into a folder, which is created if it does not exist.

    Raises:
        CommandFailed: This installation has no backend, or the copy failed.
    """
    try:
        # copyfile, because an installation may be read-only, and the copy must not be.
        shutil.copytree(
            _find(), folder, ignore=_LEFTOVERS, copy_function=shutil.copyfile, dirs_exist_ok=True
        )
    except OSError as error:
        reason = error.strerror or str(error)
        if isinstance(error, shutil.Error):
            reason = "; ".join(str(why) for _, _, why in error.args[0])
        raise CommandFailed(
            f"Cannot copy the reference backend to {folder}: {reason}\n"
            "The files copied so far remain. Use another folder: understudy demo FOLDER"
        ) from error


def _find() -> Path:
    for place in _PLACES:
        if (place / "pyproject.toml").is_file():
            return place
    places = "\n".join(f"  {place}" for place in _PLACES)
    raise CommandFailed(
        "This installation of understudy lacks its reference backend, which should be in\n"
        f"{places}\n"
        "Install it again: pip install --force-reinstall --no-deps understudy"
    )
