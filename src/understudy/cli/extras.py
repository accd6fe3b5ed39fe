"""Which packages of an extra are missing, as the installed metadata has it."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import metadata

from packaging.requirements import Requirement


def missing(package: str, extra: str) -> list[str]:
    """Return the requirements of ``package[extra]`` that are not met, sorted.

    Extras that the extra names in turn, of the package itself or of others, are followed.

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
                waiting += [(requirement.name, each) for each in requirement.extras]
            else:
                requirement.marker = None  # it says when, not what
                found.add(str(requirement))
    return sorted(found, key=str.lower)


def _required_by(package: str, extra: str) -> Iterator[Requirement]:
    """What an extra adds to a package's own requirements."""
    for text in metadata.requires(package) or []:
        requirement = Requirement(text)
        marker = requirement.marker
        if marker is None or marker.evaluate({"extra": ""}):
            continue  # the package needs it in any case
        if marker.evaluate({"extra": extra}):
            yield requirement


def _is_met(requirement: Requirement) -> bool:
    try:
        version = metadata.version(requirement.name)
    except metadata.PackageNotFoundError:
        return False
    return requirement.specifier.contains(version, prereleases=True)
