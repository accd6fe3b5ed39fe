"""The wording of what a server says to its clients: PostgreSQL's own, to the letter."""

from __future__ import annotations

from collections.abc import Sequence

ABORTED = "current transaction is aborted, commands ignored until end of transaction block"


def invalid_string() -> str:
    """Say that a string in a message has no end."""
    return "invalid string in message"


def insufficient_data() -> str:
    """Say that a message is shorter than what it announces."""
    return "insufficient data left in message"


def no_data() -> str:
    """Say that a message ends where a byte was to come."""
    return "no data left in message"


def invalid_format() -> str:
    """Say that there is more in a message than belongs there."""
    return "invalid message format"


def bad_encoding(data: bytes) -> str:
    """Say that a text is not in the encoding of the client."""
    shown = " ".join(f"0x{byte:02x}" for byte in data)
    return f'invalid byte sequence for encoding "UTF8": {shown}'


def unknown_message(kind: int) -> str:
    """Say that there are no messages of this kind."""
    return f"invalid frontend message type {kind}"


def unknown_subtype(message: str, kind: str) -> str:
    """Say that a Describe or a Close names neither a statement nor a portal."""
    return f"invalid {message} message subtype {ord(kind)}"


def function_calls() -> str:
    """Say that the oldest way to call a function is not there."""
    return "fastpath function calls are not supported by fake_postgres; use SELECT"


def unsupported_protocol(major: int, minor: int) -> str:
    """Say that another version of the protocol was asked for."""
    return f"unsupported frontend protocol {major}.{minor}: server supports 3.0 to 3.2"


def startup_layout() -> str:
    """Say that a startup packet does not end as it should."""
    return "invalid startup packet layout: expected terminator as last byte"


def no_user() -> str:
    """Say that a startup packet names nobody."""
    return "no PostgreSQL user name specified in startup packet"


def no_replication() -> str:
    """Say that nothing is replicated here."""
    return "fake_postgres has no replication connections"


def invalid_option(option: str) -> str:
    """Say that a word of the startup packet's options is no option."""
    return f"invalid command-line argument for server process: {option}"


def option_without_value(option: str) -> str:
    """Say that an option names a parameter and no value."""
    return f"{option} requires a value"


def no_role(user: str) -> str:
    """Say that there is no such user."""
    return f'role "{user}" does not exist'


def no_database(name: str) -> str:
    """Say that there is no such database."""
    return f'database "{name}" does not exist'


def wrong_password(user: str) -> str:
    """Say that who connects does not know the password."""
    return f'password authentication failed for user "{user}"'


def expected_password(kind: int) -> str:
    """Say that something else came where a step of the authentication was to come."""
    return f"expected SASL response, got message type {kind}"


def unknown_mechanism() -> str:
    """Say that the client chose another way to authenticate than it was offered."""
    return "client selected an invalid SASL authentication mechanism"


def bad_scram() -> str:
    """Say that a message of SCRAM cannot be read."""
    return "malformed SCRAM message"


def bad_nonce() -> str:
    """Say that a message of SCRAM does not belong to this exchange."""
    return "invalid SCRAM response"


def scram_nonce_detail() -> str:
    """Say why."""
    return "Nonce does not match."


def scram_binding() -> str:
    """Say that channel binding needs an encrypted connection."""
    return "client requires SCRAM channel binding, but it is not supported"


def several_commands() -> str:
    """Say that a prepared statement is one statement."""
    return "cannot insert multiple commands into a prepared statement"


def syntax_error(word: str) -> str:
    """Say at which word a statement is none."""
    return f'syntax error at or near "{word}"'


def statement_exists(name: str) -> str:
    """Say that a prepared statement of this name is there already."""
    return f'prepared statement "{name}" already exists'


def no_statement(name: str) -> str:
    """Say that there is no prepared statement of this name."""
    if not name:
        return "unnamed prepared statement does not exist"
    return f'prepared statement "{name}" does not exist'


