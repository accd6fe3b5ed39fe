"""The reference backend: where it lies, and how it is copied."""

from __future__ import annotations

import shutil
from pathlib import Path

import understudy
from understudy.cli import messages

_PACKAGE = Path(understudy.__file__).parent
# In the wheel, and in a checkout.
_PLACES = (_PACKAGE / "_backend", _PACKAGE.parents[1] / "examples" / "backend")

# What working in a checkout, or installing a wheel, leaves in it.
_LEFTOVERS = shutil.ignore_patterns(
    "__pycache__",
    ".*_cache",
    ".venv*",
    ".env",
    ".coverage*",
    ".hypothesis",
    "htmlcov",
    "*.egg-info",
)


class BackendError(Exception):
    """The backend cannot be found, copied or run; the text is the whole message."""


def check_new(folder: Path) -> None:
    """Check that ``folder`` can take a copy.

    Raises:
        BackendError: it is a file, or a folder that is not empty.
    """
    if folder.is_dir():
        if any(folder.iterdir()):
            raise BackendError(messages.folder_taken(str(folder)))
    elif folder.exists() or folder.is_symlink():
        raise BackendError(f"{folder} is a file; the demo needs a folder, new or empty.")


def check_project(folder: Path) -> None:
    """Check that ``folder`` is a project.

    Raises:
        BackendError: it has no pyproject.toml.
    """
    if not (folder / "pyproject.toml").is_file():
        raise BackendError(messages.nothing_in_place(str(folder)))


def copy_to(folder: Path) -> None:
    """Copy the reference backend into ``folder``, creating it if it does not exist.

    Raises:
        BackendError: this installation has no backend, or the system refuses.
    """
    try:
        # copyfile: an installation may be read-only, its copy is to be worked on.
        shutil.copytree(
            _find(), folder, ignore=_LEFTOVERS, copy_function=shutil.copyfile, dirs_exist_ok=True
        )
    except shutil.Error as error:
        reason = "; ".join(str(why) for _, _, why in error.args[0])
        raise BackendError(messages.cannot_copy(str(folder), reason)) from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise BackendError(messages.cannot_copy(str(folder), reason)) from error


def _find() -> Path:
    for place in _PLACES:
        if (place / "pyproject.toml").is_file():
            return place
    raise BackendError(messages.no_backend(_PLACES))
