"""Find the packages of an extra that are missing, by the installed metadata."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import metadata

from packaging.requirements import Requirement


def missing(package: str, extra: str) -> list[str]:
    """Return the requirements of ``package[extra]`` that are not met, sorted.

    This includes the extras that the extra itself requires.

    Raises:
        importlib.metadata.PackageNotFoundError: ``package`` itself is not installed.
    """
    found: set[str] = set()
    seen: set[tuple[str, str]] = set()
    waiting = [(package, extra)]
    while waiting:
        pair = waiting.pop()
        if pair in seen:
            continue
        seen.add(pair)
        for requirement in _required_by(*pair):
            if _is_met(requirement):
                waiting += [(requirement.name, inner) for inner in requirement.extras]
            else:
                requirement.marker = None  # not worth showing
                found.add(str(requirement))
    return sorted(found, key=str.lower)


def _required_by(package: str, extra: str) -> Iterator[Requirement]:
    """Yield what an extra adds to a package's requirements."""
    for text in metadata.requires(package) or []:
        requirement = Requirement(text)
        marker = requirement.marker
        if marker is None or marker.evaluate({"extra": ""}):
            continue  # a requirement without the extra
        if marker.evaluate({"extra": extra}):
            yield requirement


def _is_met(requirement: Requirement) -> bool:
    try:
        version = metadata.version(requirement.name)
    except metadata.PackageNotFoundError:
        return False
    return requirement.specifier.contains(version, prereleases=True)