def no_portal(name: str) -> str:
    """Say that there is no portal of this name."""
    return f'portal "{name}" does not exist'


def no_cursor(name: str) -> str:
    """Say that there is no cursor of this name."""
    return f'cursor "{name}" does not exist'


def cursor_exists(name: str) -> str:
    """Say that a cursor or portal of this name is there already."""
    return f'cursor "{name}" already exists'


def cannot_be_run(name: str) -> str:
    """Say that a portal was run already."""
    return f'portal "{name}" cannot be run'


def forward_only() -> str:
    """Say that a cursor does not go back."""
    return "cursor can only scan forward"


def scroll_hint() -> str:
    """Say how to make a cursor go back."""
    return "Declare it with SCROLL option to enable backward scan."


def parameters_in_bind(given: int, name: str, needed: int) -> str:
    """Say that a Bind has too many or too few parameters."""
    return (
        f"bind message supplies {given} parameters, "
        f'but prepared statement "{name}" requires {needed}'
    )


def parameter_formats(formats: int, parameters: int) -> str:
    """Say that a Bind has another number of formats than of parameters."""
    return f"bind message has {formats} parameter formats but {parameters} parameters"


def result_formats(formats: int, columns: int) -> str:
    """Say that a Bind has another number of formats than there are columns."""
    return f"bind message has {formats} result formats but query has {columns} columns"


def unknown_format(code: int) -> str:
    """Say that a format is neither text nor binary."""
    return f"unsupported format code: {code}"


def no_parameter(number: str) -> str:
    """Say that a statement came without this parameter."""
    return f"there is no parameter ${number}"


def bound_parameter(portal: str, number: int, *, with_value: bool) -> str:
    """Say in which parameter the error is, and of which portal; a text is then shown, shortened."""
    where = f'portal "{portal}"' if portal else "unnamed portal"
    return f"{where} parameter ${number}" + (" = '...'" if with_value else "")


def trailing_bytes(number: int) -> str:
    """Say that a parameter in binary form has more bytes than its value."""
    return f"incorrect binary data format in bind parameter {number}"


def wrong_arguments(name: str) -> str:
    """Say that an EXECUTE has too many or too few arguments."""
    return f'wrong number of parameters for prepared statement "{name}"'


def wrong_arguments_detail(needed: int, given: int) -> str:
    """Say how many."""
    return f"Expected {needed} parameters but got {given}."


def argument_is_no_literal(argument: str) -> str:
    """Say that an argument of EXECUTE would have to be computed."""
    return f"fake_postgres reads only literals as arguments of EXECUTE, not {argument}"


def not_executable(name: str) -> str:
    """Say that a command of the session's own is not executed by EXECUTE."""
    return f'fake_postgres cannot EXECUTE "{name}": it is no query'


def already_in_transaction() -> str:
    """Say that a BEGIN does nothing."""
    return "there is already a transaction in progress"


def no_transaction() -> str:
    """Say that a COMMIT or ROLLBACK does nothing."""
    return "there is no transaction in progress"


def needs_block(command: str) -> str:
    """Say that a command means nothing outside a transaction block."""
    return f"{command} can only be used in transaction blocks"


def not_in_block(command: str) -> str:
    """Say that a command cannot be part of a transaction."""
    return f"{command} cannot run inside a transaction block"


def no_savepoint(name: str) -> str:
    """Say that there is no savepoint of this name."""
    return f'savepoint "{name}" does not exist'


def prepared_transactions_off() -> str:
    """Say that there is no two-phase commit."""
    return "prepared transactions are disabled"


def prepared_transactions_hint() -> str:
    """Say what turns it on in a real server."""
    return 'Set "max_prepared_transactions" to a nonzero value.'


def no_prepared_transaction(identifier: str) -> str:
    """Say that there is no such prepared transaction."""
    return f'prepared transaction with identifier "{identifier}" does not exist'


def isolation_too_late() -> str:
    """Say that the isolation level is set before the first query."""
    return "SET TRANSACTION ISOLATION LEVEL must be called before any query"


