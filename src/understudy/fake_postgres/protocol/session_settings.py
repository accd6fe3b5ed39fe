"""The run-time parameters of one connection."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cache
from types import MappingProxyType

from understudy.fake_postgres.protocol import errors, run_time_parameters
from understudy.fake_postgres.protocol.commands import Modes
from understudy.fake_postgres.protocol.connection import Connection
from understudy.fake_postgres.protocol.statements import Setting
from understudy.pg.errors import ServerError

# Reported to the client, in PostgreSQL 18's order.
REPORTED = (
    "in_hot_standby",
    "integer_datetimes",
    "TimeZone",
    "IntervalStyle",
    "search_path",
    "is_superuser",
    "application_name",
    "default_transaction_read_only",
    "scram_iterations",
    "DateStyle",
    "standard_conforming_strings",
    "session_authorization",
    "client_encoding",
    "server_version",
    "server_encoding",
)
_SINCE_18 = ("search_path",)
# The settings of a transaction, and their defaults.
_OF_TRANSACTIONS = {
    f"transaction_{name}": f"default_transaction_{name}"
    for name in ("isolation", "read_only", "deferrable")
}

# What RESET ALL leaves as it is.
_NOT_RESET = (*_OF_TRANSACTIONS, "session_authorization", "role", "is_superuser")

Values = dict[str, str]
_NONE: Mapping[str, str] = MappingProxyType({})


class Settings:
    """The parameters of one connection.

    `Connection.settings` and `lasting` hold those that differ from the table or are often read.
    They are replaced and never changed, so a rollback restores older ones.

    Args:
        connection: the connection.
        version: the value of server_version.
        overrides: parameters that differ on this server, by name.

    Attributes:
        known: the values last reported to the client.
    """

    def __init__(self, connection: Connection, version: str, overrides: Mapping[str, str]) -> None:
        self._connection = connection
        self._reported, _ = _of_version(version)
        self._initial: Values = {}  # the values after RESET
        self.begin_with(initial_values(version, overrides))
        self.known: Values = {}
        # A custom parameter stays known, with an empty value once it is unset.
        self._made_up: set[str] = set()

    def start(
        self, given: Mapping[str, str], user: str, defaults: Mapping[str, str] = _NONE
    ) -> None:
        """Apply the settings of a startup packet.

        Args:
            given: the settings.
            user: the user.
            defaults: what ALTER ROLE and ALTER DATABASE have set for the user.

        Raises:
            ServerError: a parameter is unknown, or its value invalid.
        """
        self._put("session_authorization", user)
        for name, value in defaults.items():
            with suppress(ServerError):  # PostgreSQL only warns of it
                self._put(name.lower(), _read(name, value))
        for name, value in given.items():
            found = run_time_parameters.find(name)
            if found is not None:
                found.check_settable(at_start=True)
            self._put(name.lower(), _read(name, value))
        self._initial = self._connection.lasting = self._connection.settings

    def begin_with(self, values: Values) -> None:
        """Give a connection its first values."""
        self._connection.settings = self._connection.lasting = self._initial = values

    def note(self, changed: Sequence[Setting]) -> None:
        """Record what a statement has set on the server to which it was forwarded."""
        for name, value, local in changed:
            if name == "session_authorization":  # which ends SET ROLE
                self._put("role", "none", local=local)
            self._put(name, self._initial.get(name) if value is None else value, local=local)
            self._apply_default(name, local=local)

    def set(self, name: str, values: tuple[str, ...] | None, *, local: bool) -> None:
        """Carry out SET.

        Args:
            name: of the parameter, in any case.
            values: its values; without them, its initial value.
            local: whether it lasts only until the end of the transaction.

        Raises:
            ServerError: the parameter is unknown or cannot be set, or the value is invalid.
        """
        key = name.lower()
        found = run_time_parameters.find(key)
        if found is None:
            if not run_time_parameters.custom(key):
                raise errors.unknown_parameter(name)
            self._made_up.add(key)
            value = self._initial.get(key, "") if values is None else ", ".join(values)
        else:
            found.check_settable()
            value = self._start_of(key) if values is None else found.shown(values)
        self._put(key, value, local=local)
        self._apply_default(key, local=local)

    def _apply_default(self, key: str, *, local: bool) -> None:
        """Let a default of transactions govern the statements outside of a block."""
        if key.startswith("default_transaction_") and self._connection.current is None:
            value = self._connection.settings[key]
            self._put(key.removeprefix("default_"), value, local=local)

    def reset_all(self, *, authorization: bool = False) -> None:
        """Carry out RESET ALL; `authorization`: and reset user and role."""
        settings = self._connection.settings
        kept = _OF_TRANSACTIONS if authorization else _NOT_RESET
        own = {key: settings[key] for key in kept if key in settings}
        start = {key: value for key, value in self._initial.items() if key not in kept}
        self._connection.settings = self._connection.lasting = {**start, **own}

    def set_modes(self, modes: Modes) -> None:
        """Set the modes of the current transaction."""
        self._connection.settings = {**self._connection.settings, **dict(modes)}

    def begin(self, modes: Modes) -> None:
        """Set the modes of a new transaction; the others get their defaults."""
        settings = self._connection.settings
        defaults = {key: settings[default] for key, default in _OF_TRANSACTIONS.items()}
        self._connection.settings = {**settings, **defaults, **dict(modes)}

    def modes(self) -> Modes:
        """Return the modes of the current transaction."""
        return tuple((key, self._connection.settings[key]) for key in _OF_TRANSACTIONS)

    def show(self, name: str) -> str:
        """Carry out SHOW.

        Raises:
            ServerError: the parameter is unknown.
        """
        key = name.lower()
        value = self._connection.settings.get(key)
        if value is not None:
            return value
        if key in self._made_up:
            return ""
        if run_time_parameters.find(key) is None:
            raise errors.unknown_parameter(name)
        return self._start_of(key)

    def changes(self) -> Iterator[tuple[str, str]]:
        """Yield names and values that changed since the last report to the client."""
        settings = self._connection.settings
        for name, key in self._reported:
            if settings[key] != self.known.get(key):
                yield name, settings[key]
        self.known = settings

    # TransactionalState

    def mark(self) -> tuple[Values, Values]:
        """Return what to go back to."""
        return self._connection.settings, self._connection.lasting

    def restore(self, mark: tuple[Values, Values]) -> None:
        """Go back to what `mark` returned."""
        self._connection.settings, self._connection.lasting = mark

    fail = restore

    def settle(self, mark: tuple[Values, Values], *, commit: bool) -> None:
        """End a transaction: keep lasting values, or go back to its beginning."""
        lasting = self._connection.lasting if commit else mark[1]
        modes = {key: lasting[default] for key, default in _OF_TRANSACTIONS.items()}
        if any(lasting[key] != value for key, value in modes.items()):
            lasting = {**lasting, **modes}
        self._connection.settings = self._connection.lasting = lasting

    def _put(self, key: str, value: str | None, *, local: bool = False) -> None:
        connection = self._connection
        connection.settings = _with(connection.settings, key, value)
        if not local:
            connection.lasting = _with(connection.lasting, key, value)

    def _start_of(self, key: str) -> str:
        return self._initial[key] if key in self._initial else _initial(key)


def _with(values: Values, key: str, value: str | None) -> Values:
    if value is not None:
        return {**values, key: value}
    return {name: kept for name, kept in values.items() if name != key}


def initial_values(version: str, overrides: Mapping[str, str]) -> Values:
    """Return the parameters of a new connection.

    Args:
        version: the value of server_version.
        overrides: parameters that differ on the server, by name, as SHOW gives them.
    """
    _, start = _of_version(version)
    return {**start, **{name.lower(): _read(name, value) for name, value in overrides.items()}}


@cache
def _of_version(version: str) -> tuple[list[tuple[str, str]], Values]:
    """Return what a version reports, by name and key, and the initial values of a connection."""
    major = int(version.partition(".")[0])
    reported = [(name, name.lower()) for name in REPORTED if major >= 18 or name not in _SINCE_18]
    start = {key: _initial(key) for _, key in reported}
    start |= {name: _initial(name) for pair in _OF_TRANSACTIONS.items() for name in pair}
    start |= {"server_version": version, "server_version_num": _number_of(version)}
    return reported, start


def _read(name: str, value: str) -> str:
    """Return a value, given as one text, as SHOW formats it.

    Raises:
        ServerError: the parameter is unknown, or the value invalid.
    """
    found = run_time_parameters.find(name)
    if found is None and not run_time_parameters.custom(name):
        raise errors.unknown_parameter(name)
    # A list already has SHOW's format.
    return value if found is None or name.lower() == "search_path" else found.shown((value,))


def _initial(name: str) -> str:
    found = run_time_parameters.find(name)
    assert found is not None, name
    return found.initial


def _number_of(version: str) -> str:
    """Return a version as a number: "18.4" is 180004."""
    major, _, minor = version.partition(".")
    return f"{int(major)}{int(minor or 0):04d}"
