"""Rules for the statements of real drivers of MySQL."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal, Self

from understudy.fake_mysql.scripted_errors import fields_of
from understudy.mysql.errors import is_client
from understudy.script import answers
from understudy.script.failures import ScriptError
from understudy.script.formatting import shown
from understudy.script.mysql_rules import MysqlRule


class ServerRule(MysqlRule):
    """A rule for statements of a real driver."""

    def raises(
        self, error: BaseException | type[BaseException], *, after: Iterable[Any] = ()
    ) -> Self:
        """Answer with an error of the server, of which the driver makes its own exception.

        Args:
            error: what `db_error` returns for any driver of MySQL, or a driver's own exception with
                the code and the text of an error.
            after: the rows that the client gets before it.

        Raises:
            ScriptError: no server sends such an error.
        """
        read = answers.read_error(error)
        fields = fields_of(error)
        if fields is None or is_client(fields.code):
            raise ScriptError(
                f"raises({shown(error)}): no MySQL server sends this, and only what a server sends "
                "reaches the driver.\n"
                "An error of the database is raises(db_error(1062, key=...)); a lost connection is "
                "drops(); for a time-out let the answer come late, delay(...), or never, hangs()."
            )
        read.after = answers.read_rows((list(after),))
        return self._add(read)

    def warns(
        self, code: int, text: str, *, level: Literal["Note", "Warning", "Error"] = "Warning"
    ) -> Self:
        """Let the last answer come with a warning, which SHOW WARNINGS tells.

        Args:
            code: its number, such as 1265.
            text: its text.
            level: how severe it is.

        Raises:
            ScriptError: the last answer is neither rows nor `affected`.
        """
        if not self.answers:
            self._add(answers.Rows())
        outcome = self.answers[-1].outcome
        if not isinstance(outcome, answers.Rows):
            raise ScriptError("warns() goes with an answer of rows, or with affected()")
        outcome.warnings = (*outcome.warnings, (level, code, text))
        return self
