"""Why a package cannot be imported: it is not installed, or it is and does not work here."""

from __future__ import annotations


def is_missing(package: str, error: ImportError) -> bool:
    """Return whether an error says that the package itself is not installed."""
    return isinstance(error, ModuleNotFoundError) and error.name == package.partition(".")[0]


def unusable(package: str, error: ImportError) -> str:
    """Return what follows the name of an installed package that cannot be imported."""
    reason = " ".join(str(error).split())
    # Importing it fails without libpq, which psycopg[binary] contains.
    advice = '\nRun: pip install "psycopg[binary]"' if package == "psycopg" else ""
    return f"which is installed but cannot be imported: {reason}{advice}"