def isolation_in_savepoint() -> str:
    """Say that the isolation level is the whole transaction's."""
    return "SET TRANSACTION ISOLATION LEVEL must not be called in a subtransaction"


def deferrable_in_savepoint() -> str:
    """Say that a whole transaction is deferrable, or none of it."""
    return "SET TRANSACTION [NOT] DEFERRABLE cannot be called within a subtransaction"


def deferrable_too_late() -> str:
    """Say that a transaction is made deferrable before its first query."""
    return "SET TRANSACTION [NOT] DEFERRABLE must be called before any query"


def read_write_in_read_only() -> str:
    """Say that a transaction stays read-only once it ran something."""
    return "cannot set transaction read-write mode inside a read-only transaction"


def read_write_too_late() -> str:
    """Say that a read-only transaction cannot be made to write after its first query."""
    return "transaction read-write mode must be set before any query"


def unknown_parameter(name: str) -> str:
    """Say that there is no such run-time parameter."""
    return f'unrecognized configuration parameter "{name}"'


def cannot_change(name: str, how: str = "") -> str:
    """Say that a run-time parameter is not one to be set; `how` ends the sentence."""
    return f'parameter "{name}" cannot be {how or "changed"}'


def invalid_value(name: str, value: str) -> str:
    """Say that a run-time parameter does not take this."""
    return f'invalid value for parameter "{name}": "{value}"'


def available_values(values: Sequence[str]) -> str:
    """List what a run-time parameter takes."""
    return f"Available values: {', '.join(values)}."


def unknown_key_word(word: str) -> str:
    """Say which word of a DateStyle is none."""
    return f'Unrecognized key word: "{word}".'


def needs_boolean(name: str) -> str:
    """Say that a run-time parameter is on or off."""
    return f'parameter "{name}" requires a Boolean value'


def out_of_range(name: str, value: str, unit: str, low: str, high: str) -> str:
    """Say that a number is too small or too large for a run-time parameter."""
    unit = f" {unit}" if unit else ""
    return (
        f'{value}{unit} is outside the valid range for parameter "{name}" '
        f"({low}{unit} .. {high}{unit})"
    )


def exceeds_integers() -> str:
    """Say that a number is no 32-bit integer."""
    return "Value exceeds integer range."


def units(names: Sequence[str]) -> str:
    """List the units that a run-time parameter takes."""
    first = ", ".join(f'"{name}"' for name in names[:-1])
    return f'Valid units for this parameter are {first}, and "{names[-1]}".'


def one_value(name: str) -> str:
    """Say that a run-time parameter is no list."""
    return f"SET {name} takes only one argument"


def only_utf8(value: str) -> str:
    """Say that clients speak UTF-8 here."""
    return f"fake_postgres speaks UTF8 only, not {value}"


def empty_channel() -> str:
    """Say that a channel needs a name."""
    return "channel name cannot be empty"


def long_channel() -> str:
    """Say that the name of a channel is too long."""
    return "channel name too long"


def long_payload() -> str:
    """Say that the payload of a notification is too long."""
    return "payload string too long"


def cancelled() -> str:
    """Say that somebody asked for the statement to be cancelled."""
    return "canceling statement due to user request"


def statement_timeout() -> str:
    """Say that a statement took longer than statement_timeout."""
    return "canceling statement due to statement timeout"


def copy_failed(reason: str) -> str:
    """Say that the client gave up a COPY."""
    return f"COPY from stdin failed: {reason}"


def copying(table: str, line: int) -> str:
    """Say where in the data of a COPY an error is."""
    return f"COPY {table}, line {line}"


def unexpected_in_copy(kind: int) -> str:
    """Say that something else than data came during a COPY."""
    return f"unexpected message type 0x{kind:02X} during COPY from stdin"


def lost_synchronization() -> str:
    """Say that nobody knows any more where a message begins."""
    return "terminating connection because protocol synchronization was lost"
