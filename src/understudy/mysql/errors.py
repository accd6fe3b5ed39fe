"""The errors of MySQL and MariaDB that applications meet: code, name, SQLSTATE and text.

The texts are MySQL 8's (MySQL 8.4 Error Reference, chapters 2 and 3), those of the codes from 1900
to 1999 and of 4025 MariaDB's. MariaDB words some others differently: it names a key without its
table, and itself.
"""

from __future__ import annotations

from typing import NamedTuple

# In a text {name} is what none of the other arguments of `db_error` is for.
_TABLE = """
1007 ER_DB_CREATE_EXISTS HY000 Can't create database '{schema}'; database exists
1008 ER_DB_DROP_EXISTS HY000 Can't drop database '{schema}'; database doesn't exist
1020 ER_CHECKREAD HY000 Record has changed since last read in table '{table}'
1022 ER_DUP_KEY 23000 Can't write; duplicate key in table '{table}'
1040 ER_CON_COUNT_ERROR 08004 Too many connections
1044 ER_DBACCESS_DENIED_ERROR 42000 Access denied for user '{name}'@'%' to database '{schema}'
1045 ER_ACCESS_DENIED_ERROR 28000 Access denied for user '{name}'@'localhost' (using password: YES)
1046 ER_NO_DB_ERROR 3D000 No database selected
1048 ER_BAD_NULL_ERROR 23000 Column '{column}' cannot be null
1049 ER_BAD_DB_ERROR 42000 Unknown database '{schema}'
1050 ER_TABLE_EXISTS_ERROR 42S01 Table '{table}' already exists
1051 ER_BAD_TABLE_ERROR 42S02 Unknown table '{schema}.{table}'
1052 ER_NON_UNIQ_ERROR 23000 Column '{column}' in field list is ambiguous
1053 ER_SERVER_SHUTDOWN 08S01 Server shutdown in progress
1054 ER_BAD_FIELD_ERROR 42S22 Unknown column '{column}' in 'field list'
1060 ER_DUP_FIELDNAME 42S21 Duplicate column name '{column}'
1061 ER_DUP_KEYNAME 42000 Duplicate key name '{key}'
1062 ER_DUP_ENTRY 23000 Duplicate entry '{value}' for key '{key}'
1064 ER_PARSE_ERROR 42000 You have an error in your SQL syntax; check the manual that corresponds \
to \
your MySQL server version for the right syntax to use near '{value}' at line 1
1065 ER_EMPTY_QUERY 42000 Query was empty
1091 ER_CANT_DROP_FIELD_OR_KEY 42000 Can't DROP '{name}'; check that column/key exists
1099 ER_TABLE_NOT_LOCKED_FOR_WRITE HY000 Table '{table}' was locked with a READ lock and can't be \
updated
1100 ER_TABLE_NOT_LOCKED HY000 Table '{table}' was not locked with LOCK TABLES
1114 ER_RECORD_FILE_FULL HY000 The table '{table}' is full
1136 ER_WRONG_VALUE_COUNT_ON_ROW 21S01 Column count doesn't match value count at row 1
1142 ER_TABLEACCESS_DENIED_ERROR 42000 {name} command denied to user '{user}'@'%' for table \
'{table}'
1146 ER_NO_SUCH_TABLE 42S02 Table '{schema}.{table}' doesn't exist
1153 ER_NET_PACKET_TOO_LARGE 08S01 Got a packet bigger than 'max_allowed_packet' bytes
1158 ER_NET_READ_ERROR 08S01 Got an error reading communication packets
1159 ER_NET_READ_INTERRUPTED 08S01 Got timeout reading communication packets
1160 ER_NET_ERROR_ON_WRITE 08S01 Got an error writing communication packets
1161 ER_NET_WRITE_INTERRUPTED 08S01 Got timeout writing communication packets
1169 ER_DUP_UNIQUE 23000 Can't write, because of unique constraint, to table '{table}'
1203 ER_TOO_MANY_USER_CONNECTIONS 42000 User {name} already has more than 'max_user_connections' \
active connections
1205 ER_LOCK_WAIT_TIMEOUT HY000 Lock wait timeout exceeded; try restarting transaction
1206 ER_LOCK_TABLE_FULL HY000 The total number of locks exceeds the lock table size
1213 ER_LOCK_DEADLOCK 40001 Deadlock found when trying to get lock; try restarting transaction
1216 ER_NO_REFERENCED_ROW 23000 Cannot add or update a child row: a foreign key constraint fails
1217 ER_ROW_IS_REFERENCED 23000 Cannot delete or update a parent row: a foreign key constraint fails
1241 ER_OPERAND_COLUMNS 21000 Operand should contain 1 column(s)
1242 ER_SUBQUERY_NO_1_ROW 21000 Subquery returns more than 1 row
1264 ER_WARN_DATA_OUT_OF_RANGE 22003 Out of range value for column '{column}' at row 1
1265 WARN_DATA_TRUNCATED 01000 Data truncated for column '{column}' at row 1
1290 ER_OPTION_PREVENTS_STATEMENT HY000 The MySQL server is running with the {name} option so it \
cannot execute this statement
1292 ER_TRUNCATED_WRONG_VALUE 22007 Incorrect {datatype} value: '{value}' for column '{column}' at \
row 1
1305 ER_SP_DOES_NOT_EXIST 42000 {name} does not exist
1317 ER_QUERY_INTERRUPTED 70100 Query execution was interrupted
1364 ER_NO_DEFAULT_FOR_FIELD HY000 Field '{column}' doesn't have a default value
1365 ER_DIVISION_BY_ZERO 22012 Division by 0
1366 ER_TRUNCATED_WRONG_VALUE_FOR_FIELD HY000 Incorrect {datatype} value: '{value}' for column \
'{column}' at row 1
1390 ER_PS_MANY_PARAM HY000 Prepared statement contains too many placeholders
1406 ER_DATA_TOO_LONG 22001 Data too long for column '{column}' at row 1
1412 ER_TABLE_DEF_CHANGED HY000 Table definition has changed, please retry transaction
1451 ER_ROW_IS_REFERENCED_2 23000 Cannot delete or update a parent row: a foreign key constraint \
fails ({detail})
1452 ER_NO_REFERENCED_ROW_2 23000 Cannot add or update a child row: a foreign key constraint fails \
({detail})
1568 ER_CANT_CHANGE_TX_CHARACTERISTICS 25001 Transaction characteristics can't be changed while a \
transaction is in progress
1615 ER_NEED_REPREPARE HY000 Prepared statement needs to be re-prepared
1637 ER_TOO_MANY_CONCURRENT_TRXS HY000 Too many active concurrent transactions
1644 ER_SIGNAL_EXCEPTION 45000 {message}
1690 ER_DATA_OUT_OF_RANGE 22003 {datatype} value is out of range in '{value}'
1792 ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION 25006 Cannot execute statement in a READ ONLY \
transaction.
1836 ER_READ_ONLY_MODE HY000 Running in read-only mode
1927 ER_CONNECTION_KILLED 70100 Connection was killed
1969 ER_STATEMENT_TIMEOUT 70100 Query execution was interrupted (max_statement_time exceeded)
2003 CR_CONN_HOST_ERROR HY000 Can't connect to MySQL server on '{name}'
2006 CR_SERVER_GONE_ERROR HY000 MySQL server has gone away
2013 CR_SERVER_LOST HY000 Lost connection to MySQL server during query
3024 ER_QUERY_TIMEOUT HY000 Query execution was interrupted, maximum statement execution time \
exceeded
3140 ER_INVALID_JSON_TEXT 22032 Invalid JSON text: "{detail}" at position 0 in value for column \
'{table}.{column}'.
3572 ER_LOCK_NOWAIT HY000 Statement aborted because lock(s) could not be acquired immediately and \
NOWAIT is set.
3819 ER_CHECK_CONSTRAINT_VIOLATED HY000 Check constraint '{constraint}' is violated.
4025 ER_CONSTRAINT_FAILED 23000 CONSTRAINT `{constraint}` failed for `{schema}`.`{table}`
4031 ER_CLIENT_INTERACTION_TIMEOUT HY000 The client was disconnected by the server because of \
inactivity. See wait_timeout and interactive_timeout for configuring this behavior.
"""
# After these the server closes the connection.
_FATAL = frozenset([1040, 1053, 1153, 1159, 1161, 1927, 4031])


class State(NamedTuple):
    """What is known of an error.

    Attributes:
        code: its number.
        name: as the reference has it.
        sqlstate: five characters.
        text: with {fields}.
    """

    code: int
    name: str
    sqlstate: str
    text: str

    @property
    def is_fatal(self) -> bool:
        """Whether the server closes the connection."""
        return self.code in _FATAL


def _states() -> dict[int, State]:
    lines = (line.split(" ", 3) for line in _TABLE.strip().splitlines())
    return {int(code): State(int(code), name, state, text) for code, name, state, text in lines}


STATES = _states()
CODES = {state.name: state.code for state in STATES.values()}


def is_client(code: int) -> bool:
    """Return whether a driver raises an error with this code on its own: no server sends it."""
    return 2000 <= code < 3000  # the reference's range of client errors
